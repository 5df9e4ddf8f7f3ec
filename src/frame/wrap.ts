import type { NodeKind, PlanNode } from './plan/plan-node.ts';

type Make = (node: PlanNode) => unknown;

const makers = new Map<NodeKind, Make>();

/**
 * Says how nodes of a kind are shown. The classes that show nodes also make new ones, so each tells
 * of itself here: importing one another they would form a circle that cannot be loaded.
 */
export function showAs(kind: NodeKind, make: Make): void {
  makers.set(kind, make);
}

/** The public object that shows a node. */
export function wrap(node: PlanNode): unknown {
  return makers.get(node.kind)?.(node);
}
