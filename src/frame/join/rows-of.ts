import { shown } from '../checks.ts';
import { ColumnNode, planNodeOf } from '../column-node.ts';
import type { PlanNode } from '../plan/plan-node.ts';

/** The node whose rows are to be joined: that of a frame or a series, or of keyed tables too. */
export function rowsOf(operator: string, value: unknown, tables = false): PlanNode {
  if (value instanceof ColumnNode) {
    const node = planNodeOf(value);
    if (node.kind !== 'scalar' && (tables || node.kind !== 'table')) return node;
  }
  const wanted = tables ? 'a frame or keyed tables' : 'a frame or a series';
  throw new TypeError(`Cannot create ${operator}: expected ${wanted}, got ${shown(value)}`);
}
