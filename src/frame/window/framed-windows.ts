import type { Duration } from '../../time/duration.ts';
import type { Aggregator } from '../aggregate/aggregate.ts';
import { FrameAggregates, findColumn } from '../aggregate/frame-aggregates.ts';
import type { Shape } from '../aggregate/results.ts';
import { checkNanoseconds, checkOptions, shown } from '../checks.ts';
import { TERM, type Term } from '../expression/term.ts';
import {
  GroupBy,
  type GroupKey,
  type GroupProperties,
  type KeyColumn,
  type KeySchema,
} from '../group/group-by.ts';
import { type WindowGroupOptions, windowGroupArguments } from '../group/group-options.ts';
import { frameOf, holdKeys } from '../group/held-keys.ts';
import { type Expr, PlanNode } from '../plan/plan-node.ts';
import type { Merge, Schema } from '../types.ts';
import { reorder } from './reorder.ts';
import { type TimeColumn, timeColumn } from './time-column.ts';

/** The key columns of a grouping within partitions, which have some already, or in a window. */
export type MergedKeys<
  S extends Schema,
  K extends Schema,
  G extends readonly GroupKey<S>[],
> = string extends keyof K
  ? KeySchema<S, G>
  : Merge<K, KeySchema<S, G>> extends infer M extends Schema
    ? M
    : never;

/** Groups with the columns of the frame as properties. */
export type Groups<S extends Schema, K extends Schema> = GroupBy<S, K> & GroupProperties<S, K>;

/** The windows that rows with these keys go through. */
export type OpenWindows = (keys: readonly KeyColumn[]) => {
  readonly over: PlanNode;
  readonly aggregator: Aggregator;
  /** The keys, as those of the rows that the windows are of. */
  readonly keys: readonly KeyColumn[];
};

/**
 * The rows of a frame in a window: aggregates of all of it, or `groupBy` keys within it. Made by
 * `window({ n })`, `window({ value })` and by `partition('1d', { on: 'date' })`.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { DataFrame } from 'millrace';
 *
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * const sums = trades.window({ n: 2 }).groupBy('symbol').price.sum().sinkToList();
 * trades.emit({ symbol: ['A', 'B', 'B'], price: [1, 2, 3] });
 * assert.deepEqual(sums[0]?.toRows(), [{ symbol: 'B', price: 5 }]);
 * ```
 */
export class FramedWindow<
  S extends Schema,
  R extends Shape,
  K extends Schema,
> extends FrameAggregates<S, R, K> {
  readonly #node: PlanNode;
  readonly #windows: OpenWindows;

  /** Made by the operators; there is no need to make one. */
  constructor(node: PlanNode, windows: OpenWindows) {
    const { over, aggregator } = windows([]);
    super(over, aggregator);
    this.#node = node;
    this.#windows = windows;
  }

  /**
   * The rows of the window by the values of keys. A group without rows in the window is absent; in a
   * window by rows, one that comes back is the last of the table. There `{ emit: 'changes' }` may
   * come last: a table then has the groups alone that rows came to or left, and one without any row
   * left comes once more, with the aggregates of no rows.
   */
  groupBy<const G extends readonly GroupKey<S>[]>(...keys: G): Groups<S, MergedKeys<S, K, G>>;
  groupBy<const G extends readonly GroupKey<S>[]>(
    ...keysAndOptions: [...G, WindowGroupOptions]
  ): Groups<S, MergedKeys<S, K, G>>;
  groupBy(...given: readonly unknown[]): unknown {
    const { op, first = [] } = this.#windows([]).aggregator;
    const { keys, args } = windowGroupArguments(this.#node, given, op);
    for (const { name } of keys) {
      if (first.some((other) => other.name === name)) {
        throw new TypeError(
          `Cannot create groupBy: '${name}' names the beginning of the partition already, rename() the key`,
        );
      }
    }
    const { over, aggregator, keys: own } = this.#windows(keys);
    return new GroupBy(over, { ...aggregator, args: { ...aggregator.args, ...args } }, own);
  }
}

/** Options of `partition` by time. */
export interface TimePartitionOptions {
  /** The timestamp column; by default the one that there is. */
  readonly on?: string;
  /** How much later than the latest row one may come and still be in its partition; default 0. */
  readonly lateness?: Duration;
}

/** Partitions by event time, `every` long. */
export function timePartition(
  node: PlanNode,
  every: Duration,
  options: TimePartitionOptions | undefined,
): OpenWindows {
  checkOptions('partition', options, ['on', 'lateness']);
  const times = node.columns.filter(({ type }) => type === 'timestamp');
  const name = options?.on ?? (times.length === 1 ? times[0]!.name : undefined);
  if (name === undefined) {
    throw new TypeError(
      `Cannot create partition: give the timestamp column as { on: name }, the frame has ${times.length === 0 ? 'none' : times.map((column) => column.name).join(', ')}`,
    );
  }
  const column = findColumn('partition', node, name);
  if (column.type !== 'timestamp') {
    throw new TypeError(
      `Cannot create partition: column ${shown(name)} must be a timestamp, got ${column.type}`,
    );
  }
  const aggregator: Aggregator = {
    operator: 'partition',
    op: 'partitionGroupBy',
    args: { on: name, every: checkNanoseconds('partition', every) },
    keys: [],
    first: [column],
    yields: 'value',
  };
  const lateness = options?.lateness;
  if (lateness === undefined) return (keys) => ({ over: node, aggregator, keys });
  return (keys) => {
    const held = holdKeys(node, keys);
    // A row without a time is in no partition.
    const isNull = { op: 'isNull', args: [{ col: name, of: held.node }] };
    const predicate = { op: 'not', args: [isNull] };
    const { graph, columns } = held.node;
    const spec = { op: 'filter', input: held.node, predicate };
    const timed = new PlanNode(graph, 'frame', columns, spec);
    const over = reorder('partition', timed, { on: name, lateness });
    return { over, aggregator, keys: held.keysOf(over) };
  };
}

/** Partitions by event time of one column. */
export function columnPartition(
  over: Term,
  every: Duration,
  options: ColumnPartitionOptions = {},
): unknown {
  checkOptions('partition', options, ['on', 'lateness']);
  const { on, lateness } = options;
  // What is no span of time was meant as a number of rows, and needs no column of times.
  checkNanoseconds('partition', every);
  const expr = timeColumn('partition', over, on);
  const time = nameOfTime(expr, on);
  if (time === over.name) {
    throw new TypeError(
      `Cannot create partition: '${time}' names the beginning of the partition, rename() the column`,
    );
  }
  const node = frameOf(over, [{ name: time, type: 'timestamp', expr }, over]);
  const windows = timePartition(node, every, {
    on: time,
    ...(lateness !== undefined && { lateness }),
  });
  return new FramedWindow<Schema, 'keyed', Schema>(node, windows).col(over.name);
}

interface ColumnPartitionOptions {
  readonly on?: TimeColumn;
  readonly lateness?: Duration;
}

function nameOfTime(expr: Expr, on: TimeColumn | undefined): string {
  if (typeof on === 'object') return on[TERM].name;
  return on ?? ('of' in expr ? (expr.col ?? expr.of.columns[0]!.name) : 'time');
}
