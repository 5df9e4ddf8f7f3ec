import { unitOf } from '../graph/compile.ts';
import type { Node } from '../graph/node.ts';
import { backEdges } from '../graph/topology.ts';
import { crossingsFrom } from './crossings.ts';
import { labelOf } from './label.ts';

/**
 * How the graph of an element node is compiled, as text: its segments, the operators that are fused
 * in each, indented below what feeds them in order of delivery, and where a segment ends.
 */
export function explainGraph(node: Node): string {
  const unit = unitOf(node);
  const { members } = unit;
  const back = backEdges(members);
  const form =
    unit.text === undefined ? 'linked closures (code generation is off)' : 'one generated text';
  const tracked = unit.isTracked ? ', carrying metadata' : '';
  const lines = [`element plane, ${members.length} nodes, compiled to ${form}${tracked}`];
  for (const member of members.filter(beginsSegment)) {
    lines.push(`segment from ${reference(member)}`);
    describeBranches(member, 1, back, lines);
  }
  return lines.join('\n');
}

/** Where a generated function begins: sources, boundaries, and nodes that several edges lead to. */
function beginsSegment(node: Node): boolean {
  return node.isOrigin || node.inputs.length !== 1 || node.operator.boundary === true;
}

function describeBranches(
  node: Node,
  depth: number,
  back: ReturnType<typeof backEdges>,
  lines: string[],
): void {
  const indent = '  '.repeat(depth);
  for (const edge of node.outputs) {
    const { to } = edge;
    if (back.has(edge)) {
      lines.push(`${indent}back to ${reference(to)}, through the queue of the loop`);
    } else if (to.operator.boundary === true) {
      lines.push(`${indent}${reference(to)}, boundary: accepts here, delivers later`);
    } else if (beginsSegment(to)) {
      lines.push(`${indent}${reference(to)}, shared: called as a function, input ${edge.port}`);
    } else {
      lines.push(`${indent}${reference(to)}${crossing(to)}`);
      describeBranches(to, depth + 1, back, lines);
    }
  }
}

/** A line of its own has each node, whatever its name is. */
function reference(node: Node): string {
  return `#${node.id} ${labelOf(node).replaceAll(/[\r\n]+/g, ' ')}`;
}

function crossing(node: Node): string {
  return crossingsFrom(node).size > 0 ? ', to the column plane' : '';
}
