import { type Aggregator, aggregateNode, type Request } from '../aggregate/aggregate.ts';
import { ColumnAggregates } from '../aggregate/column-aggregates.ts';
import {
  type AggregateProperties,
  FrameAggregates,
  findColumn,
} from '../aggregate/frame-aggregates.ts';
import type { ColumnResults } from '../aggregate/results.ts';
import { checkCount, shown } from '../checks.ts';
import { checkDomain, type SeriesLike } from '../expression/term.ts';
import { type Key, type PlanColumn, PlanNode } from '../plan/plan-node.ts';
import { Series, seriesOf, termOf } from '../series.ts';
import { Summary } from '../summary.ts';
import type { ColumnType, Schema } from '../types.ts';
import { rollingInOrder } from '../window/reorder.ts';
import { type RollingExtent, type RollingOptions, rolling } from '../window/windows.ts';

/** Names of columns, or expressions over them, to group by. */
export type GroupKey<S extends Schema> = (keyof S & string) | SeriesLike;

/** The key columns of a grouping by `G`. */
export type KeySchema<S extends Schema, G extends readonly GroupKey<S>[]> = {
  [P in G[number] as P extends string
    ? P
    : P extends SeriesLike<ColumnType, infer N>
      ? N
      : never]: P extends keyof S ? S[P] : P extends SeriesLike<infer D> ? D : never;
};

/** The columns of the frame as properties; methods win over columns of their name. */
export type GroupProperties<S extends Schema, K extends Schema> = {
  readonly [P in Exclude<keyof S & string, keyof GroupBy<S, K>>]: GroupedColumn<S[P], P, K>;
};

/** A grouping key: what it is computed by, and the column it makes. */
export type KeyColumn = Key & PlanColumn;

/**
 * The rows of a frame by the values of its keys; a missing key is a key of its own. Aggregates are
 * over all rows so far and give a table of all keys per batch, in the order in which keys were first
 * seen. Its state grows with the number of distinct keys, unless `maxGroups` or `ttl` bound it.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { DataFrame } from 'millrace';
 *
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * const means = trades.groupBy('symbol').price.mean().sinkToList();
 * trades.emit([{ symbol: 'A', price: 1 }, { symbol: 'B', price: 5 }]);
 * trades.emit([{ symbol: 'A', price: 2 }]);
 * assert.deepEqual(means[1]?.toColumns(), { symbol: ['A', 'B'], price: [1.5, 5] });
 * ```
 */
export class GroupBy<S extends Schema, K extends Schema> extends FrameAggregates<S, 'keyed', K> {
  readonly #node: PlanNode;
  readonly #aggregator: Aggregator;
  readonly #keys: readonly KeyColumn[];

  /** Made by `groupBy`; there is no need to make one. */
  constructor(node: PlanNode, aggregator: Aggregator, keys: readonly KeyColumn[]) {
    super(node, { ...aggregator, keys });
    this.#node = node;
    this.#aggregator = { ...aggregator, keys };
    this.#keys = keys;
  }

  /** One column by group; throws a TypeError for a name that the frame has not. */
  override col<P extends keyof S & string>(name: P): GroupedColumn<S[P], P, K> {
    const column = findColumn('groupBy', this.#node, name);
    return new GroupedColumn<S[P], P, K>(this.#node, column, this.#aggregator);
  }

  /** How many rows each group has, in one column named `count`. */
  count(): ColumnResults<'i64', 'count', K>['keyed'] {
    const request: Request = { fn: 'size', column: this.#node.columns[0]!, as: 'count' };
    const node = aggregateNode(this.#node, this.#aggregator, [request]);
    return new Summary(node) as ColumnResults<'i64', 'count', K>['keyed'];
  }

  /** Aggregates over the last rows of the row's own group, or those of a span of time; one for every row. */
  rolling(extent: RollingExtent, options?: RollingOptions): RollingGroups<S> {
    checkRunning('rolling', this.#aggregator);
    const ordered = rollingInOrder(this.#node, extent, options, this.#keys);
    const { op, argsFor } = rolling(ordered.over, extent, ordered.options);
    const aggregator: Aggregator = {
      operator: 'groupBy.rolling',
      op: op === 'rolling' ? 'groupRolling' : op,
      keys: ordered.keys,
      yields: 'rows',
      ...(argsFor === undefined ? {} : { argsFor }),
    };
    return new FrameAggregates<S, 'rows', Schema>(ordered.over, aggregator) as RollingGroups<S>;
  }
}

/** Throws a TypeError unless the groups are of all rows, and for good. */
function checkRunning(operator: string, { op, operator: name, args = {} }: Aggregator): void {
  if (op !== 'groupBy') {
    throw new TypeError(
      `Cannot create ${operator}: it works on groups of all rows, not on those of ${name}`,
    );
  }
  const options = Object.keys(args);
  if (options.length > 0) {
    throw new TypeError(
      `Cannot create ${operator}: it has a row for every row, and takes no options of groupBy, got ${options.join(', ')}`,
    );
  }
}

/** Rolling aggregates within groups, with the columns as properties. */
export type RollingGroups<S extends Schema> = FrameAggregates<S, 'rows', Schema> &
  AggregateProperties<S, 'rows', Schema>;

/** One column by group: its aggregates, and what looks back within a group. */
export class GroupedColumn<
  D extends ColumnType,
  N extends string,
  K extends Schema,
> extends ColumnAggregates<D, N, 'keyed', K> {
  readonly #node: PlanNode;
  readonly #column: PlanColumn;
  readonly #aggregator: Aggregator;

  /** Made by `groupBy`; there is no need to make one. */
  constructor(node: PlanNode, column: PlanColumn, aggregator: Aggregator) {
    super(node, column, aggregator);
    this.#node = node;
    this.#column = column;
    this.#aggregator = aggregator;
  }

  /** Aggregates over the last rows of the row's own group, or those of a span of time; one for every row. */
  rolling(extent: RollingExtent, options?: RollingOptions): ColumnAggregates<D, N, 'rows', Schema> {
    const groups = new GroupBy<Schema, K>(
      this.#node,
      this.#aggregator,
      this.#aggregator.keys ?? [],
    );
    return groups.rolling(extent, options).col(this.#column.name) as unknown as ColumnAggregates<
      D,
      N,
      'rows',
      Schema
    >;
  }

  /** The value `n` rows back (default 1) in the row's own group; missing where there is none. */
  shift(n = 1): Series<D, N> {
    checkCount('shift', 'n', n);
    checkRunning('shift', this.#aggregator);
    const { graph, domain } = this.#node;
    const { name, type } = this.#column;
    const spec = {
      op: 'groupShift',
      input: this.#node,
      keys: this.#aggregator.keys?.map((key) => ({ name: key.name, expr: key.expr })),
      column: { col: name, of: this.#node },
      n,
      as: name,
    };
    const node = new PlanNode(graph, 'series', [{ name, type }], spec, domain);
    return seriesOf({ graph, domain, expr: { of: node }, name, type });
  }
}

/** The keys of a grouping, from names and expressions. */
export function groupKeys(node: PlanNode, given: readonly unknown[]): KeyColumn[] {
  if (given.length === 0) {
    throw new TypeError('Cannot create groupBy: expected at least one column name or expression');
  }
  const keys = given.map((key): KeyColumn => {
    if (key instanceof Series) return expressionKey(node, key);
    const column = findColumn('groupBy', node, key);
    return { ...column, expr: { col: column.name, of: node } };
  });
  const names = new Set(keys.map(({ name }) => name));
  if (names.size < keys.length) {
    throw new TypeError(
      `Cannot create groupBy: keys must have different names, got ${shown(keys.map(({ name }) => name))}; rename() one`,
    );
  }
  return keys;
}

function expressionKey(node: PlanNode, key: unknown): KeyColumn {
  const term = termOf('groupBy', key);
  const { graph, domain } = node;
  checkDomain('groupBy', { ...term, graph, domain, name: 'the frame' }, term);
  return { name: term.name, type: term.type, expr: term.expr };
}
