import fc from 'fast-check';
import { it } from 'vitest';
import { type Column, DataFrame, Series } from '../../src/index.ts';
import { AGGREGATES, expected, infiniteQuantile, type Name, namesOf, RANKS } from './expected.ts';
import { type Expr, pl, polarsColumn, polarsFrame, valuesOf, withPolars } from './polars.ts';
import {
  ALL_TYPES,
  batchesOf,
  batchesOfType,
  floats,
  hasNaN,
  NUMERIC,
  present,
  RUNS,
  same,
  VALUES,
  type Value,
} from './values.ts';

type RollingOptions = { windowSize: number; minPeriods: number };

const ROLLING = {
  sum: (x: Expr, options: RollingOptions) => x.rollingSum(options),
  mean: (x: Expr, options: RollingOptions) => x.rollingMean(options),
  min: (x: Expr, options: RollingOptions) => x.rollingMin(options),
  max: (x: Expr, options: RollingOptions) => x.rollingMax(options),
  var: (x: Expr, options: RollingOptions) => x.rollingVar(options),
  std: (x: Expr, options: RollingOptions) => x.rollingStd(options),
  median: (x: Expr, options: RollingOptions) =>
    x.rollingQuantile({ ...options, quantile: 0.5, interpolation: 'linear' }),
  quantile: (x: Expr, options: RollingOptions) =>
    x.rollingQuantile({ ...options, quantile: 0.3, interpolation: 'linear' }),
} as const;
const NAMES = Object.keys(ROLLING) as (keyof typeof ROLLING)[];

/**
 * These are held against what polars makes of each window by itself: its rolling sums and variances add
 * what comes and take away what leaves, which loses digits of small numbers after large ones, and ours
 * do not.
 */
const ALONE = ['sum', 'mean', 'var', 'std'] as const;

/** The last `n` values at each row. */
const windowsOf = <T>(values: readonly T[], n: number) =>
  values.map((_, i) => values.slice(Math.max(0, i + 1 - n), i + 1));

const rowsOfColumns = (columns: readonly Column[]) => columns.flatMap((column) => column.toArray());

withPolars('rolling windows are those of polars', () => {
  /**
   * As in {@link expected}, a NaN makes ranks NaN here while it is in the window, where it is the
   * greatest value of polars' quantiles.
   */
  it.each(NUMERIC)('over n rows of %s', (type) => {
    const size = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(batchesOfType(type), size, fc.integer({ min: 1, max: 12 }), (input, n, p) => {
        const minPeriods = Math.min(n, p);
        const series = new Series(type) as unknown as Series<'f64'>;
        const over = series.rolling(n, { minPeriods });
        const lists = NAMES.map((name) =>
          (name === 'quantile' ? over.quantile(0.3) : over[name]()).sinkToList(),
        ) as Column[][];
        for (const batch of input) series.emit(batch as number[]);
        const values = input.flat() as (number | null)[];
        const wide = type === 'f32' ? 'f64' : type === 'i32' ? 'i64' : type;
        const options = { windowSize: n, minPeriods };
        const x = pl.col('x');
        const frame = polarsColumn(wide, values).select(
          ...NAMES.map((name) => ROLLING[name](x, options).alias(name)),
        );
        const windows = windowsOf(values, n).map(present);
        const alone = expected(wide, ALONE, windows);
        NAMES.forEach((name, i) => {
          const ranks = name === 'quantile' || RANKS.has(name as Name);
          const wanted = valuesOf(frame, name).map((value, row) => {
            const window = windows[row]!;
            if (window.length < minPeriods) return value;
            if (!ranks) return alone[row]![ALONE.indexOf(name as (typeof ALONE)[number])];
            if (hasNaN(window)) return Number.NaN;
            if (!Number.isNaN(value)) return value;
            return infiniteQuantile(window, name === 'median' ? 0.5 : 0.3);
          });
          same(rowsOfColumns(lists[i]!), wanted, `${name} of ${n}, at least ${minPeriods}`);
        });
      }),
      RUNS,
    );
  });

  it.each(ALL_TYPES)('sliding, in partitions and as the last rows of %s', (type) => {
    const size = fc.integer({ min: 1, max: 12 });
    const step = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(batchesOfType(type), size, step, (input, n, step) => {
        const series = new Series(type) as unknown as Series<'f64'>;
        const names = namesOf(type);
        const columnsOf = (over: Pick<typeof sliding, Name>) =>
          names.map((name) => over[name]().sinkToList() as unknown[]);
        const sliding = series.slidingWindow(n, { step });
        const slid = columnsOf(sliding);
        const parts = columnsOf(series.partition(n));
        const lasts = columnsOf(series.window({ n }) as unknown as typeof sliding);
        for (const batch of input) series.emit(batch as number[]);
        const values = input.flat() as Value[];
        const compare = (lists: unknown[][], windows: Value[][], about: string) => {
          const wanted = expected(type, names, windows);
          lists.forEach((list, i) => {
            const of = wanted.map((results) => results[i]);
            same(list, of, `${about} ${names[i]} of ${n}, step ${step}`);
          });
        };
        const full = windowsOf(values, n).slice(n - 1);
        const rows = (lists: unknown[][]) => lists.map((list) => rowsOfColumns(list as Column[]));
        compare(
          rows(slid),
          full.filter((_, i) => i % step === 0),
          'sliding',
        );
        compare(
          rows(parts),
          full.filter((_, i) => i % n === 0),
          'partition',
        );
        let end = 0;
        const ends = input.map((batch) => (end += batch.length));
        compare(
          lasts,
          ends.map((end) => values.slice(Math.max(0, end - n), end)),
          'window',
        );
      }),
      { ...RUNS, numRuns: 10 },
    );
  });

  /**
   * Times ascend strictly: of rows of one time polars gives each the same window, all of them in it, and
   * millrace the rows up to it, since it cannot know whether the next batch has more of that time.
   */
  it('over spans of time, of all rows and within groups', () => {
    const row = fc.record({
      gap: fc.integer({ min: 1, max: 9 }),
      k: fc.constantFrom('a', 'b', null),
      x: VALUES.f64,
    });
    const span = fc.integer({ min: 1, max: 25 });
    const names = ['sum', 'mean', 'min', 'max', 'count', 'median'] as const;
    fc.assert(
      fc.property(batchesOf(row), span, (input, milliseconds) => {
        let now = 0;
        const timed = input.map((batch) =>
          batch.map(({ gap, k, x }) => {
            now += gap;
            return { at: now, k, x };
          }),
        );
        const frame = new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' });
        const width = `${milliseconds}ms` as const;
        const all = names.map((name) =>
          frame.x.rolling(width, { minPeriods: 0 })[name]().sinkToList(),
        );
        const own = names.map((name) =>
          frame.groupBy('k').x.rolling(width, { on: 'at', minPeriods: 0 })[name]().sinkToList(),
        );
        for (const batch of timed) frame.emit(batch);
        const rows = timed.flat();
        const compare = (lists: unknown[][], sets: (typeof rows)[]) => {
          const wanted = new Map<number, unknown[]>();
          for (const set of sets) {
            const table = polarsFrame({ at: 'i64', x: 'f64' }, set);
            const x = pl.col('x').dropNulls();
            const [first, ...others] = [
              pl.col('x').isNan().sum().alias('spoiled'),
              ...names.map((name) => AGGREGATES[name](x).alias(name)),
            ];
            const results = table
              .groupByRolling({ indexColumn: 'at', period: `${milliseconds}i`, by: [] })
              .agg(first!, ...others);
            const spoiled = valuesOf(results, 'spoiled') as number[];
            const times = valuesOf(results, 'at') as number[];
            times.forEach((at, i) => {
              wanted.set(
                at,
                names.map((name) => {
                  const value = valuesOf(results, name)[i];
                  if (spoiled[i]! > 0 && RANKS.has(name)) return Number.NaN;
                  if (name !== 'median' || !Number.isNaN(value)) return value;
                  const window = set.filter((r) => r.at > at - milliseconds && r.at <= at);
                  return infiniteQuantile(present(window.map((r) => r.x)), 0.5);
                }),
              );
            });
          }
          names.forEach((name, i) => {
            const of = rows.map(({ at }) => wanted.get(at)![i]);
            same(rowsOfColumns(lists[i] as Column[]), of, `${name} of ${width}`);
          });
        };
        const keys = [...new Set(rows.map(({ k }) => k))];
        compare(
          own,
          keys.map((key) => rows.filter(({ k }) => k === key)),
        );
        compare(all, [rows]);
      }),
      { ...RUNS, numRuns: 15 },
    );
  });

  it('in partitions by time', () => {
    const row = fc.record({ gap: fc.nat(6), x: VALUES.f64 });
    const names = ['sum', 'mean', 'var', 'count', 'first', 'last', 'nunique'] as const;
    fc.assert(
      fc.property(batchesOf(row), fc.integer({ min: 1, max: 15 }), (input, every) => {
        let now = 0;
        const timed = input.map((batch) =>
          batch.map(({ gap, x }) => {
            now += gap;
            return { at: now, x };
          }),
        );
        const frame = new DataFrame({ at: 'timestamp', x: 'f64' });
        const parts = frame.partition(`${every}ms`, { on: 'at' });
        const seen = parts.agg({ x: [...names] }).sinkToList();
        for (const batch of timed) frame.emit(batch);
        frame.end();
        const at = pl.col('at');
        const x = pl.col('x').dropNulls();
        const wanted = polarsFrame({ at: 'i64', x: 'f64' }, timed.flat())
          .withColumns(at.sub(at.rem(every)).alias('from'))
          .groupBy('from')
          .agg(...names.map((name) => AGGREGATES[name](x).alias(name)))
          .sort('from');
        const rows = seen.flatMap((table) => table.toRows()) as Record<string, unknown>[];
        for (const name of ['from', ...names]) {
          const column = rows.map((row) => row[name === 'from' ? 'at' : `x_${name}`]);
          same(column, valuesOf(wanted, name), `${name} of ${every}`);
        }
      }),
      RUNS,
    );
  });

  it('quantiles of windows that hold far more than a batch', () => {
    fc.assert(
      fc.property(floats, fc.constantFrom(0, 0.25, 0.75, 1), (input, q) => {
        const series = new Series('f64');
        const seen = series.rolling(100, { minPeriods: 1 }).quantile(q).sinkToList();
        for (const batch of input) series.emit(batch);
        const values = input.flat();
        const options = { windowSize: 100, minPeriods: 1, quantile: q };
        const x = pl.col('x').rollingQuantile({ ...options, interpolation: 'linear' });
        const windows = windowsOf(values, 100).map(present);
        const wanted = valuesOf(polarsColumn('f64', values).select(x)).map((value, i) => {
          if (hasNaN(windows[i]!)) return Number.NaN;
          return Number.isNaN(value) ? infiniteQuantile(windows[i]!, q) : value;
        });
        same(rowsOfColumns(seen), wanted);
      }),
      RUNS,
    );
  });
});
