import { type Aggregator, inputNode, type Over, type Request } from '../aggregate/aggregate.ts';
import { type Computed, frameOf, freeName } from '../group/held-keys.ts';
import { columnOf, type Expr, type Key, type PlanColumn, PlanNode } from '../plan/plan-node.ts';

/** Which windows of rows there are, and where the rows have what these go by. */
export interface UserWindows {
  readonly op: 'all' | 'rolling' | 'slidingWindow' | 'partition' | 'window' | 'timePartition';
  /** The columns that the function is over: so many, before all others. */
  readonly values: readonly PlanColumn[];
  /** Whether it gets one of them, and not tables. */
  readonly isColumn: boolean;
  /** The last rows, this many; or with `span` those of so many nanoseconds. */
  readonly n?: number;
  readonly span?: bigint;
  /** The columns that rows are grouped by, if they are. */
  readonly keys: readonly number[];
  /** The column of the times of rows, if they matter. */
  readonly time?: number;
  /** How many values a window must have to have a result; of `rolling` only. */
  readonly minPeriods: number;
  readonly returnPartial: boolean;
  /** Of `slidingWindow`: rows from one window to the next. */
  readonly step: number;
  /** Of groups: which of them each batch shows. */
  readonly emit: 'all' | 'changes' | 'end';
  /** Of groups of all rows: how many there may be, and for how many nanoseconds without a row. */
  readonly maxGroups?: number;
  readonly ttl?: bigint;
}

/** What a function of the user's is called for. */
export interface Applied {
  readonly windows: UserWindows;
  /** Where their rows come from. */
  readonly node: PlanNode;
  /** What comes before the results, where each window gives a table of groups. */
  readonly before?: readonly PlanColumn[];
}

/** Which windows an operator has. */
const KINDS: ReadonlyMap<string, UserWindows['op']> = new Map([
  ['aggregate', 'all'],
  ['groupBy', 'all'],
  ['rolling', 'rolling'],
  ['rollingSpan', 'rolling'],
  ['groupRolling', 'rolling'],
  ['slidingWindow', 'slidingWindow'],
  ['partition', 'partition'],
  ['partitionGroupBy', 'timePartition'],
  ['window', 'window'],
]);

/** The windows that `apply` is for. */
export function applyWindows(over: Over, column: PlanColumn, aggregator: Aggregator): Applied {
  const { operator, op, keys } = aggregator;
  if (KINDS.get(op) === 'all') {
    throw new TypeError(
      `Cannot create ${operator}.apply: it is for windows and partitions, which end, not for all rows so far${keys === undefined ? '' : ' of groups'}; see aggregate`,
    );
  }
  // A result is missing where an aggregate of values would be, such as the mean.
  return userWindows(`${operator}.apply`, over, column, aggregator, 'mean');
}

/** The windows that `aggregate` is for: of one column, or of all those of a frame. */
export function aggregateWindows(
  over: Over,
  column: PlanColumn | null,
  aggregator: Aggregator,
): Applied {
  const operator = `${aggregator.operator}.aggregate`;
  const applied = userWindows(operator, over, column, aggregator, 'size');
  const { minPeriods } = applied.windows;
  if (minPeriods > 0) {
    throw new TypeError(
      `Cannot create ${operator}: every row has a result here, count rows in the state instead of minPeriods, got ${minPeriods}`,
    );
  }
  return applied;
}

function userWindows(
  operator: string,
  over: Over,
  column: PlanColumn | null,
  aggregator: Aggregator,
  fn: Request['fn'],
): Applied {
  const { op, args, argsFor, keys, first = [], yields } = aggregator;
  const kind = KINDS.get(op);
  if (kind === undefined)
    throw new TypeError(`Cannot create ${operator}: it has no windows of rows`);
  const request: Request = { fn, column: { name: '', type: 'f64' }, as: '' };
  const given: Given = { ...args, ...argsFor?.([request]) };
  const {
    n,
    span = given.every,
    on,
    minPeriods,
    returnPartial,
    step,
    emit,
    maxGroups,
    ttl,
  } = given;
  const rows = rowsWith(over, column, on, keys);
  const windows: UserWindows = {
    op: kind,
    values: rows.values,
    isColumn: column !== null,
    ...(n !== undefined && { n }),
    ...(span !== undefined && { span: BigInt(span) }),
    keys: rows.keys,
    ...(rows.time !== undefined && { time: rows.time }),
    minPeriods: minPeriods ?? 0,
    returnPartial: returnPartial ?? false,
    step: step ?? 1,
    emit: emit ?? 'all',
    ...(maxGroups !== undefined && { maxGroups }),
    ...(ttl !== undefined && { ttl: BigInt(ttl) }),
  };
  if (keys === undefined || yields !== 'value') return { windows, node: rows.node };
  const before = [...first, ...keys].map(({ name, type }) => ({ name, type }));
  return { windows, node: rows.node, before };
}

/** The arguments of operators, as the plan takes them. */
interface Given {
  readonly n?: number;
  readonly span?: string;
  readonly every?: string;
  readonly on?: string | Expr;
  readonly minPeriods?: number;
  readonly returnPartial?: boolean;
  readonly step?: number;
  readonly emit?: UserWindows['emit'];
  readonly maxGroups?: number;
  readonly ttl?: string;
}

interface RowsWith extends Pick<UserWindows, 'values' | 'keys' | 'time'> {
  readonly node: PlanNode;
}

/** The rows of `over`, or one column of them, with their times and keys beside them. */
function rowsWith(
  over: Over,
  column: PlanColumn | null,
  on: string | Expr | undefined,
  keys: readonly (Key & PlanColumn)[] = [],
): RowsWith {
  const values = column === null ? (over as PlanNode).columns : [column];
  if (on === undefined && keys.length === 0) {
    return { node: inputNode(over, true), values, keys: [] };
  }
  const all: Computed[] = values.map((one) => ({
    ...one,
    expr: over instanceof PlanNode ? columnOf(over, one) : over.expr,
  }));
  const place = (name: string, { expr, type }: Pick<Computed, 'expr' | 'type'>): number => {
    const known = all.findIndex((other) => isSame(other.expr, expr));
    return known < 0 ? all.push({ name: freeName(name, all), type, expr }) - 1 : known;
  };
  const expr = typeof on === 'string' ? { col: on, of: inputNode(over, false) } : on;
  const time = expr === undefined ? undefined : place('time', { expr, type: 'timestamp' });
  const places = keys.map((key) => place(key.name, key));
  const node = frameOf(over, all);
  return { node, values, keys: places, ...(time !== undefined && { time }) };
}

/** Whether two expressions are the same column. */
function isSame(one: Expr, other: Expr): boolean {
  return 'of' in one && 'of' in other && one.of === other.of && one.col === other.col;
}
