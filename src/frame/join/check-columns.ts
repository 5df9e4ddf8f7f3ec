import { shown } from '../checks.ts';
import type { PlanColumn, PlanNode } from '../plan/plan-node.ts';

/** The columns that both sides of a join have by these names, of one type each; throws a TypeError. */
export function checkColumns(
  operator: string,
  option: string,
  given: unknown,
  left: PlanNode,
  right: PlanNode,
): string[] {
  const names: unknown[] = given === undefined ? [] : Array.isArray(given) ? given : [given];
  return names.map((name) => {
    const [mine, theirs] = [left, right].map((node) => {
      const column = node.columns.find((column) => column.name === name);
      if (column === undefined) {
        const all = node.columns.map((column) => column.name).join(', ');
        throw new TypeError(
          `Cannot create ${operator}: ${option} must name columns of both, got ${shown(name)}, one has ${all}`,
        );
      }
      return column;
    }) as [PlanColumn, PlanColumn];
    if (mine.type !== theirs.type) {
      throw new TypeError(
        `Cannot create ${operator}: '${mine.name}' must have one type on both sides, got ${mine.type} and ${theirs.type}`,
      );
    }
    return mine.name;
  });
}
