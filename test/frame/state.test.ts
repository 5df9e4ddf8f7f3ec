import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnNode } from '../../src/frame/column-node.ts';
import { decodePlain, encodePlain } from '../../src/frame/state/plain-data.ts';
import { DataFrame, type Scalar, Series } from '../../src/index.ts';
import { batches, number } from './random.ts';

const label = fc.option(fc.constantFrom('a', 'b', 'ä'));
const quotes = fc.record({
  k: label,
  x: number,
  n: fc.option(fc.integer()),
  ok: fc.option(fc.boolean()),
});
const orders = fc.record({ j: label, k: label, y: number });

type Batches<T> = readonly T[][];
type Sides = { left: Batches<unknown>; right: Batches<unknown>; cut: number };

/** Graphs with two sources, what comes out of them, and any of their columns to ask for a snapshot. */
interface Graphs {
  left: { emit(rows: never): unknown };
  right: { emit(rows: never): unknown };
  asked: ColumnNode<unknown>;
  restored: ColumnNode<unknown>;
  seen: unknown[];
}

function feed({ left, right }: Graphs, batches: readonly (readonly [unknown, unknown])[]): void {
  for (const [mine, theirs] of batches) {
    if (theirs !== undefined) right.emit(theirs as never);
    if (mine !== undefined) left.emit(mine as never);
  }
}

/** Whether graphs that are put back in the middle go on as graphs that never stopped. */
function goOn(build: () => Graphs, { left, right, cut }: Sides): void {
  const length = Math.max(left.length, right.length);
  const both = Array.from({ length }, (_, i) => [left[i], right[i]] as const);
  const whole = build();
  feed(whole, both.slice(0, cut));
  const snapshot = whole.asked.snapshot();
  const after = build();
  after.restored.restore(snapshot);
  expect(after.asked.snapshot()).toEqual(snapshot);
  whole.seen.length = 0;
  feed(whole, both.slice(cut));
  feed(after, both.slice(cut));
  expect(after.seen).toEqual(whole.seen);
}

const collect = (columns: ColumnNode<Iterable<unknown>>) => {
  const seen: unknown[] = [];
  columns.sink((rows: Iterable<unknown>) => seen.push(...rows));
  return seen;
};

/** As times: the rows' places in all batches, and none twice. */
function timed<T>(given: Batches<T>, step: number): (T & { at: number })[][] {
  let at = 0;
  const next = () => {
    at += step;
    return at;
  };
  return given.map((rows) => rows.map((row) => ({ ...row, at: next() })));
}

const sides = fc.record({ left: batches(quotes), right: batches(orders), cut: fc.nat(6) });

describe('snapshots of several plans', () => {
  it('hold the rows that wait in a zip', () => {
    const build = (): Graphs => {
      const left = new DataFrame({ k: 'utf8', x: 'f64', n: 'i64', ok: 'bool' });
      const right = new DataFrame({ j: 'utf8', y: 'f64' });
      const both = left.zip(right);
      return { left, right, asked: both.x, restored: right, seen: collect(both) };
    };
    fc.assert(fc.property(sides, (given) => goOn(build, given)));
  });

  it('hold the last rows by key of joinLatest, and a group-by before it and one behind it', () => {
    const build = (): Graphs => {
      const left = new DataFrame({ k: 'utf8', x: 'f64' });
      const right = new DataFrame({ k: 'utf8', y: 'f64' });
      const joined = left.joinLatest(right.groupBy('k').y.max(), { on: 'k' });
      const seen = collect(joined.groupBy('k').agg({ y: ['first', 'last'], x: 'count' }));
      return { left, right, asked: right, restored: joined, seen };
    };
    fc.assert(fc.property(sides, (given) => goOn(build, given)));
  });

  it('hold what waits in asofJoin, and what is near', () => {
    const build = (): Graphs => {
      const left = new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' });
      const right = new DataFrame({ at: 'timestamp', k: 'utf8', y: 'f64' });
      const joined = left.asofJoin(right, { on: 'at', by: 'k', tolerance: 20 });
      return { left, right, asked: left, restored: joined, seen: collect(joined) };
    };
    const steps = fc.record({
      mine: fc.integer({ min: 1, max: 4 }),
      theirs: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(sides, steps, ({ left, right, cut }, { mine, theirs }) =>
        goOn(build, {
          left: timed(left as Batches<object>, mine),
          right: timed(right as Batches<object>, theirs),
          cut,
        }),
      ),
    );
  });

  it('hold windows of apply, what map feeds, and aggregates of your own', () => {
    const counting = {
      initial: () => ({ rows: 0, seen: new Map<string, bigint>() }),
      onNew: (
        state: { rows: number; seen: Map<string, bigint> },
        rows: Iterable<unknown> & { length: number },
      ) => {
        const seen = new Map(state.seen);
        for (const value of rows) seen.set(String(value), (seen.get(String(value)) ?? 0n) + 1n);
        return { rows: state.rows + rows.length, seen };
      },
    };
    const build = (): Graphs => {
      const left = new DataFrame({ k: 'utf8', x: 'f64', n: 'i64', ok: 'bool' });
      const right = new DataFrame({ y: 'f64' });
      const seen: unknown[] = [];
      const keep = (name: string) => (value: unknown) =>
        void seen.push([name, structuredClone(value)]);
      left.x
        .rolling(3, { minPeriods: 1 })
        .apply((v) => v.length)
        .cumsum()
        .sink((c) => seen.push(...c));
      left.k
        .partition(4)
        .apply((v) => v.join(), { type: 'utf8' })
        .sink((c) => seen.push(...c));
      const doubled = left.n.map((n) => Number(n) * 2, 'f64');
      doubled
        .rolling(4)
        .median()
        .sink((c) => seen.push(...c));
      right.y.aggregate(counting).sink(keep('running'));
      const sums = { initial: () => 0, onNew: (n: number, c: { length: number }) => n + c.length };
      left.ok.window({ n: 5 }).aggregate(sums).sink(keep('again'));
      left.ok
        .window({ n: 5 })
        .aggregate({ ...sums, merge: (a, b) => a + b })
        .sink(keep('merged'));
      left.ok
        .window({ n: 5 })
        .aggregate({ ...sums, onOld: (n, c) => n - c.length })
        .sink(keep('taken'));
      // One graph, so that one snapshot has all.
      left.zip(right).sink(() => {});
      return { left, right, asked: doubled, restored: left, seen };
    };
    fc.assert(fc.property(sides, (given) => goOn(build, given)));
  });

  it('take the form of a state that the user gives it', () => {
    class Total {
      value = 0;
    }
    const build = () => {
      const prices = new Series('f64');
      const totals = prices.aggregate({
        initial: () => new Total(),
        onNew: (total, rows) => {
          for (const value of rows.values) total.value += value;
          return total;
        },
        result: (total) => total.value,
        save: ({ value }) => ({ value }),
        load: (data) => Object.assign(new Total(), data),
      });
      return { prices, seen: totals.sinkToList() };
    };
    const before = build();
    before.prices.emit([1, 2]);
    const after = build();
    after.prices.restore(before.prices.snapshot());
    after.prices.emit([3]);
    expect(after.seen).toEqual([6]);
  });

  it('refuse a state that is no plain data, and say where it is', () => {
    const prices = new Series('f64');
    const aggregation = { initial: () => ({ parts: [1, () => 2] }), onNew: <T>(state: T) => state };
    prices.aggregate(aggregation).sink(() => {});
    prices.emit([1]);
    expect(() => prices.snapshot()).toThrow(
      expect.objectContaining({
        code: 'ERR_NOT_SERIALIZABLE',
        message: expect.stringContaining('data.state.parts[1] is a function'),
      }),
    );
  });

  it('are refused where plans or operators differ, and change nothing then', () => {
    const build = (twice: boolean) => {
      const a = new Series('f64', { name: 'a' });
      const b = new Series('f64', { name: 'b' });
      const sums = a.zip(b).sinkToList();
      if (twice) a.map((x) => x, 'f64').sink(() => {});
      return { a, b, sums };
    };
    const one = build(false);
    const two = build(true);
    const code = (name: string) => expect.objectContaining({ code: name });
    one.a.emit([1, 2]);
    expect(() => one.a.restore(two.a.snapshot())).toThrow(code('ERR_CORRUPT_SNAPSHOT'));
    const other = new DataFrame({ a: 'f64' });
    other.joinLatest(new DataFrame({ b: 'f64' })).sink(() => {});
    expect(() => one.a.restore(other.snapshot())).toThrow(code('ERR_CORRUPT_STATE'));
    const bytes = one.a.snapshot();
    bytes[bytes.length - 1]! ^= 1;
    expect(() => one.a.restore(bytes)).toThrow(code('ERR_CORRUPT_SNAPSHOT'));
    one.b.emit([3]);
    expect(one.sums[0]?.toRows()).toEqual([{ a: 1, b: 3 }]);
  });
});

describe('data as bytes', () => {
  const key = fc.string();
  const leaf = fc.oneof(
    fc.constantFrom(null, undefined, true, false, Number.NaN, -0, Infinity, '\ud800', '😀'),
    fc.double(),
    fc.string(),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.float64Array(),
    fc.int8Array(),
    fc.bigInt64Array(),
  );
  const { data } = fc.letrec((tie) => ({
    data: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('data')),
      fc.dictionary(key, tie('data')),
      fc.array(fc.tuple(key, tie('data'))).map((entries) => new Map(entries)),
      fc.array(tie('data')).map((items) => new Set(items)),
    ),
  }));

  it('come back as they were', () => {
    fc.assert(
      fc.property(data, (value) => {
        const bytes = encodePlain(value);
        expect(decodePlain(bytes)).toEqual(value);
        expect(encodePlain(decodePlain(bytes))).toEqual(bytes);
      }),
    );
  });

  it('never do more than throw an error for bytes that are none', () => {
    fc.assert(
      fc.property(data, fc.nat(), fc.nat(255), fc.nat(), (value, at, byte, length) => {
        const bytes = encodePlain(value);
        bytes[at % bytes.length] = byte;
        try {
          decodePlain(bytes.subarray(0, length % (bytes.length + 1)));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe('destroy()', () => {
  it('ends the sinks of a graph and what it alone feeds, and leaves the others', () => {
    const a = new Series('f64', { name: 'a' });
    const b = new Series('f64', { name: 'b' });
    let calls = 0;
    const mapped = a.map((x) => {
      calls++;
      return x;
    }, 'f64');
    const zipped = a.zip(b);
    const seen = [a.mean(), mapped.sum(), zipped.sum(), b.max()].map((one) =>
      (one as Scalar<'f64'>).sinkToList(),
    );
    const emit = () => {
      a.emit([1]);
      b.emit([2]);
      return seen.map((list) => list.length);
    };
    expect(emit()).toEqual([1, 1, 1, 1]);
    zipped.destroy();
    expect(emit()).toEqual([2, 2, 1, 2]);
    a.destroy();
    expect(emit()).toEqual([2, 2, 1, 3]);
    expect(calls).toBe(2);
  });

  it('leaves what others feed too', () => {
    const a = new DataFrame({ a: 'f64' });
    const b = new DataFrame({ b: 'f64' });
    const seen = a.joinLatest(b).sinkToList();
    b.emit({ b: [1] });
    b.destroy();
    b.emit({ b: [2] });
    a.emit({ a: [7] });
    expect(seen[0]?.toRows()).toEqual([{ a: 7, b: 1 }]);
  });
});

describe('explain()', () => {
  it('shows all plans that feed each other, and where', () => {
    const a = new Series('f64', { name: 'a' });
    const b = new Series('f64', { name: 'b' });
    const zipped = a.zip(b.map((x) => x, 'f64'));
    zipped.a.sum().sink(() => {});
    a.emit([1]);
    b.emit([2]);
    const lines = zipped
      .explain()
      .replace(/\d+\.\d{3} ms/g, 'T ms')
      .split('\n');
    expect(lines.filter((line) => line.startsWith('native plan'))).toHaveLength(4);
    expect(lines.filter((line) => /sink of #\d, to '/.test(line))).toHaveLength(3);
    expect(a.explain()).toEqual(b.explain());
  });
});
