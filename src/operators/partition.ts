import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { concatMetadata, retain, type Tag } from '../graph/metadata.ts';
import { defineOperator, type Template } from '../graph/operator.ts';
import { type KeyOf, keyFunction } from './key.ts';

/** Options of `partition`. */
export interface PartitionOptions<T> {
  /**
   * Fill one partition per key: a function of the element, or the name of a property. Keys are equal
   * as in a `Map`. What is held is bounded by the keys that have an unfinished partition.
   */
  readonly key?: ((x: T) => unknown) | PropertyKey;
}

/** Size of a partition, and what to partition by. */
export interface PartitionParams {
  readonly n: number;
  readonly key: KeyOf | undefined;
}

/** One partition that is being filled. */
export interface PartitionBuffer {
  items: unknown[];
  tags: Tag[] | undefined;
}

/** What is being filled: one buffer, or one per key that has any. */
export interface PartitionState {
  readonly all: PartitionBuffer;
  /** A key's buffer goes when it is emitted, so there are no empty ones. */
  readonly byKey: Map<unknown, PartitionBuffer>;
  isTracked: boolean;
}

/** Emits arrays of n elements, of equal key where a key is given. */
export const partition = defineOperator<PartitionParams, PartitionState>({
  name: 'partition',
  version: 1,
  holds: true,
  create: () => newState(),
  generate(template) {
    return template.params.key === undefined && template.tag === undefined
      ? plainText(template)
      : heldText(template);
  },
  link(node, send) {
    const { params, state } = node;
    return (value, tag) => {
      const full = add(state, params, value, tag);
      return full === undefined ? undefined : send(full.items, full.tag, full.tag);
    };
  },
  track(state) {
    state.isTracked = true;
    for (const buffer of [state.all, ...state.byKey.values()]) {
      buffer.tags = buffer.items.map(() => undefined);
    }
  },
  snapshot: (state) => ({
    items: [...state.all.items],
    byKey: [...state.byKey].map(([key, { items }]) => [key, [...items]]),
  }),
  restore(data) {
    const { items, byKey } = data as { items: unknown[]; byKey: [unknown, unknown[]][] };
    const state = newState();
    state.all.items = [...items];
    for (const [key, kept] of byKey) state.byKey.set(key, { items: [...kept], tags: undefined });
    return state;
  },
});

/** Checks the arguments of `partition`. */
export function partitionParams<T>(n: number, options: PartitionOptions<T> = {}): PartitionParams {
  requirePositiveInteger('partition', 'n', n);
  requireOptions('partition', options, ['key']);
  const { key } = options;
  return { n, key: key === undefined ? undefined : keyFunction('partition', key) };
}

function newState(): PartitionState {
  return { all: { items: [], tags: undefined }, byKey: new Map(), isTracked: false };
}

function plainText(template: Template<PartitionParams, PartitionState>): string {
  const { params, state, input } = template;
  const buffer = template.constant(state.all, 'buffer');
  const full = template.local('full');
  return `const ${full} = ${buffer}.items;
if (${full}.push(${input}) >= ${params.n}) {
${buffer}.items = [];
${template.emit(full)}
}`;
}

function heldText(template: Template<PartitionParams, PartitionState>): string {
  const { params, state, input, tag } = template;
  const full = template.local('full');
  const added = [
    template.constant(state, 'state'),
    template.constant(params, 'params'),
    input,
    tag ?? 'undefined',
  ];
  return `const ${full} = ${template.constant(add, 'add')}(${added.join(', ')});
if (${full} !== undefined) {
${template.emit(`${full}.items`, { tag: `${full}.tag`, release: `${full}.tag` })}
}`;
}

/** Adds an element to its buffer; gives the buffer's content when that makes it full. */
function add(
  state: PartitionState,
  params: PartitionParams,
  value: unknown,
  tag: Tag,
): { items: unknown[]; tag: Tag } | undefined {
  if (params.key === undefined) {
    const full = append(state.all, params.n, value, tag);
    if (full !== undefined) state.all.items = [];
    return full;
  }
  const key = params.key(value);
  let buffer = state.byKey.get(key);
  if (buffer === undefined) {
    buffer = { items: [], tags: state.isTracked ? [] : undefined };
    state.byKey.set(key, buffer);
  }
  const full = append(buffer, params.n, value, tag);
  if (full !== undefined) state.byKey.delete(key);
  return full;
}

function append(
  buffer: PartitionBuffer,
  n: number,
  value: unknown,
  tag: Tag,
): { items: unknown[]; tag: Tag } | undefined {
  const { items, tags } = buffer;
  items.push(value);
  if (tags !== undefined) {
    retain(tag);
    tags.push(tag);
  }
  if (items.length < n) return undefined;
  if (tags !== undefined) buffer.tags = [];
  return { items, tag: tags === undefined ? undefined : concatMetadata(tags) };
}
