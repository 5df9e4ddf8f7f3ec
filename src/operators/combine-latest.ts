import { describe } from '../graph/arguments.ts';
import { concatMetadata, release as letGo, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';

/** Which inputs, by their position when the node was made, cause an emission; undefined: all. */
export interface CombineLatestParams {
  readonly triggers: ReadonlySet<number> | undefined;
}

/** The latest element of an input. */
export interface LatestSlot {
  value: unknown;
  hasValue: boolean;
  isTrigger: boolean;
  tag: Tag;
}

/** One slot per input. */
export interface CombineLatestState {
  readonly slots: LatestSlot[];
  /** Inputs that have not spoken yet. */
  missing: number;
  /** Inputs were chosen that cause an emission, and one of them is left. */
  isChosen: boolean;
}

/** Emits arrays of the latest elements of all inputs, once each has spoken. */
export const combineLatest = defineOperator<CombineLatestParams, CombineLatestState>({
  name: 'combineLatest',
  version: 1,
  ports: true,
  holds: true,
  create: ({ triggers }) => ({ slots: [], missing: 0, isChosen: triggers !== undefined }),
  generate(template) {
    const { state, input, port, tag } = template;
    const s = template.constant(state, 'state');
    const slot = template.constant(state.slots[port], 'slot');
    const values = state.slots.map((other, i) =>
      i === port ? input : `${template.constant(other, 'slot')}.value`,
    );
    const tuple = `[${values.join(', ')}]`;
    const isReady = `${s}.missing === 0 && (${slot}.isTrigger || !${s}.isChosen)`;
    if (tag === undefined) {
      return `${slot}.value = ${input};
if (!${slot}.hasValue) {
${slot}.hasValue = true;
${s}.missing--;
}
if (${isReady}) {
${template.emit(tuple)}
}`;
    }
    const left = template.local('left');
    const all = template.local('all');
    return `const ${left} = ${template.constant(put, 'put')}(${s}, ${slot}, ${input}, ${tag});
if (${isReady}) {
const ${all} = ${template.constant(tagsOf, 'tagsOf')}(${s});
${template.emit(tuple, { tag: all, release: left })}
} else ${template.constant(letGo, 'release')}(${left});`;
  },
  link(node, send, port) {
    const { state } = node;
    const slot = state.slots[port]!;
    return (value, tag) => {
      const left = put(state, slot, value, tag);
      if (state.missing === 0 && (slot.isTrigger || !state.isChosen)) {
        const values = state.slots.map((other) => other.value);
        return send(values, tagsOf(state), left);
      }
      letGo(left);
      return undefined;
    };
  },
  connected({ params, state }, port) {
    const isTrigger = params.triggers?.has(port) ?? false;
    state.slots.push({ value: undefined, hasValue: false, isTrigger, tag: undefined });
    state.missing++;
  },
  disconnected({ state }, port) {
    const [gone] = state.slots.splice(port, 1);
    if (gone === undefined) return;
    if (!gone.hasValue) state.missing--;
    // Without any of the inputs that were chosen, all of them are.
    state.isChosen = state.slots.some((slot) => slot.isTrigger);
    letGo(gone.tag);
  },
  forget({ state }) {
    const held = state.slots.map(({ tag }) => tag);
    for (const slot of state.slots) {
      slot.value = undefined;
      slot.hasValue = false;
      slot.tag = undefined;
    }
    state.missing = state.slots.length;
    return held;
  },
  snapshot: ({ slots }) =>
    slots.map(({ value, hasValue, isTrigger }) => ({ value, hasValue, isTrigger })),
  restore(data) {
    const saved = data as Omit<LatestSlot, 'tag'>[];
    const slots = saved.map((slot) => ({ ...slot, tag: undefined }));
    return {
      slots,
      missing: slots.filter(({ hasValue }) => !hasValue).length,
      isChosen: slots.some(({ isTrigger }) => isTrigger),
    };
  },
});

/** Checks `emitOn`: inputs or their positions, one or several. */
export function combineLatestParams(emitOn: unknown, inputs: readonly Node[]): CombineLatestParams {
  if (emitOn === undefined) return { triggers: undefined };
  const wanted = Array.isArray(emitOn) ? emitOn : [emitOn];
  const triggers = new Set<number>();
  for (const one of wanted) {
    const before = triggers.size;
    inputs.forEach((input, port) => {
      if (one === port || one === input) triggers.add(port);
    });
    if (triggers.size > before || (typeof one === 'number' && triggers.has(one))) continue;
    throw new RangeError(
      `Cannot create combineLatest: emitOn must be among its ${inputs.length} streams, or a position from 0 to ${inputs.length - 1}, got ${describe(one)}`,
    );
  }
  if (triggers.size > 0) return { triggers };
  throw new RangeError('Cannot create combineLatest: emitOn must name a stream, got an empty list');
}

/** Keeps an element as the latest of its input; gives the metadata of the one it replaces. */
function put(state: CombineLatestState, slot: LatestSlot, value: unknown, tag: Tag): Tag {
  const left = slot.tag;
  retain(tag);
  slot.value = value;
  slot.tag = tag;
  if (!slot.hasValue) {
    slot.hasValue = true;
    state.missing--;
  }
  return left;
}

function tagsOf(state: CombineLatestState): Tag {
  return concatMetadata(state.slots.map(({ tag }) => tag));
}
