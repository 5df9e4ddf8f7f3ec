import type { Edge, Node } from './node.ts';
import type { Unit } from './unit.ts';

/** The edges to the queues that an element can reach from a node before it has to wait. */
const queues = new WeakMap<Unit, Map<Node, readonly Edge[]>>();

/**
 * Whether every queue that an element emitted at a node can reach without passing another one has
 * room for it. Cost: one look at each of them.
 */
export function hasRoom(node: Node): boolean {
  for (const { to, port } of queuesAhead(node)) if (to.operator.isFull?.(to, port)) return false;
  return true;
}

function queuesAhead(node: Node): readonly Edge[] {
  const { unit } = node;
  if (unit === undefined || unit.stale) return findQueues(node);
  const known = queues.get(unit) ?? new Map<Node, readonly Edge[]>();
  queues.set(unit, known);
  const found = known.get(node) ?? findQueues(node);
  known.set(node, found);
  return found;
}

function findQueues(node: Node): Edge[] {
  const found: Edge[] = [];
  const seen = new Set([node]);
  for (const one of seen) {
    for (const edge of one.outputs) {
      if (edge.to.operator.isFull !== undefined) found.push(edge);
      if (!edge.to.operator.boundary) seen.add(edge.to);
    }
  }
  return found;
}
