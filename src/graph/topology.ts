import type { Edge, Node } from './node.ts';

/** All nodes connected to one, in order of creation. */
export function component(node: Node): Node[] {
  const seen = new Set([node]);
  for (const one of seen) {
    for (const edge of one.inputs) seen.add(edge.from);
    for (const edge of one.outputs) seen.add(edge.to);
  }
  return [...seen].sort((left, right) => left.id - right.id);
}

/**
 * The edges that close a cycle: those that lead, in a depth-first walk from the sources, to a node
 * that the walk is still inside of. A cycle through a boundary is none: the boundary emits later.
 */
export function backEdges(nodes: readonly Node[]): Set<Edge> {
  const found = new Set<Edge>();
  const open = new Set<Node>();
  const done = new Set<Node>();
  const roots = nodes.filter((node) => node.inputs.length === 0 || node.operator.boundary);
  for (const root of [...roots, ...nodes]) {
    if (done.has(root)) continue;
    const path = [{ node: root, next: 0 }];
    open.add(root);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const edge = step.node.outputs[step.next++];
      if (edge === undefined) {
        open.delete(step.node);
        done.add(step.node);
        path.pop();
      } else if (edge.to.operator.boundary || done.has(edge.to)) {
        // Nothing to enter: what lies behind it is walked on its own, or was walked before.
      } else if (open.has(edge.to)) {
        found.add(edge);
      } else {
        open.add(edge.to);
        path.push({ node: edge.to, next: 0 });
      }
    }
  }
  return found;
}
