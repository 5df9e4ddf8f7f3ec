import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, DataFrame, Series } from '../../src/index.ts';
import * as naive from './naive.ts';
import { batches, close, number } from './random.ts';

interface Row {
  readonly gap: number;
  readonly x: number | null;
  readonly k: string;
}

const row: fc.Arbitrary<Row> = fc.record({
  gap: fc.constantFrom(0, 0, 1, 2, 5, 40),
  x: number,
  k: fc.constantFrom('a', 'b', 'c'),
});

/** The same batches with times in place of gaps: milliseconds that never decrease. */
function timed(input: readonly (readonly Row[])[]) {
  let at = 1_600_000_000_000;
  return input.map((batch) =>
    batch.map(({ gap, x, k }) => {
      at += gap;
      return { at, x, k };
    }),
  );
}

const SCHEMA = { at: 'timestamp', x: 'f64', k: 'utf8' } as const;
type Timed = ReturnType<typeof timed>[number][number];

const rowsOf = (columns: Column[]) => columns.flatMap((column) => column.toArray());

function same(actual: readonly unknown[], expected: readonly unknown[]) {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    if (!close(value, expected[i])) expect({ i, value }).toEqual({ i, value: expected[i] });
  });
}

/** The rows up to each that are less than `span` older, by the obvious loop. */
function windowsOf(rows: readonly Timed[], span: number) {
  return rows.map(({ at }, end) => rows.slice(0, end + 1).filter((other) => other.at > at - span));
}

const aggregates = {
  sum: naive.sum,
  mean: naive.mean,
  min: naive.min,
  max: naive.max,
  var: naive.variance,
  count: naive.count,
  median: naive.quantile,
  first: (values) => values.find((value) => value !== null) ?? null,
  last: (values) => values.findLast((value) => value !== null) ?? null,
} as const satisfies Record<string, (values: readonly (number | null)[]) => number | null>;

describe('windows over spans of time are those of a naive twin', () => {
  it.each(Object.keys(aggregates) as (keyof typeof aggregates)[])('rolling.%s', (name) => {
    fc.assert(
      fc.property(batches(row), fc.constantFrom(1, 2, 6, 50), fc.nat(4), (given, span, least) => {
        const input = timed(given);
        const frame = new DataFrame(SCHEMA);
        const options = { on: 'at', minPeriods: least } as const;
        const seen = frame.x.rolling(`${span}ms`, options)[name]().sinkToList() as Column[];
        const keyed = frame.groupBy('k').x.rolling(`${span}ms`, options)[name]();
        const byKey = keyed.sinkToList() as Column[];
        for (const batch of input) frame.emit(batch);
        const f = (window: readonly Timed[]) => {
          const values = window.map(({ x }) => x);
          return naive.count(values) < least ? null : aggregates[name](values);
        };
        const all = windowsOf(input.flat(), span);
        same(rowsOf(seen), all.map(f));
        const own = all.map((window) => window.filter(({ k }) => k === window.at(-1)?.k));
        same(rowsOf(byKey), own.map(f));
      }),
      { numRuns: 60 },
    );
  });

  it('window, over all rows and by key', () => {
    fc.assert(
      fc.property(batches(row), fc.constantFrom(1, 6, 50), (given, span) => {
        const input = timed(given).filter(({ length }) => length > 0);
        const frame = new DataFrame(SCHEMA);
        const window = frame.window({ value: span, on: 'at' });
        const sums = window.x.sum().sinkToList();
        const medians = frame.x
          .window({ value: { milliseconds: span } })
          .median()
          .sinkToList();
        const counts = window.groupBy('k').x.count().sinkToList();
        for (const batch of input) frame.emit(batch);
        const last = input.map((_, i) => windowsOf(input.slice(0, i + 1).flat(), span).at(-1)!);
        const values = last.map((rows) => rows.map(({ x }) => x));
        same(sums, values.map(naive.sum));
        same(
          medians,
          values.map((window) => naive.quantile(window)),
        );
        last.forEach((rows, i) => {
          const expected = new Map<string, number>();
          for (const { k, x } of rows) {
            expected.set(k, (expected.get(k) ?? 0) + (x === null ? 0 : 1));
          }
          const table = counts[i]!.toRows().map(({ k, count }) => [k, count] as const);
          expect(new Map(table)).toEqual(expected);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('a large number that has left leaves no trace in deviations', () => {
    const frame = new DataFrame(SCHEMA);
    const seen = [
      frame.x.rolling('4ms').var().sinkToList(),
      frame.groupBy('k').x.rolling('4ms', { on: 'at' }).var().sinkToList(),
      frame.groupBy('k').x.rolling(4, { minPeriods: 1 }).var().sinkToList(),
    ];
    const values = [1e16, 2.5, 1e16, 0, 1, 0, 2, 4, 1, 3, null, 2, 5];
    values.forEach((x, at) => {
      frame.emit([{ at, x, k: 'a' }]);
    });
    const windows = values.map((_, i) => values.slice(Math.max(0, i - 3), i + 1));
    for (const list of seen) {
      same(
        rowsOf(list).slice(6),
        windows.slice(6).map((window) => naive.variance(window)),
      );
    }
  });

  it('goes on from a snapshot', () => {
    const build = () => {
      const frame = new DataFrame(SCHEMA);
      const seen: unknown[] = [];
      const add = (column: Iterable<unknown>) => void seen.push(...column);
      frame.x.rolling('6ms').median().sink(add);
      frame.x.rolling('6ms').std().sink(add);
      frame.groupBy('k').x.rolling('6ms').mean().sink(add);
      frame.at.rolling('6ms').min().sink(add);
      frame.x.rolling(4).quantile(0.3).sink(add);
      frame.window({ value: '6ms' }).groupBy('k').x.sum().sink(add);
      frame.x.median().sink((value) => add([value]));
      frame.groupBy('k').x.median().sink(add);
      frame.groupBy('k').x.rolling(3).median().sink(add);
      return { frame, seen };
    };
    fc.assert(
      fc.property(batches(row), fc.nat(5), (given, cut) => {
        const input = timed(given);
        const [whole, before, after] = [build(), build(), build()];
        for (const batch of input) whole.frame.emit(batch);
        for (const batch of input.slice(0, cut)) before.frame.emit(batch);
        after.frame.restore(before.frame.snapshot());
        for (const batch of input.slice(cut)) after.frame.emit(batch);
        expect([...before.seen, ...after.seen]).toEqual(whole.seen);
      }),
      { numRuns: 60 },
    );
  });
});

describe('times that do not ascend', () => {
  const at = Date.UTC(2020, 8, 13, 12, 26, 40);

  it('are refused by row and value, and the batch changes nothing', () => {
    const frame = new DataFrame({ at: 'timestamp', x: 'i64' });
    const total = frame.x.sum().sinkToList();
    const sums = frame.x.rolling('5s').sum().sinkToList();
    frame.emit({ at: [at, at + 1000], x: [1, 2] });
    const wrong = { at: [at + 2000, at + 3000, at + 2500], x: [10, 20, 30] };
    expect(() => frame.emit(wrong)).toThrow(
      expect.objectContaining({
        code: 'ERR_UNORDERED',
        message:
          'Cannot roll over a span of time: times must not decrease, got 2020-09-13T12:26:42.500Z in row 2 of column at after 2020-09-13T12:26:43Z',
      }),
    );
    expect(() => frame.emit({ at: [at + 500], x: [10] })).toThrow(
      'got 2020-09-13T12:26:40.500Z in row 0 of column at after 2020-09-13T12:26:41Z',
    );
    expect(() => frame.emit({ at: [at + 2000, null], x: [10, 20] })).toThrow(
      'times must not be missing, got null in row 1 of column at',
    );
    frame.emit({ at: [at + 1000, at + 5000], x: [3, 4] });
    expect(total.slice(-2)).toEqual([3, 10]);
    expect(sums.flatMap((column) => column.toArray())).toEqual([1, 3, 6, 9]);
  });

  it('are refused by window too', () => {
    const frame = new DataFrame({ at: 'timestamp', x: 'f64' });
    frame.window({ value: '1m' }).x.mean().sinkToList();
    expect(() => frame.emit({ at: [at, at - 1], x: [1, 2] })).toThrow(
      'Cannot create window: times must not decrease',
    );
  });
});

describe('what a window over a span is built of', () => {
  const frame = new DataFrame({ at: 'timestamp', until: 'timestamp', x: 'f64', k: 'utf8' });

  it('finds its times by name, by series, and where a projection left them out', () => {
    const other = new DataFrame({ at: 'timestamp', x: 'f64' });
    const seen = [
      other.x.rolling('2ms').sum(),
      other.select('x').rolling('2ms').x.sum(),
      other.rolling('2ms', { on: other.at }).x.sum(),
      other.filter(other.x.gt(0)).x.rolling({ milliseconds: 2 }, { on: 'at' }).sum(),
      other.x.mul(1).rolling('2ms').sum(),
    ].map((sums) => sums.sinkToList());
    other.emit({ at: [1, 2, 4], x: [1, 2, 4] });
    for (const sums of seen) expect(sums[0]?.toArray()).toEqual([1, 3, 4]);
  });

  it('refuses what names no times', () => {
    expect(() => frame.x.rolling('5s')).toThrow(
      'Cannot create rolling: give the timestamp column as { on: name }, the rows have at, until',
    );
    expect(() => new Series('f64').rolling('5s')).toThrow('the rows have none');
    expect(() => frame.rolling('5s', { on: 'x' })).toThrow(
      "Cannot create rolling: column 'x' must be a timestamp, got f64",
    );
    expect(() => frame.window({ value: '5s', on: 'y' })).toThrow(
      "Cannot create window: no column 'y', there are at, until, x, k",
    );
    const other = new DataFrame({ at: 'timestamp' });
    expect(() => frame.x.rolling('5s', { on: other.at })).toThrow('different sources');
    expect(() => frame.x.rolling('5s', { on: frame.at.floor('1s') })).not.toThrow();
  });

  it('refuses what is no span', () => {
    expect(() => frame.x.rolling('soon', { on: 'at' })).toThrow(/500ms/);
    expect(() => frame.x.rolling('0s', { on: 'at' })).toThrow('must be above zero');
    expect(() => frame.x.rolling(5, { on: 'at' })).toThrow("unknown option 'on'");
    expect(() => frame.x.rolling('5s', { on: 'at', minPeriods: -1 })).toThrow(/at least 0/);
    expect(() => frame.window({ n: 5, value: '5s' } as { n: number })).toThrow('either n or value');
    expect(() => frame.window({} as { n: number })).toThrow('either n or value');
  });
});

describe('quantiles', () => {
  it('are those of pandas', () => {
    const series = new Series('i64');
    const seen = (['linear', 'lower', 'higher', 'nearest', 'midpoint'] as const).map(
      (interpolation) => series.rolling(4).quantile(0.4, { interpolation }).sinkToList(),
    );
    const running = series.quantile(0.9).sinkToList();
    const sliding = series.slidingWindow(3).median().sinkToList();
    const parts = series.partition(2).median().sinkToList();
    series.emit([3, 1, 2, 4]);
    const last = seen.map((columns) => columns[0]?.at(-1));
    [2.2, 2, 3, 2, 2.5].forEach((value, i) => {
      expect(last[i]).toBeCloseTo(value, 12);
    });
    expect(running[0]).toBeCloseTo(3.7, 12);
    expect(sliding[0]?.toArray()).toEqual([2, 2]);
    expect(parts[0]?.toArray()).toEqual([2, 3]);
  });

  it('are refused outside of 0 to 1, and of text', () => {
    const frame = new DataFrame({ x: 'f32', k: 'utf8' });
    expect(() => frame.x.quantile(1.5)).toThrow(RangeError);
    expect(() => frame.x.rolling(3).quantile(Number.NaN)).toThrow(
      'Cannot create rolling.quantile: q must be a number from 0 to 1, got NaN',
    );
    expect(() => frame.x.quantile(0.5, { interpolation: 'cubic' as 'linear' })).toThrow(
      "interpolation must be one of linear, lower, higher, nearest, midpoint, got 'cubic'",
    );
    expect(() => (frame.k as unknown as Series<'f64'>).median()).toThrow('must be numeric');
  });

  it('of whole frames and of f32', () => {
    const frame = new DataFrame({ x: 'f32', i: 'i64', k: 'utf8' });
    const medians = frame.rolling(2).median().sinkToList();
    const chosen = frame
      .groupBy('k')
      .agg({ x: ['median', 'max'] })
      .sinkToList();
    frame.emit({ x: [0.5, 1.5, 4], i: [1, 2, 4], k: ['a', 'a', 'b'] });
    expect(medians[0]?.toColumns()).toEqual({ x: [null, 1, 2.75], i: [null, 1.5, 3] });
    expect(chosen[0]?.toRows()).toEqual([
      { k: 'a', x_median: 1, x_max: 1.5 },
      { k: 'b', x_median: 4, x_max: 4 },
    ]);
  });
});
