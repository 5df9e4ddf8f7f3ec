import { MillraceError } from '../errors.ts';
import type { Edge, Node } from './node.ts';
import { isNested } from './topology.ts';

/**
 * How much one delivery may put on the stack, in calls of a `map` in closure form. Node's stack of
 * 984 KiB takes some 3,000; the rest is for the callbacks, and for whoever emits.
 */
const BUDGET = 2400;

/**
 * Refuses a graph in which one delivery could overflow the stack. Where it did, in the middle of a
 * delivery, some branches would have had the element and others not, and a node with an error policy
 * would take the overflow for an error of the element.
 *
 * @param order the nodes of the graph, each before those to which deliveries go on from it
 * @param calls what one node puts on the stack
 */
export function checkDepth(
  order: readonly Node[],
  back: ReadonlySet<Edge>,
  calls: (node: Node) => number,
): void {
  const depths = new Map<Node, number>();
  for (const node of order) {
    const depth = (depths.get(node) ?? 0) + calls(node);
    if (depth > BUDGET) {
      throw new MillraceError(
        'ERR_TOO_DEEP',
        `Cannot compile a graph of ${order.length} nodes: the chain that leads to ${node.operator.name} must fit the stack; a buffer cuts it in two`,
      );
    }
    for (const edge of node.outputs) {
      if (!isNested(edge, back)) continue;
      depths.set(edge.to, Math.max(depths.get(edge.to) ?? 0, depth));
    }
  }
}

/** What a node of a graph of linked closures puts on the stack; measured, and rounded up. */
export function linkedCalls({ operator, guard, isTracked }: Node): number {
  if (guard !== undefined) return 3;
  const calls = operator.calls ?? 1;
  return isTracked && operator.holds ? calls + 2 : calls;
}

/** The same where it is inlined into a generated function, or called from one. */
export function generatedCalls(node: Node): number {
  const { operator, guard, isTracked } = node;
  if (guard !== undefined || operator.generate === undefined) return linkedCalls(node);
  const { holds, calls = 1 } = operator;
  // Those that hold metadata, or emit more than once, send it out by functions of their own.
  if (isTracked && (holds || calls > 1)) return 1.25;
  return calls > 1 ? 1 / 4 : 1 / 16;
}
