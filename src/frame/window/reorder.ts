import { type Duration, parseDuration } from '../../time/duration.ts';
import type { Over } from '../aggregate/aggregate.ts';
import { checkCount, checkNanoseconds, checkOptions, shown } from '../checks.ts';
import type { KeyColumn } from '../group/group-by.ts';
import type { TimestampKeys } from '../group/group-options.ts';
import { freeName, holdKeys, ownColumn } from '../group/held-keys.ts';
import { type Expr, PlanNode } from '../plan/plan-node.ts';
import type { Schema } from '../types.ts';
import { type TimeColumn, timeColumn } from './time-column.ts';
import type { RollingExtent, RollingOptions } from './windows.ts';

/** Options of `reorder`. */
export interface ReorderOptions<S extends Schema = Schema> {
  /**
   * How much later than the latest row one may come and still find its place, see {@link Duration};
   * 0 or more.
   */
  readonly lateness: Duration;
  /** The times of the rows: a timestamp column. By default the one that there is. */
  readonly on?: TimestampKeys<S>;
  /**
   * How many rows may wait for others; at least 1, default 1,000,000. Where there are more, the oldest
   * go on early, and what is older still is late.
   */
  readonly maxRows?: number;
}

const MAX_ROWS = 1_000_000;

/** The rows of `node` in order of time. */
export function reorder(operator: string, node: PlanNode, given: unknown): PlanNode {
  checkOptions(operator, given ?? null, ['lateness', 'on', 'maxRows']);
  const { lateness, on, maxRows = MAX_ROWS } = given as ReorderOptions;
  checkCount(operator, 'maxRows', maxRows);
  const time = timeColumn(operator, node, on);
  return reorderedBy(operator, node, nameOf(operator, node, time), lateness, maxRows);
}

interface TimeOptions {
  readonly on?: TimeColumn;
  readonly lateness?: Duration;
}

/** What an operator over a span of time runs on. */
interface Ordered<O, T extends Over> {
  readonly over: T;
  /** Its options, without the `lateness` that is seen to. */
  readonly options: O;
  /** The keys that were given, as those of these rows. */
  readonly keys: readonly KeyColumn[];
}

/**
 * What an operator over a span of time runs on: where `lateness` is among its options, the rows in order
 * of time, which are then rows of their own.
 */
export function inOrder<O extends object, T extends Over>(
  operator: string,
  over: T,
  given: O,
  keys: readonly KeyColumn[] = [],
): Ordered<O, T> {
  // Windows of rows have no times, and say that they take no lateness.
  if (typeof given !== 'object' || given === null || !('lateness' in given) || 'n' in given) {
    return { over, options: given, keys };
  }
  const { lateness, ...rest } = given as TimeOptions;
  if (lateness === undefined) return { over, options: rest as unknown as O, keys };
  const time = timeColumn(operator, over, rest.on);
  const own = ownColumn(over, time);
  const on = own ?? freeName('time', over instanceof PlanNode ? over.columns : [over]);
  const times = own === undefined ? [{ name: on, type: 'timestamp' as const, expr: time }] : [];
  const held = holdKeys(over, keys, times);
  const node = reorderedBy(operator, held.node, on, lateness, MAX_ROWS);
  const options = { ...rest, on } as unknown as O;
  return { over: sameOf(over, node) as T, options, keys: held.keysOf(node) };
}

/** As {@link inOrder}, of a rolling window. */
export function rollingInOrder<T extends Over>(
  over: T,
  extent: RollingExtent,
  options: RollingOptions = {},
  keys: readonly KeyColumn[] = [],
): Ordered<RollingOptions, T> {
  if (typeof extent === 'number') return { over, options, keys };
  return inOrder('rolling', over, options, keys);
}

/** What `over` is, of other rows. */
function sameOf(over: Over, node: PlanNode): Over {
  if (over instanceof PlanNode) return node;
  const { graph, name, type } = over;
  return { graph, name, type, domain: node, expr: { col: name, of: node } };
}

function reorderedBy(
  operator: string,
  node: PlanNode,
  on: string,
  lateness: Duration,
  maxRows: number,
): PlanNode {
  const none = parseDuration(lateness, operator) === 0;
  const spec = {
    op: 'reorder',
    input: node,
    on,
    lateness: none ? '0' : checkNanoseconds(operator, lateness),
    maxRows,
  };
  return new PlanNode(node.graph, 'frame', node.columns, spec);
}

function nameOf(operator: string, node: PlanNode, time: Expr): string {
  const name = ownColumn(node, time);
  if (name === undefined) {
    throw new TypeError(
      `Cannot create ${operator}: on must name a column of the frame, which has ${shown(node.columns.map((column) => column.name))}`,
    );
  }
  return name;
}
