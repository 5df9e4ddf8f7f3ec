import type { Over } from '../aggregate/aggregate.ts';
import { columnOf, type Expr, type PlanColumn, PlanNode } from '../plan/plan-node.ts';
import type { KeyColumn } from './group-by.ts';

/** A column and what it is computed by. */
export type Computed = PlanColumn & { readonly expr: Expr };

/** Rows that have the values of keys in columns of their own. */
export interface HeldKeys {
  readonly node: PlanNode;
  /** The keys, as what was made of these rows without a change of their columns has them. */
  readonly keysOf: (node: PlanNode) => KeyColumn[];
}

/**
 * The rows of `over` with their keys and `more` columns beside them, for an operator that makes other
 * rows of them: expressions over what they were before no longer go together with those.
 */
export function holdKeys(
  over: Over,
  keys: readonly KeyColumn[],
  more: readonly Computed[] = [],
): HeldKeys {
  const columns: Computed[] =
    over instanceof PlanNode
      ? over.columns.map((column) => ({ ...column, expr: columnOf(over, column) }))
      : [{ name: over.name, type: over.type, expr: over.expr }];
  const own = columns.length;
  columns.push(...more);
  const names = keys.map(({ name, type, expr }) => {
    const column = ownColumn(over, expr);
    if (column !== undefined) return column;
    const free = freeName(name, columns);
    columns.push({ name: free, type, expr });
    return free;
  });
  const isSame = over instanceof PlanNode && columns.length === own;
  return {
    node: isSame ? over : frameOf(over, columns),
    keysOf: (node) =>
      keys.map(({ name, type }, i) => ({ name, type, expr: { col: names[i]!, of: node } })),
  };
}

/** A name like this that no column has. */
export function freeName(name: string, columns: readonly PlanColumn[]): string {
  let free = name;
  while (columns.some((column) => column.name === free)) free += '_';
  return free;
}

/** The name of the column of a frame that an expression is; none where it is another expression. */
export function ownColumn(over: Over, expr: Expr): string | undefined {
  if (!(over instanceof PlanNode) || !('of' in expr) || expr.of !== over) return undefined;
  return expr.col ?? over.columns[0]!.name;
}

/** The rows of `over` with these columns. */
export function frameOf({ graph, domain }: Over, columns: readonly Computed[]): PlanNode {
  return new PlanNode(
    graph,
    'frame',
    columns.map(({ name, type }) => ({ name, type })),
    { op: 'frame', columns: columns.map(({ name, expr }) => ({ name, expr })) },
    domain,
  );
}
