import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';
import { batches } from './random.ts';

interface Row {
  k: string | null;
  t: string | null;
  i: bigint | null;
  x: number | null;
  step: number;
}

const big = 2n ** 53n;
const row: fc.Arbitrary<Row> = fc.record({
  k: fc.option(fc.constantFrom('a', 'b')),
  t: fc.option(fc.constantFrom('', 'x', 'xy', 'ä', '😀')),
  i: fc.option(fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt(big, big + 4n))),
  x: fc.option(fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e9 + 0.5)),
  step: fc.nat(20),
});

/** Times that rise by the steps of the rows. */
const timed = batches(row).map((all) => {
  let at = 0;
  const next = (one: Row) => {
    at += one.step;
    return { ...one, at };
  };
  return all.map((rows) => rows.map(next));
});
type Timed = Row & { at: number };

const compareText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const there = <T>(values: readonly (T | null)[]) =>
  values.filter((value): value is T => value !== null);
const least = <T>(values: T[], compare: (a: T, b: T) => number) =>
  values.reduce<T | null>(
    (best, one) => (best === null || compare(one, best) < 0 ? one : best),
    null,
  );
const big64 = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
const narrow = (value: bigint | null) =>
  value === null ? null : Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** Every aggregate of a window, from scratch. */
function expected(window: readonly Timed[]) {
  const texts = there(window.map(({ t }) => t));
  const integers = there(window.map(({ i }) => i));
  const floats = there(window.map(({ x }) => x));
  return {
    tMin: least(texts, compareText),
    tMax: least(texts, (a, b) => compareText(b, a)),
    tFirst: texts[0] ?? null,
    tLast: texts.at(-1) ?? null,
    tCount: texts.length,
    tUnique: new Set(texts).size,
    iSum: narrow(integers.reduce((sum, one) => sum + one, 0n)),
    iMin: narrow(least(integers, big64)),
    iMax: narrow(least(integers, (a, b) => big64(b, a))),
    iFirst: narrow(integers[0] ?? null),
    iLast: narrow(integers.at(-1) ?? null),
    iUnique: new Set(integers).size,
    xUnique: new Set(floats).size,
    size: window.length,
  };
}

const NAMES: Record<keyof ReturnType<typeof expected>, string> = {
  tMin: 't_min',
  tMax: 't_max',
  tFirst: 't_first',
  tLast: 't_last',
  tCount: 't_count',
  tUnique: 't_nunique',
  iSum: 'i_sum',
  iMin: 'i_min',
  iMax: 'i_max',
  iFirst: 'i_first',
  iLast: 'i_last',
  iUnique: 'i_nunique',
  xUnique: 'x_nunique',
  size: 'x_size',
};
const AGGREGATES = {
  t: ['min', 'max', 'first', 'last', 'count', 'nunique'],
  i: ['sum', 'min', 'max', 'first', 'last', 'nunique'],
  x: ['nunique', 'size'],
} as const;

const source = () => new DataFrame({ k: 'utf8', t: 'utf8', i: 'i64', x: 'f64', at: 'timestamp' });
type Source = ReturnType<typeof source>;
type Aggregates = { agg(spec: typeof AGGREGATES): { sinkToList(): { toRows(): object[] }[] } };

/** Holds what a kind of windows gives for every row, or some of them, against windows from scratch. */
function holds(
  build: (frame: Source) => Aggregates,
  windowOf: (rows: readonly Timed[], end: number) => readonly Timed[] | null,
): void {
  fc.assert(
    fc.property(timed, (all) => {
      const frame = source();
      const seen = build(frame).agg(AGGREGATES).sinkToList();
      for (const rows of all) frame.emit(rows);
      const rows = all.flat();
      const wanted = rows.flatMap((_, end) => {
        const window = windowOf(rows, end);
        if (window === null) return [];
        const values = Object.entries(expected(window));
        return [Object.fromEntries(values.map(([key, value]) => [NAMES[key as 'tMin'], value]))];
      });
      expect(seen.flatMap((table) => table.toRows())).toEqual(wanted);
    }),
    { numRuns: 60 },
  );
}

const last = (n: number) => (rows: readonly Timed[], end: number) =>
  rows.slice(Math.max(0, end + 1 - n), end + 1);
const span = (ms: number) => (rows: readonly Timed[], end: number) =>
  rows.slice(0, end + 1).filter(({ at }) => at > rows[end]!.at - ms);
const sameKey = (rows: readonly Timed[], end: number) =>
  rows.slice(0, end + 1).filter(({ k }) => k === rows[end]!.k);
const grouped =
  (of: typeof span extends (n: number) => infer F ? F : never) =>
  (rows: readonly Timed[], end: number) => {
    const own = sameKey(rows, end);
    return of(own, own.length - 1);
  };

describe('text, exact integers and distinct values', () => {
  it('over the last rows', () =>
    holds((frame) => frame.rolling(3, { minPeriods: 0 }) as never, last(3)));
  it('over a span of time', () =>
    holds((frame) => frame.rolling('25ms', { minPeriods: 0 }) as never, span(25)));
  it('over the last rows of a group', () =>
    holds((frame) => frame.groupBy('k').rolling(3, { minPeriods: 0 }) as never, grouped(last(3))));
  it('over a span of time of a group', () =>
    holds(
      (frame) => frame.groupBy('k').rolling('40ms', { minPeriods: 0 }) as never,
      grouped(span(40)),
    ));
  it('over sliding windows, some steps apart', () => {
    for (const [n, step] of [
      [3, 1],
      [3, 2],
      [2, 5],
    ] as const) {
      holds(
        (frame) => frame.slidingWindow(n, { step }) as never,
        (rows, end) => (end + 1 >= n && (end + 1 - n) % step === 0 ? last(n)(rows, end) : null),
      );
    }
  });
  it('over sliding windows that begin in part', () =>
    holds(
      (frame) => frame.slidingWindow(4, { step: 3, returnPartial: true }) as never,
      (rows, end) => ((end + 1 - 4) % 3 === 0 ? last(4)(rows, end) : null),
    ));
  it('over partitions', () =>
    holds(
      (frame) => frame.partition(4) as never,
      (rows, end) => ((end + 1) % 4 === 0 ? last(4)(rows, end) : null),
    ));

  it('refuse a sum that does not fit, and take nothing of its batch', () => {
    const frame = new DataFrame({ k: 'utf8', i: 'i64' });
    const sums = frame.groupBy('k').rolling(2, { minPeriods: 1 }).i.sum().sinkToList();
    const most = 2n ** 63n - 1n;
    frame.emit({ k: ['a'], i: [most] });
    expect(() => frame.emit({ k: ['b', 'a'], i: [5, 1] })).toThrow(
      expect.objectContaining({ code: 'ERR_OVERFLOW' }),
    );
    frame.emit({ k: ['b', 'a'], i: [7, -1] });
    expect(sums.flatMap((column) => column.toArray())).toEqual([most, 7, most - 1n]);
  });

  it('go on from a snapshot', () => {
    fc.assert(
      fc.property(timed, fc.nat(6), (all, at) => {
        const build = () => {
          const frame = source();
          const seen: unknown[] = [];
          const kinds = [
            frame.rolling(3),
            frame.rolling('25ms'),
            frame.groupBy('k').rolling('40ms'),
            frame.slidingWindow(3, { step: 2 }),
          ] as unknown as Aggregates[];
          for (const [kind, one] of kinds.entries()) {
            const node = one.agg(AGGREGATES) as unknown as {
              sink(f: (t: { toRows(): object[] }) => void): void;
            };
            node.sink((table) => seen.push(...table.toRows().map((found) => [kind, found])));
          }
          return { frame, seen };
        };
        const [before, after] = [build(), build()];
        for (const rows of all.slice(0, at)) before.frame.emit(rows);
        after.frame.restore(before.frame.snapshot());
        expect(after.frame.snapshot()).toEqual(before.frame.snapshot());
        before.seen.length = 0;
        for (const { frame } of [before, after]) for (const rows of all.slice(at)) frame.emit(rows);
        expect(after.seen).toEqual(before.seen);
      }),
      { numRuns: 40 },
    );
  });
});

describe('apply', () => {
  const list = (values: ArrayLike<unknown>) => Array.from(values, String).join(',');

  it('runs over spans of time and within groups, for every row', () => {
    fc.assert(
      fc.property(timed, (all) => {
        const frame = source();
        const kinds = [
          [frame.rolling('25ms').i, span(25)],
          [frame.groupBy('k').rolling(3, { minPeriods: 1 }).i, grouped(last(3))],
          [frame.groupBy('k').rolling('40ms').i, grouped(span(40))],
        ] as const;
        const seen = kinds.map(([windows]) =>
          windows.apply((v) => list(v), { type: 'utf8' }).sinkToList(),
        );
        for (const rows of all) frame.emit(rows);
        const rows = all.flat();
        kinds.forEach(([, windowOf], kind) => {
          const wanted = rows.map((_, end) => {
            const values = there(windowOf(rows, end).map(({ i }) => i));
            return values.length === 0 ? null : list(values);
          });
          expect(seen[kind]!.flatMap((column) => column.toArray())).toEqual(wanted);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('runs over windows once for each batch, and goes on from a snapshot', () => {
    fc.assert(
      fc.property(timed, fc.nat(6), (all, at) => {
        const build = () => {
          const frame = source();
          const byRows = frame.window({ n: 5 }).t.apply(list, { type: 'utf8' }).sinkToList();
          const bySpan = frame
            .window({ value: '30ms' })
            .t.apply(list, { type: 'utf8' })
            .sinkToList();
          return { frame, byRows, bySpan };
        };
        const whole = build();
        let part = build();
        all.forEach((rows, i) => {
          if (i === at) {
            const next = build();
            next.frame.restore(part.frame.snapshot());
            part = next;
          }
          whole.frame.emit(rows);
          part.frame.emit(rows);
          const sent = all.slice(0, i + 1).flat();
          if (rows.length === 0 || sent.length === 0) return;
          const texts = (window: readonly Timed[]) => list(there(window.map(({ t }) => t)));
          expect(part.byRows.at(-1)?.toArray()).toEqual([texts(sent.slice(-5))]);
          expect(part.bySpan.at(-1)?.toArray()).toEqual([texts(span(30)(sent, sent.length - 1))]);
          expect(whole.byRows.at(-1)?.toArray()).toEqual(part.byRows.at(-1)?.toArray());
        });
      }),
      { numRuns: 40 },
    );
  });

  it('takes steps over sliding windows', () => {
    const numbers = new Series('i32');
    const seen = numbers.slidingWindow(3, { step: 2 }).apply(list, { type: 'utf8' }).sinkToList();
    for (const values of [[1, 2], [3, 4, 5], [6], [7, 8]]) numbers.emit(values);
    expect(seen.flatMap((column) => column.toArray())).toEqual(['1,2,3', '3,4,5', '5,6,7']);
  });

  it('refuses times that go back', () => {
    const frame = source();
    frame
      .rolling('1s')
      .x.apply((values) => values.length)
      .sink(() => {});
    expect(() =>
      frame.emit([
        { k: null, t: null, i: 1, x: 1, at: 5 },
        { k: null, t: null, i: 1, x: 1, at: 4 },
      ]),
    ).toThrow(expect.objectContaining({ code: 'ERR_UNORDERED' }));
  });
});

describe('valueCounts', () => {
  const count = (rows: readonly Timed[]) => {
    const counts = new Map<string | null, number>();
    for (const { t } of rows) counts.set(t, (counts.get(t) ?? 0) + 1);
    return counts;
  };
  const counted = (table: { toRows(): object[] } | undefined) =>
    new Map(
      ((table?.toRows() ?? []) as { t: string; count: number }[]).map((row) => [row.t, row.count]),
    );

  it('counts the values in a window, and in all rows', () => {
    fc.assert(
      fc.property(timed, (all) => {
        const frame = source();
        const window = frame.window({ n: 5 }).t.valueCounts().sinkToList();
        const series = frame.t.window({ n: 5 }).frequencies().sinkToList();
        const ever = frame.t.expanding().valueCounts().sinkToList();
        const plain = frame.t.valueCounts().sinkToList();
        for (const rows of all) frame.emit(rows);
        const rows = all.flat();
        if (rows.length === 0) return;
        expect(counted(window.at(-1))).toEqual(count(rows.slice(-5)));
        expect(counted(series.at(-1))).toEqual(count(rows.slice(-5)));
        expect(counted(ever.at(-1))).toEqual(counted(plain.at(-1)));
      }),
      { numRuns: 60 },
    );
  });

  it('counts by group, and in partitions by time', () => {
    const frame = new DataFrame({ at: 'timestamp', k: 'utf8', t: 'utf8' });
    const groups = frame.groupBy('k').t.valueCounts({ emit: 'changes' }).sinkToList();
    const parts = frame.partition('1s', { on: 'at' }).col('t').valueCounts().sinkToList();
    frame.emit([
      { at: 0, k: 'a', t: 'x' },
      { at: 1, k: 'b', t: 'x' },
      { at: 2, k: 'a', t: 'x' },
      { at: 1500, k: 'a', t: 'y' },
    ]);
    expect(groups[0]?.toRows()).toEqual([
      { k: 'a', t: 'x', count: 2 },
      { k: 'b', t: 'x', count: 1 },
      { k: 'a', t: 'y', count: 1 },
    ]);
    expect(parts[0]?.toRows()).toEqual([{ at: 0, t: 'x', count: 3 }]);
    expect(() => frame.rolling(3).t.valueCounts()).toThrow(TypeError);
  });
});
