import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { concatMetadata, retain, type Tag } from '../graph/metadata.ts';
import { defineOperator } from '../graph/operator.ts';

/** Options of `slidingWindow`. */
export interface SlidingWindowOptions {
  /** Emit the shorter windows too, while the first one fills. Default: true. */
  readonly returnPartial?: boolean;
}

/** Length of the window, and whether shorter ones are emitted while it fills. */
export interface SlidingWindowParams {
  readonly n: number;
  readonly returnPartial: boolean;
}

/**
 * The window slides along a slab: elements are appended, a window is a slice of its end, and when
 * the slab is full the last n - 1 elements move to the front of a new one. Elements that left the
 * window stay reachable until then: at most `capacity` of them.
 */
export interface SlidingWindowState {
  readonly n: number;
  readonly capacity: number;
  slab: unknown[];
  /** Metadata of the last n - 1 elements, once the graph carries any. */
  tags: Tag[] | undefined;
}

/** Elements that a slab may hold beyond twice the window before it is cut. */
const SLACK = 64;

/** Emits the last n elements, as an array, at every element. */
export const slidingWindow = defineOperator<SlidingWindowParams, SlidingWindowState>({
  name: 'slidingWindow',
  version: 1,
  holds: true,
  create: ({ n }) => newState(n, []),
  generate(template) {
    const { params, state, input, tag } = template;
    const { n } = params;
    const s = template.constant(state, 'state');
    const end = template.local('end');
    const window = template.local('window');
    const held = template.local('held');
    const keep = tag === undefined ? '' : `${template.constant(holdTag, 'hold')}(${s}, ${tag})`;
    const emit = template.emit(window, { tag: `${held}.tag`, release: `${held}.leaving` });
    const whole = `${s}.slab.slice(${end} - ${n}, ${end})`;
    return `const ${end} = ${s}.slab.push(${input});
const ${window} = ${end} < ${n} ? ${params.returnPartial ? `${s}.slab.slice()` : 'undefined'} : ${whole};
if (${end} >= ${state.capacity}) ${template.constant(cut, 'cut')}(${s});
${keep === '' ? '' : `const ${held} = ${keep};`}
${params.returnPartial ? emit : `if (${end} >= ${n}) {\n${emit}\n}`}`;
  },
  link(node, send) {
    const { params, state } = node;
    const { n, returnPartial } = params;
    return (value, tag) => {
      const size = state.slab.push(value);
      const window = state.slab.slice(-n);
      if (size >= state.capacity) cut(state);
      const held = state.tags === undefined ? undefined : holdTag(state, tag);
      if (size < n && !returnPartial) return undefined;
      return send(window, held?.tag, held?.leaving);
    };
  },
  track(state) {
    state.tags = state.slab.slice(1 - state.n).map(() => undefined);
    if (state.n === 1) state.tags = [];
  },
  forget({ state }) {
    const held = state.tags ?? [];
    state.slab = [];
    if (state.tags !== undefined) state.tags = [];
    return held;
  },
  snapshot: (state) => state.slab.slice(-state.n),
  restore: (data, { n }) => newState(n, [...(data as unknown[])]),
});

/** Checks the arguments of `slidingWindow`. */
export function slidingWindowParams(
  n: number,
  options: SlidingWindowOptions = {},
): SlidingWindowParams {
  requirePositiveInteger('slidingWindow', 'n', n);
  requireOptions('slidingWindow', options, ['returnPartial']);
  return { n, returnPartial: options.returnPartial ?? true };
}

function newState(n: number, slab: unknown[]): SlidingWindowState {
  return { n, capacity: 2 * n + SLACK, slab, tags: undefined };
}

function cut(state: SlidingWindowState): void {
  state.slab = state.slab.slice(state.slab.length - state.n + 1);
}

/** Holds an element's metadata; gives that of the window, and of the element about to leave it. */
function holdTag(state: SlidingWindowState, tag: Tag): { tag: Tag; leaving: Tag } {
  const tags = state.tags!;
  retain(tag);
  tags.push(tag);
  return {
    tag: concatMetadata(tags),
    leaving: tags.length === state.n ? tags.shift() : undefined,
  };
}
