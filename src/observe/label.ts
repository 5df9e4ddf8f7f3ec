import type { Node } from '../graph/node.ts';

/** Parameters worth showing, as streamz does, in order of preference. */
const SHOWN = ['f', 'predicate', 'n', 'milliseconds', 'parallelism'];

/** What a node is called in drawings and listings: `map: parse`, or `parsed; map: parse` if named. */
export function labelOf(node: Node): string {
  const detail = detailOf(node.params);
  const operator = detail === '' ? node.operator.name : `${node.operator.name}: ${detail}`;
  return node.name === undefined ? operator : `${node.name}; ${operator}`;
}

function detailOf(params: unknown): string {
  for (const key of SHOWN) {
    const value: unknown = Object(params)[key];
    if (typeof value === 'function') return value.name;
    if (typeof value === 'number') return key === 'milliseconds' ? `${value} ms` : String(value);
  }
  return '';
}
