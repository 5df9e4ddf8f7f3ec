import { requireNonNegativeInteger, requirePositiveInteger } from '../graph/arguments.ts';
import { type Node, removeEdge } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';

/** The positions that pass: from `start`, before `end`, every `step`-th counted from `start`. */
export interface SliceParams {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Number of elements that have come. */
export interface SliceState {
  position: number;
}

/** Passes elements by their position since it was connected, and disconnects itself after the last. */
export const slice = defineOperator<SliceParams, SliceState>({
  name: 'slice',
  version: 1,
  create: () => ({ position: 0 }),
  generate(template) {
    const { node, params, state, input } = template;
    const take = template.constant(takes, 'takes');
    const values = [node, params, state].map((value) => template.constant(value, 'slice'));
    return `if (${take}(${values.join(', ')})) {\n${template.emit(input)}\n}`;
  },
  link(node, send) {
    const { params, state } = node;
    return (value, tag) => (takes(node, params, state) ? send(value, tag) : undefined);
  },
  connected(node) {
    if (isOver(node.params, node.state)) leave(node);
  },
  snapshot: (state) => state.position,
  restore: (data) => ({ position: data as number }),
});

/** Checks the arguments of `slice`. */
export function sliceParams(start: number, end: number | undefined, step: number): SliceParams {
  requireNonNegativeInteger('slice', 'start', start);
  if (end !== undefined) requireNonNegativeInteger('slice', 'end', end);
  requirePositiveInteger('slice', 'step', step);
  return { start, end: end ?? Number.POSITIVE_INFINITY, step };
}

/** Whether the element that comes now passes. Leaves before it is sent on, should that fail. */
function takes(node: Node, { start, end, step }: SliceParams, state: SliceState): boolean {
  const position = state.position;
  if (position >= end) return false;
  state.position++;
  if (state.position >= end) leave(node);
  return position >= start && (position - start) % step === 0;
}

function isOver({ start, end }: SliceParams, { position }: SliceState): boolean {
  return position >= end || start >= end;
}

function leave(node: Node): void {
  for (const edge of [...node.inputs]) removeEdge(edge);
}
