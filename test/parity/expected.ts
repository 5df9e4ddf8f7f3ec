import { type Expr, type ParityType, pl, polarsFrame, rowsOf } from './polars.ts';
import { hasNaN, present, type Value } from './values.ts';

export type Name =
  | 'sum'
  | 'mean'
  | 'var'
  | 'std'
  | 'median'
  | 'min'
  | 'max'
  | 'first'
  | 'last'
  | 'nunique'
  | 'count';

/** Our aggregates of a column as polars computes them, of values that are all there. */
export const AGGREGATES: Record<Name, (x: Expr) => Expr> = {
  sum: (x) => x.sum(),
  mean: (x) => x.mean(),
  var: (x) => centred(x).var(),
  std: (x) => centred(x).std(),
  median: (x) => x.quantile(0.5, 'linear'),
  min: (x) => x.min(),
  max: (x) => x.max(),
  first: (x) => x.first(),
  last: (x) => x.last(),
  nunique: (x) => x.nUnique(),
  count: (x) => x.count(),
};

/**
 * Values as seen from the first of them, which no variance depends on: of 1e9, 1e9 and 1e9 + 1.25 polars
 * loses the eighth digit, by the rounding of their mean. Where the first is no number, neither is the
 * variance.
 */
function centred(x: Expr): Expr {
  const wide = x.cast(pl.Float64);
  return wide.sub(wide.first());
}

export const NAMES = Object.keys(AGGREGATES) as Name[];

const OF_NUMBERS: ReadonlySet<Name> = new Set(['sum', 'mean', 'var', 'std', 'median']);
export const RANKS: ReadonlySet<Name> = new Set(['min', 'max', 'median']);

/** The aggregates that a column of `type` has. */
export function namesOf(type: ParityType): Name[] {
  return type === 'bool' || type === 'utf8' ? NAMES.filter((name) => !OF_NUMBERS.has(name)) : NAMES;
}

/**
 * What polars makes of the values of each window. Where the two differ on purpose:
 * - missing values: `first`, `last` and `nunique` count them in polars and skip them here, as the other
 *   aggregates do on both sides, so polars gets the values without them;
 * - a NaN is passed over by polars' `min` and `max` and is the greatest value to its median; here the
 *   result is NaN, since a NaN says that something went wrong;
 * - sums are of the type of the column in polars, i32 and f32, and i64 and f64 here;
 * - between −∞ and a number a median is NaN in polars, ∞ − ∞, and −∞ here.
 */
export function expected(
  type: ParityType,
  names: readonly Name[],
  windows: readonly (readonly Value[])[],
): unknown[][] {
  if (windows.length === 0) return [];
  const wide = type === 'f32' ? 'f64' : type === 'i32' ? 'i64' : type;
  const x = pl.col('x').dropNulls();
  // All in one query; a missing value in each makes a group of a window without values too.
  const rows = windows.flatMap((window, at) => [null, ...window].map((x) => ({ window: at, x })));
  const results = polarsFrame({ window: 'i64', x: wide }, rows)
    .groupBy('window')
    .agg(...names.map((name) => AGGREGATES[name](x).alias(name)))
    .sort('window')
    .drop('window');
  return rowsOf(results).map((row, at) => {
    const there = present(windows[at]!);
    const spoiled = hasNaN(there);
    return names.map((name, i) => {
      if (spoiled && RANKS.has(name)) return Number.NaN;
      if (name === 'median' && Number.isNaN(row[i])) return infiniteQuantile(there, 0.5);
      return row[i];
    });
  });
}

/** A quantile between an infinity and something else: infinite, unless both ends are, with two signs. */
export function infiniteQuantile(values: readonly Value[], q: number): number {
  const sorted = (values as number[]).toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  return sorted[Math.floor(at)]! + sorted[Math.ceil(at)]!;
}
