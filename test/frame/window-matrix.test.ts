import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, DataFrame, type Table } from '../../src/index.ts';
import * as naive from './naive.ts';
import { close } from './random.ts';

/**
 * Every way to look at rows together, by groups or not, in order of time or not, and every aggregate of
 * it: each combination gives what the obvious loop gives, or is refused when it is built.
 */

const SCHEMA = { at: 'timestamp', k: 'utf8', x: 'f64' } as const;
interface Row {
  readonly at: number;
  readonly k: string | null;
  readonly x: number | null;
}
/** Rows that are looked at together, and what stands before the aggregate of them. */
interface Window {
  readonly head: readonly unknown[];
  readonly rows: readonly Row[];
}

const N = 3;
const SPAN = 6;
const LATENESS = 4;
const span = { milliseconds: SPAN };

type Values = readonly (number | null)[];
const there = (values: Values) => values.filter((value): value is number => value !== null);

const aggregates: Readonly<Record<string, (values: Values) => unknown>> = {
  sum: naive.sum,
  mean: naive.mean,
  min: naive.min,
  max: naive.max,
  median: (values) => naive.quantile(values),
  quantile: (values) => naive.quantile(values, 0.3),
  var: (values) => naive.variance(values),
  std: (values) => {
    const variance = naive.variance(values);
    return variance === null ? null : Math.sqrt(variance);
  },
  count: naive.count,
  size: (values) => values.length,
  first: (values) => there(values)[0] ?? null,
  last: (values) => there(values).at(-1) ?? null,
  nunique: (values) => new Set(there(values)).size,
};

/** What a function of the user's makes of the values that are there. */
const applied = (values: ArrayLike<number>) =>
  Array.from(values).reduce<number>((all, value, i) => all + (i + 1) * value, values.length);
/** The same, of values that may come piece by piece. */
const collected = {
  initial: (): number[] => [],
  onNew: (state: number[], rows: Column) => [...state, ...there(rows.toArray() as Values)],
  result: (state: number[]) => applied(state),
};

type Frame = DataFrame<typeof SCHEMA>;
interface Way {
  /** The windows of rows, of which `ends` are the numbers of rows after each batch. */
  readonly windows: (rows: readonly Row[], ends: readonly number[]) => Window[];
  readonly build: (frame: Frame, lateness?: number) => unknown;
  /** Only the last result of a run is compared: it has one for each batch that released rows. */
  readonly onlyLast?: boolean;
  /** What is refused, and why. */
  readonly refused?: Readonly<Record<string, RegExp>>;
  readonly timed?: boolean;
}

const lastRows = (rows: readonly Row[], end: number, n = N) =>
  rows.slice(Math.max(0, end - n), end);
const lastSpan = (rows: readonly Row[], end: number) =>
  rows.slice(0, end).filter(({ at }) => at > rows[end - 1]!.at - SPAN);
const plain = (rows: readonly Row[]): Window => ({ head: [], rows });
const places = (rows: readonly Row[]) => rows.map((_, i) => i + 1);
const sameKey = (rows: readonly Row[], end: number) =>
  rows.slice(0, end).filter(({ k }) => k === rows[end - 1]!.k);

/** The groups of the rows that `windowOf` gives after each batch, in the order in which they began. */
function grouped(
  rows: readonly Row[],
  ends: readonly number[],
  windowOf: (end: number) => readonly Row[],
): Window[] {
  let keys: (string | null)[] = [];
  return ends.flatMap((end, i) => {
    for (let row = (ends[i - 1] ?? 0) + 1; row <= end; row++) {
      const window = windowOf(row);
      const key = rows[row - 1]!.k;
      if (!keys.includes(key)) keys.push(key);
      keys = keys.filter((k) => window.some((other) => other.k === k));
    }
    const window = end === 0 ? [] : windowOf(end);
    return keys.map((k) => ({ head: [k], rows: window.filter((row) => row.k === k) }));
  });
}

/** Partitions of a span of time, and the rows that were not too late for theirs. */
function partitions(rows: readonly Row[]): Window[] {
  const out: { head: unknown[]; rows: Row[] }[] = [];
  for (const row of rows) {
    const start = Math.floor(row.at / SPAN) * SPAN;
    const open = out.at(-1);
    if (open === undefined || start > (open.head[0] as number)) {
      out.push({ head: [start], rows: [row] });
    } else if (start === open.head[0]) open.rows.push(row);
  }
  return out;
}

const ofWindows = /values are counted in window\(\), partitions by time, groups and over all rows/;
const allRows = /it is for windows and partitions, which end, not for all rows so far/;

const ways: Readonly<Record<string, Way>> = {
  'rolling(n)': {
    windows: (rows) => places(rows).map((end) => plain(lastRows(rows, end))),
    build: (frame) => frame.x.rolling(N, { minPeriods: 0 }),
    refused: { valueCounts: ofWindows },
  },
  'rolling(span)': {
    windows: (rows) => places(rows).map((end) => plain(lastSpan(rows, end))),
    build: (frame, lateness) => frame.x.rolling(span, { minPeriods: 0, ...late(lateness) }),
    refused: { valueCounts: ofWindows },
    timed: true,
  },
  'groupBy.rolling(n)': {
    windows: (rows) => places(rows).map((end) => plain(sameKey(rows, end).slice(-N))),
    build: (frame) => frame.groupBy('k').rolling(N, { minPeriods: 0 }).x,
    refused: { valueCounts: ofWindows },
  },
  'groupBy.rolling(span)': {
    windows: (rows) =>
      places(rows).map((end) => {
        const own = sameKey(rows, end);
        return plain(lastSpan(own, own.length));
      }),
    build: (frame, lateness) =>
      frame.groupBy('k').x.rolling(span, { minPeriods: 0, ...late(lateness) }),
    refused: { valueCounts: ofWindows },
    timed: true,
  },
  'slidingWindow(n)': {
    windows: (rows) =>
      places(rows)
        .filter((end) => end >= N)
        .map((end) => plain(lastRows(rows, end))),
    build: (frame) => frame.x.slidingWindow(N),
    refused: { valueCounts: ofWindows },
  },
  'slidingWindow(n, { step, returnPartial })': {
    windows: (rows) =>
      places(rows)
        .filter((end) => (end - N) % 2 === 0)
        .map((end) => plain(lastRows(rows, end))),
    build: (frame) => frame.x.slidingWindow(N, { step: 2, returnPartial: true }),
    refused: { valueCounts: ofWindows },
  },
  'partition(n)': {
    windows: (rows) =>
      places(rows)
        .filter((end) => end % N === 0)
        .map((end) => plain(lastRows(rows, end))),
    build: (frame) => frame.x.partition(N),
    refused: { valueCounts: ofWindows },
  },
  'partition(span)': {
    windows: partitions,
    build: (frame, lateness) => frame.partition(span, { on: 'at', ...late(lateness) }).x,
    timed: true,
  },
  'partition(span) of a series': {
    windows: partitions,
    build: (frame, lateness) => frame.x.partition(span, { on: frame.at, ...late(lateness) }),
    timed: true,
  },
  'partition(span).groupBy': {
    windows: (rows) =>
      partitions(rows).flatMap(({ head, rows }) =>
        [...new Set(rows.map(({ k }) => k))].map((k) => ({
          head: [...head, k],
          rows: rows.filter((row) => row.k === k),
        })),
      ),
    build: (frame, lateness) => {
      // A key by name and one that is computed are the same.
      const key = lateness === undefined ? 'k' : frame.k.concat('').rename('k');
      return frame.partition(span, { on: 'at', ...late(lateness) }).groupBy(key).x;
    },
    timed: true,
  },
  'window({ n })': {
    windows: (rows, ends) => ends.map((end) => plain(lastRows(rows, end))),
    build: (frame) => frame.x.window({ n: N }),
    onlyLast: true,
  },
  'window({ value })': {
    windows: (rows, ends) => ends.map((end) => plain(end === 0 ? [] : lastSpan(rows, end))),
    build: (frame, lateness) => frame.x.window({ value: span, ...late(lateness) }),
    onlyLast: true,
    timed: true,
  },
  'window({ n }).groupBy': {
    windows: (rows, ends) => grouped(rows, ends, (end) => lastRows(rows, end)),
    build: (frame) => frame.window({ n: N }).groupBy('k').x,
    onlyLast: true,
  },
  'window({ value }).groupBy': {
    windows: (rows, ends) => grouped(rows, ends, (end) => lastSpan(rows, end)),
    build: (frame, lateness) => {
      const key = lateness === undefined ? 'k' : frame.k.concat('').rename('k');
      return frame.window({ value: span, ...late(lateness) }).groupBy(key).x;
    },
    onlyLast: true,
    timed: true,
  },
  'expanding()': {
    windows: (rows, ends) => ends.map((end) => plain(rows.slice(0, end))),
    build: (frame) => frame.x.expanding(),
    onlyLast: true,
    refused: { apply: allRows },
  },
  'groupBy()': {
    windows: (rows, ends) => grouped(rows, ends, (end) => rows.slice(0, end)),
    build: (frame) => frame.groupBy('k').x,
    onlyLast: true,
    refused: { apply: allRows },
  },
};

const late = (lateness: number | undefined) => (lateness === undefined ? {} : { lateness });

/** The rows in order of time, those that came too late left out. */
function inOrder(rows: readonly Row[]): Row[] {
  let mark = Number.NEGATIVE_INFINITY;
  const kept = rows.filter(({ at }) => {
    if (at < mark) return false;
    mark = Math.max(mark, at - LATENESS);
    return true;
  });
  return kept.sort((a, b) => a.at - b.at);
}

type Methods = Record<string, (...args: unknown[]) => { sinkToList(): unknown[] }>;

/** What came out, as rows of values. */
function rowsOf(results: readonly unknown[]): unknown[][] {
  return results.flatMap((result) => {
    if (typeof result !== 'object' || result === null) return [[result]];
    if (Array.isArray(result)) return result.map((row) => Object.values(row) as unknown[]);
    if ('numRows' in result) {
      return (result as Table).toRows().map((row) => Object.values(row) as unknown[]);
    }
    return (result as Column).toArray().map((value) => [value]);
  });
}

function expectRows(what: string, actual: unknown[][], expected: unknown[][]) {
  expect([what, actual.length]).toEqual([what, expected.length]);
  actual.forEach((row, i) => {
    const want = expected[i]!;
    if (!(row.length === want.length && row.every((value, c) => close(value, want[c])))) {
      expect({ what, i, row }).toEqual({ what, i, row: want });
    }
  });
}

const value = fc.constantFrom(null, 0, -0, 1, 2.5, -3, 7, 1e9, 1e9 + 1, Number.NaN, Infinity);
const given = fc.array(
  fc.array(
    fc.record({
      gap: fc.constantFrom(0, 0, 1, 2, 3, 9),
      back: fc.nat(7),
      k: fc.constantFrom('a', 'b', '', null),
      x: value,
    }),
    { minLength: 1, maxLength: 6 },
  ),
  { maxLength: 6 },
);

const cases = Object.entries(ways).flatMap(([name, way]) =>
  (way.timed ? [undefined, LATENESS] : [undefined]).map((lateness) => ({
    name: lateness === undefined ? name : `${name} with lateness`,
    way,
    lateness,
  })),
);

describe('every window, by group or not, with every aggregate', () => {
  it.each(cases)('$name', ({ way, lateness }) => {
    fc.assert(
      fc.property(given, (input) => {
        let at = 60;
        const batches = input.map((batch) =>
          batch.map(({ gap, back, k, x }): Row => {
            at += gap;
            return { at: lateness === undefined ? at : at - back, k, x };
          }),
        );
        const frame = new DataFrame(SCHEMA);
        const seen = new Map<string, unknown[]>();
        for (const name of Object.keys(aggregates)) {
          const made = way.build(frame, lateness) as Methods;
          seen.set(name, (name === 'quantile' ? made.quantile!(0.3) : made[name]!()).sinkToList());
        }
        if (way.refused?.apply === undefined) {
          const made = way.build(frame, lateness) as Methods;
          seen.set('apply', made.apply!(applied).sinkToList());
        }
        if (way.refused?.aggregate === undefined) {
          const made = way.build(frame, lateness) as Methods;
          seen.set('aggregate', made.aggregate!(collected).sinkToList());
        }
        const ends: number[] = [];
        for (const batch of batches) {
          frame.emit(batch);
          ends.push((ends.at(-1) ?? 0) + batch.length);
        }
        frame.end();
        const rows = lateness === undefined ? batches.flat() : inOrder(batches.flat());
        const isLast = way.onlyLast === true && lateness !== undefined;
        const windows = way.windows(rows, isLast ? [rows.length] : ends);
        for (const [name, results] of seen) {
          const expected = windows.map(({ head, rows }) => {
            const values = rows.map(({ x }) => x);
            const f = aggregates[name] ?? ((values: Values) => applied(there(values)));
            return [...head, f(values)];
          });
          // Of windows the last batch alone is known: the others depend on what has waited.
          if (isLast) {
            if (rows.length > 0) expectRows(name, rowsOf(results.slice(-1)), expected);
          } else expectRows(name, rowsOf(results), expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  it.each(cases.filter(({ way }) => way.refused))(
    '$name refuses the others',
    ({ way, lateness }) => {
      for (const [name, why] of Object.entries(way.refused ?? {})) {
        const made = way.build(new DataFrame(SCHEMA), lateness) as Methods;
        expect(() => made[name]!(name === 'apply' ? applied : {}), name).toThrow(why);
      }
    },
  );

  it('what has no times takes no lateness, and what has no groups says so', () => {
    const frame = new DataFrame(SCHEMA);
    const builds: ((lateness: object) => unknown)[] = [
      (lateness) => frame.rolling(3, lateness),
      (lateness) => frame.x.rolling(3, lateness),
      (lateness) => frame.groupBy('k').rolling(3, lateness),
      (lateness) => frame.window({ n: 3, ...lateness } as never),
      (lateness) => frame.x.window({ n: 3, ...lateness } as never),
      (lateness) => frame.slidingWindow(3, lateness as never),
    ];
    for (const build of builds) {
      expect(() => build({ lateness: 1 })).toThrow(/unknown option 'lateness', expected /);
    }
    const wanted = /Cannot create slidingWindow: n must be a positive integer, got '3s'/;
    expect(() => frame.slidingWindow('3s' as never)).toThrow(wanted);
    for (const way of ['rolling', 'slidingWindow', 'partition'] as const) {
      expect('groupBy' in frame[way](3)).toBe(false);
    }
  });
});
