import { checkCount, checkOptions, shown } from '../checks.ts';
import { defineColumns } from '../column-properties.ts';
import type { Table } from '../output/table.ts';
import type { PlanColumn, PlanNode } from '../plan/plan-node.ts';
import { type ColumnType, isNumeric, type NumericKeys, type Schema } from '../types.ts';
import {
  type Aggregation,
  type AggregationResults,
  userAggregate,
} from '../user/user-aggregate.ts';
import { aggregateWindows } from '../user/user-windows.ts';
import { wrap } from '../wrap.ts';
import {
  type AggregateArguments,
  type AggregateFn,
  type AggregateName,
  type AggregateType,
  type Aggregator,
  aggregateNode,
  checkAggregate,
  type Request,
} from './aggregate.ts';
import {
  ColumnAggregates,
  type QuantileOptions,
  quantileArguments,
  type SpreadOptions,
} from './column-aggregates.ts';
import type { ColumnResults, FrameResults, Shape } from './results.ts';

/** Which aggregates of which columns: `{ delay: ['mean', 'count'], distance: 'max' }`. */
export type AggregateSpec<S extends Schema> = {
  readonly [K in keyof S]?: AggregateName | readonly [AggregateName, ...AggregateName[]];
};

/**
 * The schema of an {@link AggregateSpec}: a column with one aggregate keeps its name, one with several
 * has a column for each, as `delay_mean`.
 */
export type AggregatedSchema<S extends Schema, A> = {
  [P in keyof A & keyof S & string as A[P] extends readonly [string, string, ...string[]]
    ? `${P}_${A[P][number]}`
    : P]: A[P] extends readonly [string, string, ...string[]]
    ? ColumnType
    : A[P] extends readonly [infer F]
      ? AggregateType<S[P], F>
      : AggregateType<S[P], A[P]>;
};

/** The numeric columns of `S`, each as the type that `F` gives. */
type Every<S extends Schema, F> = {
  [P in NumericKeys<S>]: AggregateType<S[P], F>;
};

/** The columns of the frame as properties; methods win over columns of their name. */
export type AggregateProperties<S extends Schema, R extends Shape, K extends Schema> = {
  readonly [P in Exclude<keyof S & string, keyof FrameAggregates<S, R, K>>]: ColumnAggregates<
    S[P],
    P,
    R,
    K
  >;
};

/**
 * The aggregates of a frame over the windows or groups of an operator. Choose a column, by property or
 * by `col(name)`, or aggregate all numeric ones at once.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { DataFrame } from 'millrace';
 *
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64', size: 'i64' });
 * const seen = trades.groupBy('symbol').agg({ price: ['min', 'max'], size: 'sum' }).sinkToList();
 * trades.emit([
 *   { symbol: 'A', price: 1, size: 10 },
 *   { symbol: 'A', price: 3, size: 20 },
 * ]);
 * assert.deepEqual(seen[0]?.toRows(), [{ symbol: 'A', price_min: 1, price_max: 3, size: 30 }]);
 * ```
 */
export class FrameAggregates<S extends Schema, R extends Shape, K extends Schema> {
  readonly #node: PlanNode;
  readonly #aggregator: Aggregator;

  /** Made by the operators; there is no need to make one. */
  constructor(node: PlanNode, aggregator: Aggregator) {
    this.#node = node;
    this.#aggregator = aggregator;
    defineColumns(
      this,
      node.columns.map(({ name }) => name),
      (name) => this.col(name),
    );
  }

  /** The aggregates of one column; throws a TypeError for a name that the frame has not. */
  col<P extends keyof S & string>(name: P): ColumnAggregates<S[P], P, R, K> {
    const column = findColumn(this.#aggregator.operator, this.#node, name);
    return new ColumnAggregates<S[P], P, R, K>(
      overColumn(this.#node, column, this.#aggregator),
      column,
      this.#aggregator,
    );
  }

  /** The sum of every numeric column. */
  sum(): FrameResults<Every<S, 'sum'>, K>[R] {
    return this.#every('sum') as FrameResults<Every<S, 'sum'>, K>[R];
  }

  /** The mean of every numeric column. */
  mean(): FrameResults<Every<S, 'mean'>, K>[R] {
    return this.#every('mean') as FrameResults<Every<S, 'mean'>, K>[R];
  }

  /** The variance of every numeric column. */
  var(options: SpreadOptions = {}): FrameResults<Every<S, 'var'>, K>[R] {
    return this.#spread('var', options) as FrameResults<Every<S, 'var'>, K>[R];
  }

  /** The standard deviation of every numeric column. */
  std(options: SpreadOptions = {}): FrameResults<Every<S, 'std'>, K>[R] {
    return this.#spread('std', options) as FrameResults<Every<S, 'std'>, K>[R];
  }

  /** The least value of every numeric column. */
  min(): FrameResults<Every<S, 'min'>, K>[R] {
    return this.#every('min') as FrameResults<Every<S, 'min'>, K>[R];
  }

  /** The greatest value of every numeric column. */
  max(): FrameResults<Every<S, 'max'>, K>[R] {
    return this.#every('max') as FrameResults<Every<S, 'max'>, K>[R];
  }

  /** The median of every numeric column. */
  median(): FrameResults<Every<S, 'median'>, K>[R] {
    return this.#every('median') as FrameResults<Every<S, 'median'>, K>[R];
  }

  /** The value below which the share `q`, from 0 to 1, lies: of every numeric column. */
  quantile(q: number, options?: QuantileOptions): FrameResults<Every<S, 'median'>, K>[R] {
    const given = quantileArguments(`${this.#aggregator.operator}.quantile`, q, options);
    return this.#every('quantile', given) as FrameResults<Every<S, 'median'>, K>[R];
  }

  /** How many rows there are, in one column named `size`. */
  size(): ColumnResults<'i64', 'size', K>[R] {
    const column = this.#values()[0] ?? this.#node.columns[0]!;
    return new ColumnAggregates<ColumnType, string, R, K>(
      overColumn(this.#node, column, this.#aggregator),
      column,
      this.#aggregator,
    ).size();
  }

  /** Chosen aggregates of chosen columns. */
  agg<const A extends AggregateSpec<S>>(spec: A): FrameResults<AggregatedSchema<S, A>, K>[R] {
    const requests = aggregateRequests(`${this.#aggregator.operator}.agg`, this.#node, spec);
    return this.#wrap(requests) as FrameResults<AggregatedSchema<S, A>, K>[R];
  }

  /**
   * An aggregate of your own, as {@link ColumnAggregates.aggregate} of one column; its functions get
   * tables, and rows of groups have their results under `result`.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const trades = new DataFrame({ symbol: 'utf8', price: 'f64', size: 'f64' });
   * const values = trades
   *   .window({ n: 3 })
   *   .groupBy('symbol')
   *   .aggregate({
   *     initial: () => 0,
   *     onNew: (value, rows) => {
   *       const sizes = rows.column('size').values;
   *       return rows.column('price').values.reduce((sum, price, i) => sum + price * sizes[i]!, value);
   *     },
   *   })
   *   .sinkToList();
   * trades.emit({ symbol: ['A', 'B'], price: [2, 3], size: [5, 1] });
   * assert.deepEqual(values, [[{ symbol: 'A', result: 10 }, { symbol: 'B', result: 3 }]]);
   * ```
   */
  aggregate<State, Result = State>(
    aggregation: Aggregation<Table<S>, State, Result>,
  ): AggregationResults<Result, 'result', K>[R] {
    const operator = `${this.#aggregator.operator}.aggregate`;
    const applied = aggregateWindows(this.#node, null, this.#aggregator);
    const results = userAggregate(operator, applied, aggregation, 'result');
    return results as unknown as AggregationResults<Result, 'result', K>[R];
  }

  #spread(fn: 'var' | 'std', options: SpreadOptions): unknown {
    const operator = `${this.#aggregator.operator}.${fn}`;
    checkOptions(operator, options, ['ddof']);
    return this.#every(fn, { ddof: checkCount(operator, 'ddof', options.ddof ?? 1, 0) });
  }

  #every(fn: AggregateFn, given?: AggregateArguments): unknown {
    const columns = this.#values().filter(({ type }) => isNumeric(type));
    if (columns.length === 0) {
      throw new TypeError(
        `Cannot create ${this.#aggregator.operator}.${fn}: wanted a numeric column, got ${shown(schemaOf(this.#node))}`,
      );
    }
    return this.#wrap(columns.map((column) => ({ fn, column, as: column.name, ...given })));
  }

  #wrap(requests: readonly Request[]): unknown {
    return wrap(aggregateNode(this.#node, { ...this.#aggregator, framed: true }, requests));
  }

  /** The columns that are not keys. */
  #values(): readonly PlanColumn[] {
    const keys = new Set(this.#aggregator.keys?.map(({ name }) => name));
    return this.#node.columns.filter(({ name }) => !keys.has(name));
  }
}

/** What one column of a frame is aggregated over: the frame where there are keys, else the column. */
function overColumn(node: PlanNode, column: PlanColumn, { keys }: Aggregator) {
  if (keys !== undefined) return node;
  const { graph, domain } = node;
  return { graph, domain, expr: { col: column.name, of: node }, ...column };
}

/** A column of a frame by its name; throws a TypeError naming those there are. */
export function findColumn(operator: string, node: PlanNode, name: unknown): PlanColumn {
  const column = node.columns.find((other) => other.name === name);
  if (column === undefined) {
    throw new TypeError(
      `Cannot create ${operator}: no column ${shown(name)}, the frame has ${node.columns
        .map((other) => other.name)
        .join(', ')}`,
    );
  }
  return column;
}

/** Names to types of a frame's columns. */
export function schemaOf(node: PlanNode): Schema {
  return Object.fromEntries(node.columns.map(({ name, type }) => [name, type]));
}

function aggregateRequests(operator: string, node: PlanNode, spec: unknown): Request[] {
  if (typeof spec !== 'object' || spec === null || Object.keys(spec).length === 0) {
    throw new TypeError(
      `Cannot create ${operator}: expected aggregates by column such as { price: ['mean'] }, got ${shown(spec)}`,
    );
  }
  const requests: Request[] = [];
  for (const [name, wanted] of Object.entries(spec as Record<string, unknown>)) {
    const column = findColumn(operator, node, name);
    const fns: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    if (fns.length === 0) {
      throw new TypeError(`Cannot create ${operator}: no aggregate is given for column '${name}'`);
    }
    for (const given of fns) {
      const fn = checkAggregate(operator, given);
      requests.push({ fn, column, as: fns.length === 1 ? name : `${name}_${fn}` });
    }
  }
  return requests;
}
