import { type Duration, parseDuration } from '../time/duration.ts';
import type { Over } from './aggregate.ts';
import { checkCount, checkNanoseconds, checkOptions, shown } from './checks.ts';
import type { TimestampKeys } from './group-options.ts';
import { type Expr, PlanNode } from './plan-node.ts';
import { type TimeColumn, timeColumn } from './time-column.ts';
import type { Schema } from './types.ts';

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

/** The options of an operator over a span of time, without the `lateness` that is seen to here. */
interface Ordered<O> {
  readonly over: Over;
  readonly options: O;
}

/**
 * What an operator over a span of time runs on: where `lateness` is among its options, the rows in order
 * of time, which are then rows of their own.
 */
export function inOrder<O extends object>(operator: string, over: Over, given: O): Ordered<O> {
  if (typeof given !== 'object' || given === null || !('lateness' in given)) {
    return { over, options: given };
  }
  const { lateness, ...rest } = given as TimeOptions;
  if (lateness === undefined) return { over, options: rest as unknown as O };
  const time = timeColumn(operator, over, rest.on);
  const columns = over instanceof PlanNode ? over.columns : [over];
  let on = 'time';
  while (columns.some(({ name }) => name === on)) on += '_';
  const own = over instanceof PlanNode ? ownColumn(over, time) : undefined;
  const held = own === undefined ? withTime(over, time, on) : (over as PlanNode);
  const node = reorderedBy(operator, held, own ?? on, lateness, MAX_ROWS);
  const options = { ...rest, on: own ?? on } as unknown as O;
  if (over instanceof PlanNode) return { over: node, options };
  const { graph, name, type } = over;
  return { over: { graph, name, type, domain: node, expr: { col: name, of: node } }, options };
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

/** The rows of `over` with their times beside them. */
function withTime(over: Over, time: Expr, name: string): PlanNode {
  const { graph, domain } = over;
  const columns =
    over instanceof PlanNode
      ? over.columns.map((column) => ({ ...column, expr: { col: column.name, of: over } }))
      : [{ name: over.name, type: over.type, expr: over.expr }];
  const all = [...columns, { name, type: 'timestamp' as const, expr: time }];
  return new PlanNode(
    graph,
    'frame',
    all.map(({ name, type }) => ({ name, type })),
    { op: 'frame', columns: all.map(({ name, expr }) => ({ name, expr })) },
    domain,
  );
}

/** The name of the column of `node` that an expression is; none where it is another expression. */
function ownColumn(node: PlanNode, expr: Expr): string | undefined {
  if (!('of' in expr) || expr.of !== node) return undefined;
  return expr.col ?? node.columns[0]!.name;
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
