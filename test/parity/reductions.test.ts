import fc from 'fast-check';
import { it } from 'vitest';
import { Series } from '../../src/index.ts';
import { expected, infiniteQuantile, namesOf } from './expected.ts';
import { type ParityType, pl, polarsColumn, rowsOf, withPolars } from './polars.ts';
import {
  ALL_TYPES,
  batchesOfType,
  floats,
  hasNaN,
  prefixes,
  present,
  RUNS,
  sameRows,
} from './values.ts';

withPolars('aggregates of all rows so far are those of polars', () => {
  it.each(ALL_TYPES)('of %s', (type: ParityType) => {
    fc.assert(
      fc.property(batchesOfType(type), (input) => {
        const series = new Series(type) as unknown as Series<'f64'>;
        const names = namesOf(type);
        const lists = names.map((name) => series[name]().sinkToList() as unknown[]);
        for (const batch of input) series.emit(batch as number[]);
        const seen = input.map((_, i) => lists.map((list) => list[i]));
        const wanted = expected(type, names, prefixes(input));
        sameRows(seen, wanted, names.join());
      }),
      RUNS,
    );
  });

  /**
   * Two rules differ: halfway between two ranks `nearest` takes the even one, as NumPy does, and the
   * upper one in polars; and what {@link expected} says of NaN and infinities.
   */
  it('quantiles, whatever is between two values', () => {
    const forms = ['lower', 'higher', 'nearest', 'midpoint', 'linear'] as const;
    const share = fc.constantFrom(0, 0.1, 0.25, 0.5, 0.9, 1);
    fc.assert(
      fc.property(floats, share, (input, q) => {
        const series = new Series('f64');
        const lists = forms.map((interpolation) =>
          series.quantile(q, { interpolation }).sinkToList(),
        );
        for (const batch of input) series.emit(batch);
        const seen = input.map((_, i) => lists.map((list) => list[i]));
        const wanted = prefixes(input).map((rows) => {
          const there = present(rows);
          if (hasNaN(there)) return forms.map(() => Number.NaN);
          const x = pl.col('x');
          const [results] = rowsOf(
            polarsColumn('f64', there).select(
              ...forms.map((form) => x.quantile(q, form).alias(form)),
            ),
          ) as [number[]];
          const at = q * (there.length - 1);
          if (at % 2 === 0.5) results[2] = results[0]!;
          return results.map((result) =>
            Number.isNaN(result) ? infiniteQuantile(there, q) : result,
          );
        });
        sameRows(seen, wanted, forms.join());
      }),
      RUNS,
    );
  });
});
