import { PlanNode } from '../frame/plan/plan-node.ts';
import { Node } from '../graph/node.ts';
import { backEdges } from '../graph/topology.ts';
import { crossingsFrom, crossingsTo } from './crossings.ts';
import type { Drawing, DrawnEdge, DrawnNode, Shape } from './drawing.ts';
import { labelOf } from './label.ts';
import { shapeOf } from './shapes.ts';

/** A node of either plane. */
export type AnyNode = Node | PlanNode;

const PLAN_SHAPES: Readonly<Record<string, Shape>> = {
  input: 'cylinder',
  rolling: 'octagon',
  slidingWindow: 'diamond',
  partition: 'diamond',
  aggregate: 'box',
  groupBy: 'box',
};

/** The whole graph that a node is in, both planes of it, in order of creation. */
export function drawGraph(start: AnyNode): Drawing {
  const members = connected(start);
  const ids = new Map([...members].map((node, index) => [node as object, String(index)]));
  const back = backEdges([...members].filter((node) => node instanceof Node));
  const nodes: DrawnNode[] = [];
  const edges: DrawnEdge[] = [];
  for (const node of members) {
    const id = ids.get(node)!;
    nodes.push(drawNode(node, id));
    const targets = targetsOf(node, members);
    targets.forEach(({ to, edge }, order) => {
      edges.push({
        from: id,
        to: ids.get(to)!,
        order: targets.length > 1 ? order : null,
        ...(edge !== undefined && back.has(edge) ? { back: true } : {}),
      });
    });
  }
  return { nodes, edges };
}

function drawNode(node: AnyNode, id: string): DrawnNode {
  if (node instanceof Node) {
    return { id, label: labelOf(node), shape: shapeOf(node.operator.name), plane: 'element' };
  }
  return { id, label: planLabel(node), shape: PLAN_SHAPES[node.op] ?? 'ellipse', plane: 'column' };
}

function planLabel({ op, spec, graph }: PlanNode): string {
  if (op === 'input') return graph.name;
  const n = typeof spec.n === 'number' ? `: ${spec.n}` : '';
  return `${op}${n}`;
}

interface Target {
  readonly to: AnyNode;
  readonly edge?: Node['outputs'][number];
}

/** What a node feeds, in order of delivery. */
function targetsOf(node: AnyNode, members: ReadonlySet<AnyNode>): Target[] {
  const own: Target[] =
    node instanceof Node
      ? node.outputs.map((edge) => ({ to: edge.to, edge }))
      : readersOf(node, members).map((to) => ({ to }));
  for (const to of crossingsFrom(node)) {
    if (isNode(to) && members.has(to)) own.push({ to });
  }
  return own;
}

function readersOf(node: PlanNode, members: ReadonlySet<AnyNode>): PlanNode[] {
  return [...members].filter(
    (other): other is PlanNode => other instanceof PlanNode && other.dependencies().has(node),
  );
}

/** All nodes connected with one, in whichever direction and plane. */
function connected(start: AnyNode): ReadonlySet<AnyNode> {
  const seen = new Set<AnyNode>([start]);
  for (const node of seen) {
    if (node instanceof Node) {
      for (const edge of node.inputs) seen.add(edge.from);
      for (const edge of node.outputs) seen.add(edge.to);
    } else {
      for (const other of planMembers(node)) seen.add(other);
    }
    for (const other of [...crossingsFrom(node), ...crossingsTo(node)]) {
      if (isNode(other)) seen.add(other);
    }
  }
  const elements = [...seen].filter((node) => node instanceof Node).sort((a, b) => a.id - b.id);
  return new Set<AnyNode>([...elements, ...[...seen].filter((node) => node instanceof PlanNode)]);
}

/** The nodes that some sink of this node's plan needs, and the node itself, inputs first. */
function planMembers(node: PlanNode): Set<PlanNode> {
  const found = new Set<PlanNode>();
  const visit = (one: PlanNode): void => {
    for (const dependency of one.dependencies()) visit(dependency);
    found.add(one);
  };
  for (const target of node.graph.targets) visit(target);
  visit(node);
  return found;
}

function isNode(value: object): value is AnyNode {
  return value instanceof Node || value instanceof PlanNode;
}
