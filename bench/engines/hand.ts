import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Engine, Summary } from '../work.ts';
import { add, increment, isEven } from '../work.ts';

/** The loop one would write instead of using a library. */
export const engine: Engine = {
  name: 'hand-written loop',
  version: process.version,
  works: {
    emitMany: ({ values }) => ({
      loop: () => {
        // Locals stay in registers: the fastest this can be written.
        let count = 0;
        let state = 0;
        for (let i = 0; i < values.length; i++) {
          const x = increment(values[i]!);
          if (!isEven(x)) continue;
          state = add(state, x);
          count++;
        }
        return { count, last: state };
      },
    }),

    recordSums: ({ path }) => ({
      'readline, JSON.parse': async () => {
        const totals = new Map<string, number>();
        for await (const line of createInterface({ input: createReadStream(path) })) {
          const { key, value } = JSON.parse(line) as { key: string; value: number };
          totals.set(key, (totals.get(key) ?? 0) + value);
        }
        return totals;
      },
      'split, JSON.parse': () => {
        const totals = new Map<string, number>();
        for (const line of readFileSync(path, 'utf8').split('\n')) {
          if (line === '') continue;
          const { key, value } = JSON.parse(line) as { key: string; value: number };
          totals.set(key, (totals.get(key) ?? 0) + value);
        }
        return totals;
      },
    }),

    wordCount: ({ words }) => ({
      Map: () => {
        const counts = new Map<string, number>();
        for (let i = 0; i < words.length; i++) {
          const word = words[i]!;
          counts.set(word, (counts.get(word) ?? 0) + 1);
        }
        return counts;
      },
    }),

    rolling: ({ values, n, aggregate, whole }) => {
      const out = new Float64Array(values.length - n + 1);
      const fill = {
        mean: rollingMean,
        std: rollingStd,
        min: rollingMin,
        max: rollingMax,
        median: rollingMedian,
      }[aggregate];
      return {
        loop: () => {
          fill(values, n, out);
          return { rows: out.length, values: whole ? out : out.subarray(out.length - 1) };
        },
      };
    },

    groupMean: ({ names, ids, values }) => ({
      'typed arrays': () => {
        const sums = new Float64Array(names.length);
        const counts = new Float64Array(names.length);
        for (let i = 0; i < ids.length; i++) {
          const id = ids[i]!;
          sums[id]! += values[i]!;
          counts[id]! += 1;
        }
        return new Map(names.map((name, id) => [name, sums[id]! / counts[id]!]));
      },
    }),

    recordMean: ({ rows }) => ({
      Map: () => {
        const groups = new Map<string, { sum: number; count: number }>();
        for (let i = 0; i < rows.length; i++) {
          const { key, value } = rows[i]!;
          const group = groups.get(key);
          if (group === undefined) groups.set(key, { sum: value, count: 1 });
          else {
            group.sum += value;
            group.count++;
          }
        }
        return Array.from(groups, ([key, { sum, count }]) => [key, sum / count]);
      },
    }),

    zipColumns: ({ a, b, whole }) => {
      const out = new Float64Array(a.length);
      return {
        loop: () => {
          for (let i = 0; i < out.length; i++) out[i] = a[i]! + b[i]!;
          return { rows: out.length, values: whole ? out : out.subarray(-1) };
        },
      };
    },

    summary: ({ values, times }) => ({
      loop: () => {
        let total = 0;
        let min = Number.POSITIVE_INFINITY;
        let max = Number.NEGATIVE_INFINITY;
        for (let time = 0; time < times; time++) {
          for (let i = 0; i < values.length; i++) {
            const x = values[i]!;
            total += x;
            if (x < min) min = x;
            if (x > max) max = x;
          }
        }
        const answer: Summary = { sum: total, mean: total / (values.length * times), min, max };
        return answer;
      },
    }),

    expression: ({ values, times, above }) => ({
      loop: () => {
        let total = 0;
        for (let time = 0; time < times; time++) {
          for (let i = 0; i < values.length; i++) {
            const y = values[i]! * 2 + 1;
            if (y > above) total += y;
          }
        }
        return total;
      },
    }),

    valueCounts: ({ values, times }) => ({
      Map: () => {
        const counts = new Map<number, number>();
        for (let time = 0; time < times; time++) {
          for (let i = 0; i < values.length; i++) {
            const x = values[i]!;
            counts.set(x, (counts.get(x) ?? 0) + 1);
          }
        }
        return counts;
      },
    }),

    byteWords: ({ text }) => ({
      'toString().split → Map': () => {
        const counts = new Map<string, number>();
        const all = Buffer.from(text.buffer, text.byteOffset, text.length).toString().split(' ');
        for (let i = 0; i < all.length; i++) {
          const word = all[i]!;
          counts.set(word, (counts.get(word) ?? 0) + 1);
        }
        return counts;
      },
    }),

    copy: ({ values }) => {
      const out = new Float64Array(values.length).fill(1);
      return {
        set: () => {
          out.set(values);
          return out[out.length - 1]!;
        },
      };
    },
  },
};

function rollingMean(values: Float64Array, n: number, out: Float64Array): void {
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    total += values[i]!;
    if (i >= n) total -= values[i - n]!;
    if (i >= n - 1) out[i - n + 1] = total / n;
  }
}

function rollingStd(values: Float64Array, n: number, out: Float64Array): void {
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (i < n) {
      const delta = x - mean;
      mean += delta / (i + 1);
      squares += delta * (x - mean);
    } else {
      const old = values[i - n]!;
      const before = mean;
      mean += (x - old) / n;
      squares += (x - old) * (x - mean + old - before);
    }
    if (i >= n - 1) out[i - n + 1] = Math.sqrt(squares / (n - 1));
  }
}

function rollingMin(values: Float64Array, n: number, out: Float64Array): void {
  // Positions of candidates, their values rising: the first one is the minimum of the window.
  const queue = new Int32Array(n + 1);
  let head = 0;
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    while (size > 0 && values[queue[(head + size - 1) % (n + 1)]!]! >= x) size--;
    queue[(head + size++) % (n + 1)] = i;
    if (queue[head]! <= i - n) {
      head = (head + 1) % (n + 1);
      size--;
    }
    if (i >= n - 1) out[i - n + 1] = values[queue[head]!]!;
  }
}

function rollingMax(values: Float64Array, n: number, out: Float64Array): void {
  const queue = new Int32Array(n + 1);
  let head = 0;
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    while (size > 0 && values[queue[(head + size - 1) % (n + 1)]!]! <= x) size--;
    queue[(head + size++) % (n + 1)] = i;
    if (queue[head]! <= i - n) {
      head = (head + 1) % (n + 1);
      size--;
    }
    if (i >= n - 1) out[i - n + 1] = values[queue[head]!]!;
  }
}

/** A sorted window: binary search, and what lies between the old place and the new moved by one. */
function rollingMedian(values: Float64Array, n: number, out: Float64Array): void {
  const sorted = values.slice(0, n).sort();
  const [low, high] = [Math.ceil(n / 2) - 1, Math.floor(n / 2)];
  out[0] = (sorted[low]! + sorted[high]!) / 2;
  for (let i = n; i < values.length; i++) {
    const from = firstFrom(sorted, values[i - n]!);
    const to = firstFrom(sorted, values[i]!);
    if (from < to) {
      sorted.copyWithin(from, from + 1, to);
      sorted[to - 1] = values[i]!;
    } else {
      sorted.copyWithin(to + 1, to, from);
      sorted[to] = values[i]!;
    }
    out[i - n + 1] = (sorted[low]! + sorted[high]!) / 2;
  }
}

/** The place of the first value that is at least `x`. */
function firstFrom(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
