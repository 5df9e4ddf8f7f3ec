import type { Drawing, DrawingAttributes, DrawnEdge, DrawnNode, Shape } from './drawing.ts';

/** Mermaid has no octagon and no triangle: the hexagon and the asymmetric flag stand for them. */
const BRACKETS: Readonly<Record<Shape, readonly [open: string, close: string]>> = {
  ellipse: ['([', '])'],
  box: ['[', ']'],
  diamond: ['{', '}'],
  octagon: ['{{', '}}'],
  doubleoctagon: ['(((', ')))'],
  triangle: ['>', ']'],
  trapezium: ['[/', '\\]'],
  cylinder: ['[(', ')]'],
};

const DIRECTIONS = ['TB', 'TD', 'BT', 'LR', 'RL'];

/** A {@link Drawing} as a Mermaid flowchart; of the attributes only `rankdir` has a meaning here. */
export function toMermaid(drawing: Drawing, attributes: DrawingAttributes = {}): string {
  const direction = String(attributes.rankdir ?? 'TB');
  if (!DIRECTIONS.includes(direction)) {
    throw new RangeError(
      `Cannot draw the graph: rankdir must be one of ${DIRECTIONS.join(', ')}, got '${direction}'`,
    );
  }
  const names = new Map(drawing.nodes.map(({ id }, index) => [id, `n${index}`]));
  return [
    `flowchart ${direction}`,
    ...drawing.nodes.map((node) => nodeLine(node, names)),
    ...drawing.edges.map((edge) => edgeLine(edge, names)),
    '  classDef column fill:#e8f0fe',
    '',
  ].join('\n');
}

function nodeLine({ id, label, shape, plane }: DrawnNode, names: Map<string, string>): string {
  const [open, close] = BRACKETS[shape];
  const style = plane === 'column' ? ':::column' : '';
  return `  ${names.get(id)}${open}"${escaped(label)}"${close}${style}`;
}

function edgeLine({ from, to, order, back }: DrawnEdge, names: Map<string, string>): string {
  const arrow = back ? '-.->' : '-->';
  const label = order === null ? '' : `|${order}|`;
  return `  ${names.get(from)} ${arrow}${label} ${names.get(to)}`;
}

/** Mermaid reads HTML entities by number inside quotes, and nothing else as an escape. */
function escaped(text: string): string {
  return text.replace(/[^\w .,:;+*=-]/gu, (character) =>
    character === '\n' ? '<br/>' : `#${character.codePointAt(0)};`,
  );
}
