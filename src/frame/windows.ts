import type { Aggregator } from './aggregate.ts';
import { checkCount, checkOptions } from './checks.ts';

/** Options of `rolling`. */
export interface RollingOptions {
  /**
   * How many values a window must hold to have a result, from 0 to `n`: by default `n`, and 0 for
   * `count()` and `size()`.
   */
  readonly minPeriods?: number;
}

/** Options of `slidingWindow`. */
export interface FullWindowOptions {
  /** Whether windows that are not full yet, at the beginning, count too. Default false. */
  readonly returnPartial?: boolean;
}

/** The last `n` rows, at every row. */
export function rolling(n: number, options: RollingOptions = {}): Aggregator {
  checkCount('rolling', 'n', n);
  checkOptions('rolling', options, ['minPeriods']);
  const given = options.minPeriods;
  if (given !== undefined && checkCount('rolling', 'minPeriods', given, 0) > n) {
    throw new RangeError(`Cannot create rolling: minPeriods must be at most n, ${n}, got ${given}`);
  }
  return {
    operator: 'rolling',
    op: 'rolling',
    argsFor: (requests) => {
      const counts = requests.every(({ fn }) => fn === 'count' || fn === 'size');
      return { n, minPeriods: given ?? (counts ? 0 : n) };
    },
    yields: 'rows',
  };
}

/** The other ways in which a window moves over rows. */
export const windows = {
  /** The last `n` rows, once per batch. */
  window(options: { readonly n: number }): Aggregator {
    checkOptions('window', options ?? null, ['n']);
    return {
      operator: 'window',
      op: 'window',
      args: { n: checkCount('window', 'n', options.n) },
      yields: 'value',
    };
  },

  /** Every `n` consecutive rows. */
  sliding(n: number, options: FullWindowOptions = {}): Aggregator {
    checkCount('slidingWindow', 'n', n);
    checkOptions('slidingWindow', options, ['returnPartial']);
    const returnPartial = options.returnPartial ?? false;
    return {
      operator: 'slidingWindow',
      op: 'slidingWindow',
      args: { n, returnPartial },
      yields: 'windows',
    };
  },

  /** Every `n` rows, none in two of them. */
  partition(n: number): Aggregator {
    checkCount('partition', 'n', n);
    return { operator: 'partition', op: 'partition', args: { n }, yields: 'windows' };
  },

  /** All rows so far, once per batch. */
  expanding(operator: string): Aggregator {
    return { operator, op: 'aggregate', args: { over: 'all' }, yields: 'value' };
  },
};
