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

/** Whether a delivery along an edge runs inside of the one that its source is in. */
export function isNested(edge: Edge, back: ReadonlySet<Edge>): boolean {
  return !edge.from.operator.boundary && !back.has(edge);
}

/** Nodes so that each comes before those to which deliveries go on from it. */
export function deliveryOrder(nodes: readonly Node[], back: ReadonlySet<Edge>): Node[] {
  const nested = (edge: Edge) => isNested(edge, back);
  const awaited = new Map(nodes.map((node) => [node, node.inputs.filter(nested).length]));
  const order = nodes.filter((node) => awaited.get(node) === 0);
  for (const node of order) {
    for (const { to } of node.outputs.filter(nested)) {
      const left = awaited.get(to)! - 1;
      awaited.set(to, left);
      if (left === 0) order.push(to);
    }
  }
  return order;
}

/** Everything that a walk along some edges leads to, the start included, breadth first. */
export function reachable(starts: Iterable<Node>, next: (node: Node) => readonly Node[]): Node[] {
  const seen = new Set(starts);
  for (const node of seen) for (const other of next(node)) seen.add(other);
  return [...seen];
}

/** The nodes that a node feeds, in order of delivery. */
export function downstreamOf(node: Node): readonly Node[] {
  return node.outputs.map((edge) => edge.to);
}

/** The nodes that feed a node, in order of connection. */
export function upstreamOf(node: Node): readonly Node[] {
  return node.inputs.map((edge) => edge.from);
}

/**
 * All that lies downstream, in groups, each before those that it feeds. The nodes of a cycle make
 * one group; any other node is a group of its own. (Tarjan's algorithm, without recursion.)
 */
export function groupsDownstream(starts: readonly Node[]): Node[][] {
  const groups: Node[][] = [];
  const index = new Map<Node, number>();
  const low = new Map<Node, number>();
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  const path: { node: Node; next: number }[] = [];
  const enter = (node: Node): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    open.push(node);
    isOpen.add(node);
    path.push({ node, next: 0 });
  };
  const lower = (node: Node, to: number): void => {
    low.set(node, Math.min(low.get(node)!, to));
  };
  for (const start of starts) {
    if (!index.has(start)) enter(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const { node } = step;
      const to = node.outputs[step.next++]?.to;
      if (to !== undefined) {
        if (!index.has(to)) enter(to);
        else if (isOpen.has(to)) lower(node, index.get(to)!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node)!);
      if (low.get(node) !== index.get(node)) continue;
      const group = open.splice(open.lastIndexOf(node));
      for (const member of group) isOpen.delete(member);
      groups.unshift(group);
    }
  }
  return groups;
}
