import { checkCount, checkOptions, shown } from '../checks.ts';
import type { Column } from '../output/column.ts';
import { columnOf, type PlanColumn } from '../plan/plan-node.ts';
import type { Summary } from '../summary.ts';
import type { ColumnType, InputOf, Merge, Schema, SumOf, ValuesOf } from '../types.ts';
import {
  type Aggregation,
  type AggregationResults,
  userAggregate,
} from '../user/user-aggregate.ts';
import { type ApplyOptions, userApply } from '../user/user-apply.ts';
import { aggregateWindows, applyWindows } from '../user/user-windows.ts';
import { wrap } from '../wrap.ts';
import {
  type AggregateArguments,
  type AggregateFn,
  type AggregateName,
  type AggregateType,
  type Aggregator,
  aggregateNode,
  checkAggregate,
  type Interpolation,
  inputNode,
  type Over,
  type Request,
} from './aggregate.ts';
import { type CountOptions, checkCountOptions } from './count-options.ts';
import type { AppliedResults, ColumnResults, FrameResults, Shape } from './results.ts';

/** Options of the aggregates of spread. */
export interface SpreadOptions {
  /** What is subtracted from the number of values before dividing: 1 (default) for a sample. */
  readonly ddof?: number;
}

/** Options of `quantile`. */
export interface QuantileOptions {
  /** What the quantile is where it falls between two values. Default `'linear'`. */
  readonly interpolation?: Interpolation;
}

const INTERPOLATIONS: readonly unknown[] = [
  'linear',
  'lower',
  'higher',
  'nearest',
  'midpoint',
] satisfies Interpolation[];

/** The arguments of a quantile as the plan takes them; throws a RangeError or TypeError for others. */
export function quantileArguments(
  operator: string,
  q: unknown,
  options: QuantileOptions = {},
): AggregateArguments {
  if (typeof q !== 'number' || !(q >= 0 && q <= 1)) {
    const Type = typeof q === 'number' ? RangeError : TypeError;
    throw new Type(`Cannot create ${operator}: q must be a number from 0 to 1, got ${shown(q)}`);
  }
  checkOptions(operator, options, ['interpolation']);
  const { interpolation = 'linear' } = options;
  if (!INTERPOLATIONS.includes(interpolation)) {
    throw new TypeError(
      `Cannot create ${operator}: interpolation must be one of ${INTERPOLATIONS.join(', ')}, got ${shown(interpolation)}`,
    );
  }
  return { q, interpolation };
}

/** The schema of several aggregates of one column, each under its own name. */
export type AggregatesSchema<D extends ColumnType, F extends readonly AggregateName[]> = {
  [K in F[number]]: AggregateType<D, K>;
};

/**
 * The aggregates of one column over the windows or groups of an operator: what `rolling(n)`,
 * `window(...)`, `groupBy(...).price` and their like return. Missing values are skipped; an aggregate
 * of too few values is missing. `R` says what comes out: a series of rows, one value per batch, or a
 * keyed table per batch.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series } from 'millrace';
 *
 * const prices = new Series('f64');
 * const highest = prices.rolling(2).max().sinkToList();
 * prices.emit([3, 1, 2]);
 * assert.deepEqual(highest[0]?.toArray(), [null, 3, 2]);
 * ```
 */
export class ColumnAggregates<
  D extends ColumnType,
  N extends string,
  R extends Shape,
  K extends Schema,
> {
  readonly #over: Over;
  readonly #column: PlanColumn;
  readonly #aggregator: Aggregator;

  /** Made by the operators; there is no need to make one. */
  constructor(over: Over, column: PlanColumn, aggregator: Aggregator) {
    this.#over = over;
    this.#column = column;
    this.#aggregator = aggregator;
  }

  /** The sum: exact `i64` for integers (an overflow is an error), `f64` for floats; 0 of nothing. */
  sum(): ColumnResults<SumOf<D>, N, K>[R] {
    return this.#one('sum') as ColumnResults<SumOf<D>, N, K>[R];
  }

  /** The arithmetic mean. */
  mean(): ColumnResults<'f64', N, K>[R] {
    return this.#one('mean') as ColumnResults<'f64', N, K>[R];
  }

  /** How many values are there, missing ones not counted; named `count` in a keyed table. */
  count(): ColumnResults<'i64', 'count', K>[R] {
    return this.#one('count', this.#aggregator.keys && 'count') as ColumnResults<
      'i64',
      'count',
      K
    >[R];
  }

  /** How many rows are there, missing values counted; named `size` in a keyed table. */
  size(): ColumnResults<'i64', 'size', K>[R] {
    return this.#one('size', this.#aggregator.keys && 'size') as ColumnResults<'i64', 'size', K>[R];
  }

  /**
   * The least value: of text the first in order of its UTF-8 bytes, `false` before `true`.
   */
  min(): ColumnResults<D, N, K>[R] {
    return this.#one('min') as ColumnResults<D, N, K>[R];
  }

  /** The greatest value. */
  max(): ColumnResults<D, N, K>[R] {
    return this.#one('max') as ColumnResults<D, N, K>[R];
  }

  /** The variance, of a sample by default. */
  var(options: SpreadOptions = {}): ColumnResults<'f64', N, K>[R] {
    return this.#spread('var', options) as ColumnResults<'f64', N, K>[R];
  }

  /** The standard deviation, of a sample by default. */
  std(options: SpreadOptions = {}): ColumnResults<'f64', N, K>[R] {
    return this.#spread('std', options) as ColumnResults<'f64', N, K>[R];
  }

  /** The first value that is not missing. */
  first(): ColumnResults<D, N, K>[R] {
    return this.#one('first') as ColumnResults<D, N, K>[R];
  }

  /** The last value that is not missing. */
  last(): ColumnResults<D, N, K>[R] {
    return this.#one('last') as ColumnResults<D, N, K>[R];
  }

  /**
   * How many distinct values are there, missing ones not counted: −0 and 0 are one, and so are all
   * NaN. Keeps every distinct value.
   */
  nunique(): ColumnResults<'i64', N, K>[R] {
    return this.#one('nunique') as ColumnResults<'i64', N, K>[R];
  }

  /**
   * The median, as f64; NaN if a value is. Integers are taken as f64, exact within ±2^53.
   *
   * Over rolling and sliding windows the cost of a row is constant in large batches and grows with
   * the logarithm of the window in small ones. Over all rows so far, and by group, every distinct
   * value is kept, in 16 to 32 bytes each.
   */
  median(): ColumnResults<'f64', N, K>[R] {
    return this.#one('median') as ColumnResults<'f64', N, K>[R];
  }

  /**
   * The value below which the share `q` of the values lies, as f64, at the cost of a median.
   *
   * @param q from 0 (the least value) to 1 (the greatest)
   */
  quantile(q: number, options?: QuantileOptions): ColumnResults<'f64', N, K>[R] {
    const given = quantileArguments(`${this.#aggregator.operator}.quantile`, q, options);
    return this.#one('quantile', undefined, given) as ColumnResults<'f64', N, K>[R];
  }

  /**
   * How often each value is there, by value in order of its first row: of `window`, of partitions by
   * time, by group and over all rows. Missing values are counted too.
   *
   * @param options `emit: 'changes'` shows only the values that rows came of or left; not of partitions
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const dice = new Series('u8', { name: 'eyes' });
   * const counts = dice.window({ n: 3 }).valueCounts().sinkToList();
   * dice.emit([6, 1, 6, 1]);
   * assert.deepEqual(counts[0]?.toRows(), [{ eyes: 6, count: 1 }, { eyes: 1, count: 2 }]);
   * ```
   */
  valueCounts(
    options: CountOptions = {},
  ): Summary<Merge<Merge<K, { [P in N]: D }>, { count: 'i64' }>> {
    const { operator, op, keys = [] } = this.#aggregator;
    const emit = checkCountOptions(`${operator}.valueCounts`, options);
    const kept = op === 'window' || op === 'partitionGroupBy' || op === 'groupBy';
    if ((!kept && op !== 'aggregate') || (op === 'partitionGroupBy' && emit.emit !== undefined)) {
      throw new TypeError(
        kept
          ? `Cannot create ${operator}.valueCounts: a partition is emitted once, and takes no emit`
          : `Cannot create ${operator}.valueCounts: values are counted in window(), partitions by time, groups and over all rows`,
      );
    }
    const column = this.#column;
    const node = inputNode(this.#over, false);
    const values = keys.some(({ name }) => name === column.name)
      ? []
      : [{ ...column, expr: columnOf(node, column) }];
    const aggregator: Aggregator = {
      ...this.#aggregator,
      op: kept ? op : 'groupBy',
      args: { ...(kept ? this.#aggregator.args : {}), ...emit },
      keys: [...keys, ...values],
    };
    const counts = aggregateNode(node, aggregator, [{ fn: 'size', column, as: 'count' }]);
    return wrap(counts) as Summary<Merge<Merge<K, { [P in N]: D }>, { count: 'i64' }>>;
  }

  /** The same as {@link ColumnAggregates.valueCounts}, under the name that streams use. */
  frequencies(options?: CountOptions): Summary<Merge<Merge<K, { [P in N]: D }>, { count: 'i64' }>> {
    return this.valueCounts(options);
  }

  /** Several aggregates at once, each in a column of its own name. */
  agg<const F extends readonly AggregateName[]>(
    names: F,
  ): FrameResults<AggregatesSchema<D, F>, K>[R] {
    const operator = `${this.#aggregator.operator}.agg`;
    if (!Array.isArray(names) || names.length === 0) {
      throw new TypeError(
        `Cannot create ${operator}: expected a list of aggregates such as ['mean']`,
      );
    }
    const requests = names.map((fn: unknown) => {
      const name = checkAggregate(operator, fn);
      return { fn: name, column: this.#column, as: name };
    });
    const over = aggregateNode(this.#over, { ...this.#aggregator, framed: true }, requests);
    return wrap(over) as FrameResults<AggregatesSchema<D, F>, K>[R];
  }

  /**
   * An aggregate of your own, as a stream: of `window` and `expanding()` one result per batch, of
   * `rolling` one for every row, also within groups, from the first on whatever the window holds by
   * then, of `slidingWindow(n)` and `partition(n)` one for each window. Of groups it is an array for
   * each batch, of partitions by time one for each that is over, with a row for each group: its keys, of
   * partitions the beginning before them, and the result under the name of the column. `emit`, `maxGroups`
   * and `ttl` of `groupBy` mean what they do for aggregates that have a name.
   *
   * See {@link Aggregation} for what a window costs, and for what its state is to be for `snapshot()`.
   * Throws a TypeError for a function that is missing or none, for `minPeriods`, and where two columns of the
   * rows of groups would have one name.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const counts = new Series('f64');
   * const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
   * const sums = counts
   *   .window({ n: 3 })
   *   .aggregate({
   *     initial: () => 0,
   *     onNew: (total, rows) => total + sum(rows.values),
   *     onOld: (total, rows) => total - sum(rows.values),
   *   })
   *   .sinkToList();
   * counts.emit([1, 2]);
   * counts.emit([4, 8]);
   * assert.deepEqual(sums, [3, 14]);
   * ```
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
   * const highs = trades
   *   .groupBy('symbol')
   *   .price.aggregate({
   *     initial: () => -Infinity,
   *     onNew: (high, rows) => Math.max(high, ...rows.values),
   *   })
   *   .sinkToList();
   * trades.emit({ symbol: ['A', 'B', 'A'], price: [1, 5, 2] });
   * assert.deepEqual(highs, [[{ symbol: 'A', price: 2 }, { symbol: 'B', price: 5 }]]);
   * ```
   */
  aggregate<State, Result = State>(
    aggregation: Aggregation<Column<D>, State, Result>,
  ): AggregationResults<Result, N, K>[R] {
    const operator = `${this.#aggregator.operator}.aggregate`;
    const applied = aggregateWindows(this.#over, this.#column, this.#aggregator);
    const { name } = this.#column;
    const results = userAggregate(operator, applied, aggregation, name);
    return results as unknown as AggregationResults<Result, N, K>[R];
  }

  /**
   * A function of your own over whole windows: of `rolling` a result for every row, also within groups and
   * over a span of time, of `slidingWindow(n)` and `partition(n)` one for each window, of `window` one
   * for each batch, as a series. Of partitions by time it is a frame with a row for each that is over, which
   * begins with its start, and of groups in a window or partition a frame with a row for each group, as
   * the tables of aggregates: of a window a batch for each batch. The function gets the values of a window that
   * are there, as a typed array (`i64` and timestamps as bigints, text as an array) that it must neither
   * change nor keep; `null` is a missing result.
   *
   * It is a call of JavaScript for each window, some hundred times the cost of the aggregates that
   * have a name, and runs whether or not the results have a sink. They are a source of their own, whose
   * rows do not go together with those it was made of. Throws a TypeError over all rows so far, by group or
   * not, which would have to be kept for it: there is `aggregate` for them.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const prices = new Series('f64');
   * const ranges = prices.rolling(2).apply((x) => Math.max(...x) - Math.min(...x)).sinkToList();
   * prices.emit([1, 4, 2]);
   * assert.deepEqual(ranges[0]?.toArray(), [null, 3, 2]);
   * ```
   */
  apply<E extends ColumnType = 'f64'>(
    f: (values: ValuesOf<D>) => InputOf<E>,
    options?: ApplyOptions<E>,
  ): AppliedResults<E, N, K>[R] {
    const operator = `${this.#aggregator.operator}.apply`;
    const applied = applyWindows(this.#over, this.#column, this.#aggregator);
    const results = userApply(operator, this.#column.name, applied, f, options);
    return results as AppliedResults<E, N, K>[R];
  }

  #spread(fn: 'var' | 'std', options: SpreadOptions): unknown {
    const operator = `${this.#aggregator.operator}.${fn}`;
    checkOptions(operator, options, ['ddof']);
    const ddof = checkCount(operator, 'ddof', options.ddof ?? 1, 0);
    return this.#one(fn, undefined, { ddof });
  }

  #one(fn: AggregateFn, as: string = this.#column.name, given?: AggregateArguments): unknown {
    const request: Request = { fn, column: this.#column, as, ...given };
    return wrap(aggregateNode(this.#over, this.#aggregator, [request]));
  }
}
