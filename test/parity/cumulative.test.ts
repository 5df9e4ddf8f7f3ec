import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Column, Series } from '../../src/index.ts';
import { type Expr, type ParityType, pl, polarsColumn, valuesOf, withPolars } from './polars.ts';
import {
  ALL_TYPES,
  batchesOf,
  batchesOfType,
  finite,
  isNaNValue,
  RUNS,
  same,
  VALUES,
  type Value,
} from './values.ts';

const rowsOfColumns = (columns: readonly Column[]) => columns.flatMap((column) => column.toArray());

function polars(type: ParityType, values: readonly Value[], expr: (x: Expr) => Expr): unknown[] {
  return valuesOf(polarsColumn(type, values).select(expr(pl.col('x')).alias('x')));
}

/** Whole eighths: their sums and short products are exact as f32 too, so no order of adding shows. */
const eighths = finite.map((x) => (x === null ? null : (Math.trunc(x * 8) / 8) % 100));

withPolars('results for every row that are carried on are those of polars', () => {
  /** A NaN is passed over by polars' cumMin and cumMax; here all that comes after it is NaN. */
  it.each(['f64', 'f32', 'i64'] as const)('cumulative, of %s', (type) => {
    const rows = {
      f64: batchesOfType('f64'),
      f32: batchesOf<Value>(eighths),
      i64: batchesOfType('i64'),
    }[type];
    fc.assert(
      fc.property(rows, (input) => {
        const series = new Series(type) as unknown as Series<'f64'>;
        const seen = [
          series.cumsum().sinkToList(),
          series.cummin().sinkToList(),
          series.cummax().sinkToList(),
        ];
        for (const batch of input) series.emit(batch as number[]);
        const values = input.flat();
        const first = values.findIndex(isNaNValue);
        const spoiled = (results: unknown[]) =>
          results.map((value, i) =>
            first >= 0 && i >= first && values[i] !== null ? Number.NaN : value,
          );
        same(
          rowsOfColumns(seen[0]!),
          polars(type, values, (x) => x.cumSum()),
          'cumsum',
        );
        same(rowsOfColumns(seen[1]!), spoiled(polars(type, values, (x) => x.cumMin())), 'cummin');
        same(rowsOfColumns(seen[2]!), spoiled(polars(type, values, (x) => x.cumMax())), 'cummax');
      }),
      RUNS,
    );
  });

  it.each(['f64', 'i64'] as const)('products of %s', (type) => {
    const factor = fc.constantFrom(-2, -1, 1, 2, null, 0);
    const row = type === 'f64' ? VALUES.f64 : factor;
    fc.assert(
      fc.property(batchesOf<number | null>(row), (input) => {
        // Twos to the 50th power stay exact.
        const some =
          type === 'f64' ? input : [input.flat().slice(0, 20), input.flat().slice(20, 50)];
        const series = new Series(type) as unknown as Series<'f64'>;
        const seen = series.cumprod().sinkToList();
        for (const batch of some) series.emit(batch);
        const wanted = polars(type, some.flat(), (x) => x.cumProd());
        same(rowsOfColumns(seen), wanted);
      }),
      RUNS,
    );
  });

  /**
   * At a missing row polars has none, and millrace repeats the last result, as pandas does; and the
   * first variance of one value is 0 in polars, and missing here, as there is no spread of one.
   */
  it('weighted by age', () => {
    const parameter = fc.oneof(
      fc.record({ alpha: fc.constantFrom(0.1, 0.5, 0.9, 1) }),
      fc.record({ com: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ span: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ halflife: fc.integer({ min: 1, max: 20 }) }),
    );
    const alphaOf = (given: Record<string, number>) => {
      const { alpha, com, span, halflife } = given;
      if (alpha !== undefined) return alpha;
      if (com !== undefined) return 1 / (1 + com);
      if (span !== undefined) return 2 / (span + 1);
      return 1 - Math.exp(-Math.LN2 / halflife!);
    };
    fc.assert(
      fc.property(batchesOf(finite), parameter, fc.boolean(), (input, given, bias) => {
        const series = new Series('f64');
        const over = series.ewm(given as { alpha: number });
        const means = over.mean().sinkToList();
        const vars = over.var({ bias }).sinkToList();
        const stds = over.std({ bias }).sinkToList();
        for (const batch of input) series.emit(batch);
        const values = input.flat();
        const options = {
          alpha: alphaOf(given),
          adjust: true,
          minPeriods: 1,
          bias,
          ignoreNulls: false,
        };
        const forward = (results: unknown[]) => {
          let last: unknown = null;
          return results.map((value) => {
            last = value ?? last;
            return last;
          });
        };
        same(rowsOfColumns(means), forward(polars('f64', values, (x) => x.ewmMean(options))));
        const wanted = forward(polars('f64', values, (x) => x.ewmVar(options)));
        const seen = rowsOfColumns(vars) as (number | null)[];
        // Variances of weights that fade lose the digits of the largest value so far, squared.
        let largest = 1;
        seen.forEach((value, i) => {
          largest = Math.max(largest, Math.abs(values[i] ?? 0));
          if (value === null || wanted[i] === null) expect(value, `${i}`).toBe(wanted[i]);
          else expect(Math.abs(value - (wanted[i] as number))).toBeLessThan(1e-9 * largest ** 2);
        });
        same(
          rowsOfColumns(stds),
          seen.map((value) => (value === null ? null : Math.sqrt(value))),
        );
      }),
      RUNS,
    );
  });

  it.each(ALL_TYPES)('rows before, of %s', (type) => {
    fc.assert(
      fc.property(batchesOfType(type), fc.integer({ min: 1, max: 30 }), (input, n) => {
        const series = new Series(type) as unknown as Series<'f64'>;
        const shifted = series.shift(n).sinkToList();
        const filled = series.fillNull({ method: 'forward' }).sinkToList();
        const kept = series.dropNulls().sinkToList();
        const numeric = type !== 'bool' && type !== 'utf8';
        const differences = numeric ? series.diff(n).sinkToList() : [];
        const changes = type === 'f64' ? series.pctChange(n).sinkToList() : [];
        for (const batch of input) series.emit(batch as number[]);
        const values = input.flat();
        same(
          rowsOfColumns(shifted),
          polars(type, values, (x) => x.shift(n)),
          'shift',
        );
        same(
          rowsOfColumns(filled),
          polars(type, values, (x) => x.fillNull('forward')),
          'fill',
        );
        same(
          rowsOfColumns(kept),
          polars(type, values, (x) => x.dropNulls()),
          'drop',
        );
        if (type === 'f64') {
          const change = (x: Expr) => x.div(x.shift(n)).sub(pl.lit(1));
          same(rowsOfColumns(changes), polars(type, values, change), 'pctChange');
        }
        // Differences of i32 are i64 here, exact; in polars they are i32.
        const wide = type === 'i32' ? 'i64' : type;
        if (numeric) {
          const wanted = polars(wide, values, (x) => x.diff(n, 'ignore'));
          same(rowsOfColumns(differences), wanted, 'diff');
        }
      }),
      { numRuns: 30 },
    );
  });
});
