import type { Drawing, DrawingAttributes, DrawnEdge, DrawnNode } from './drawing.ts';

const FILL = { element: 'white', column: '#e8f0fe' } as const;

/**
 * A {@link Drawing} in Graphviz' DOT language, with streamz' shapes: joins are triangles that point
 * downstream, edges carry their delivery order where a node has several.
 */
export function toDot(drawing: Drawing, attributes: DrawingAttributes = {}): string {
  const graph = Object.entries(attributes).map(
    ([name, value]) => `  ${attributeName(name)}=${quoted(String(value))};`,
  );
  return [
    'digraph {',
    '  node [fontname="DejaVu Sans"]; edge [fontname="DejaVu Sans"];',
    ...graph,
    ...drawing.nodes.map(nodeLine),
    ...drawing.edges.map(edgeLine),
    '}',
    '',
  ].join('\n');
}

function nodeLine({ id, label, shape, plane }: DrawnNode): string {
  const orientation = shape === 'triangle' ? ' orientation=270' : '';
  return `  ${quoted(id)} [label=${quoted(label)} shape=${shape}${orientation} style="rounded,filled" fillcolor="${FILL[plane]}"];`;
}

function edgeLine({ from, to, order, back }: DrawnEdge): string {
  const label = order === null ? '' : ` label="${order}"`;
  const style = back ? ' style=dashed constraint=false' : '';
  return `  ${quoted(from)} -> ${quoted(to)} [${(label + style).trim()}];`;
}

/** DOT knows one escape inside quotes; a backslash would start one of its label codes. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** An attribute's name stands outside quotes, so it must not carry anything else into the text. */
function attributeName(name: string): string {
  if (/^[a-z_]\w*$/i.test(name)) return name;
  throw new TypeError(
    `Cannot draw the graph: attributes must have Graphviz' names such as rankdir, got '${name}'`,
  );
}
