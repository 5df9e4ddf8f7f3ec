import { shown } from '../checks.ts';
import { seriesNode, type Term } from '../expression/term.ts';
import { frameOf } from '../group/held-keys.ts';
import { type Agg, columnOf, type Key, type PlanColumn, PlanNode } from '../plan/plan-node.ts';
import { type ColumnType, isFloat, isNumeric, type SumOf } from '../types.ts';

/** The aggregates that {@link AggregateSpec} knows by name. */
export type AggregateName =
  | 'sum'
  | 'mean'
  | 'count'
  | 'size'
  | 'min'
  | 'max'
  | 'var'
  | 'std'
  | 'first'
  | 'last'
  | 'nunique'
  | 'median';

/** The type of an aggregate of a column of type `D`. */
export type AggregateType<D extends ColumnType, F> = F extends 'sum'
  ? SumOf<D>
  : F extends 'mean' | 'var' | 'std' | 'median'
    ? 'f64'
    : F extends 'count' | 'size' | 'nunique'
      ? 'i64'
      : D;

/** What a quantile is that falls between two values, as in pandas. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'nearest' | 'midpoint';

/** The aggregates that a plan knows: one more, which takes an argument. */
export type AggregateFn = AggregateName | 'quantile';

/** The arguments of those aggregates that take any. */
export interface AggregateArguments {
  readonly ddof?: number;
  readonly q?: number;
  readonly interpolation?: Interpolation;
}

/** One aggregate that is asked for: of which column, under which name. */
export interface Request extends AggregateArguments {
  readonly fn: AggregateFn;
  readonly column: PlanColumn;
  readonly as: string;
}

/** What is aggregated: one column, or the columns of a frame. */
export type Over = Term | PlanNode;

const NAMES: ReadonlySet<string> = new Set<AggregateName>([
  'sum',
  'mean',
  'count',
  'size',
  'min',
  'max',
  'var',
  'std',
  'first',
  'last',
  'nunique',
  'median',
]);

const NUMERIC: ReadonlySet<string> = new Set<AggregateFn>([
  'sum',
  'mean',
  'var',
  'std',
  'median',
  'quantile',
]);

/** Throws a TypeError unless `fn` is an aggregate's name. */
export function checkAggregate(operator: string, fn: unknown): AggregateName {
  if (typeof fn !== 'string' || !NAMES.has(fn)) {
    throw new TypeError(
      `Cannot create ${operator}: the aggregate must be one of ${[...NAMES].join(', ')}, got ${shown(fn)}`,
    );
  }
  return fn as AggregateName;
}

/** The type of an aggregate; throws a TypeError for one that there is not for the column's type. */
export function aggregateType({ operator }: Aggregator, { fn, column }: Request): ColumnType {
  if (NUMERIC.has(fn) && !isNumeric(column.type)) {
    throw new TypeError(
      `Cannot create ${operator}.${fn}: column '${column.name}' must be numeric, got ${column.type}`,
    );
  }
  if (fn === 'sum') return isFloat(column.type) ? 'f64' : 'i64';
  if (NUMERIC.has(fn)) return 'f64';
  return fn === 'count' || fn === 'size' || fn === 'nunique' ? 'i64' : column.type;
}

/** How an aggregating operator turns its input into rows, one value, or a table. */
export interface Aggregator {
  readonly operator: string;
  readonly op: string;
  /** Arguments of the operator as the plan takes them. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** Arguments that depend on what is aggregated. */
  readonly argsFor?: (requests: readonly Request[]) => Readonly<Record<string, unknown>>;
  readonly keys?: readonly (Key & PlanColumn)[];
  /** Columns that come before the keys. */
  readonly first?: readonly PlanColumn[];
  /** Yields columns even where there is only one. */
  readonly framed?: boolean;
  /** `rows`: as many as the input has; `windows`: rows of its own; `value`: one per batch. */
  readonly yields: 'rows' | 'windows' | 'value';
}

/** The node that computes `requests` over a column or a frame. */
export function aggregateNode(
  over: Over,
  aggregator: Aggregator,
  requests: readonly Request[],
): PlanNode {
  const { op, args, argsFor, keys, yields, first, framed = false } = aggregator;
  const outputs = requests.map((request) => ({
    name: request.as,
    type: aggregateType(aggregator, request),
  }));
  const input = inputNode(over, !framed && keys === undefined);
  const aggs = requests.map(({ fn, column, as, ...given }): Agg => {
    const reads = input.kind === 'series' ? input.columns[0] : column;
    return {
      fn,
      ...(fn === 'size' ? {} : { column: columnOf(input, reads) }),
      as,
      ...given,
    };
  });
  const spec = {
    op,
    input,
    ...(keys === undefined ? {} : { keys: keys.map(({ name, expr }) => ({ name, expr })) }),
    ...args,
    ...argsFor?.(requests),
    aggs,
  };
  const single = input.kind === 'series';
  const keyColumns = (yields === 'value' ? (keys ?? []) : []).map(({ name, type }) => ({
    name,
    type,
  }));
  const columns = [...(first ?? []), ...keyColumns, ...outputs];
  if (yields === 'value') {
    const kind = single && keys === undefined ? 'scalar' : 'table';
    return new PlanNode(input.graph, kind, columns, spec);
  }
  const kind = single || (keys !== undefined && !framed) ? 'series' : 'frame';
  return new PlanNode(
    input.graph,
    kind,
    columns,
    spec,
    yields === 'rows' ? input.domain : undefined,
  );
}

/** What is aggregated, as one column where it is to be `single`. */
export function inputNode(over: Over, single: boolean): PlanNode {
  if (over instanceof PlanNode) return over;
  if (single) return seriesNode(over);
  return frameOf(over, [over]);
}
