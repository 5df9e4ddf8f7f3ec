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
  /** Emit unfinished partitions when the input ends. Default: true. */
  readonly flush?: boolean;
}

/** Size of a partition, and what to partition by. */
export interface PartitionParams {
  readonly n: number;
  readonly key: KeyOf | undefined;
  readonly flush: boolean;
}

/**
 * One partition that is being filled. Its array is kept and copied when full: that takes a third of
 * the time of growing a new one, and keeps at most n elements reachable for one partition longer.
 */
export interface PartitionBuffer {
  readonly items: unknown[];
  size: number;
  tags: Tag[] | undefined;
}

/** What is being filled: one buffer, or one per key that has any. */
export interface PartitionState {
  all: PartitionBuffer;
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
      buffer.tags = contentOf(buffer).map(() => undefined);
    }
  },
  snapshot: (state) => ({
    items: contentOf(state.all),
    byKey: [...state.byKey].map(([key, buffer]) => [key, contentOf(buffer)]),
  }),
  flush(node) {
    const { params, state } = node;
    if (!params.flush) return [];
    const buffers = [state.all, ...state.byKey.values()].filter(({ size }) => size > 0);
    const remainders = buffers.map((buffer) => ({
      value: contentOf(buffer),
      tag: concatMetadata(buffer.tags ?? []),
    }));
    forget(state);
    return remainders;
  },
  forget: (node) => forget(node.state),
  restore(data) {
    const { items, byKey } = data as { items: unknown[]; byKey: [unknown, unknown[]][] };
    const state = newState();
    state.all = newBuffer(items);
    for (const [key, kept] of byKey) state.byKey.set(key, newBuffer(kept));
    return state;
  },
});

/** Checks the arguments of `partition`. */
export function partitionParams<T>(n: number, options: PartitionOptions<T> = {}): PartitionParams {
  requirePositiveInteger('partition', 'n', n);
  requireOptions('partition', options, ['key', 'flush']);
  const { key, flush = true } = options;
  return { n, flush, key: key === undefined ? undefined : keyFunction('partition', key) };
}

function newState(): PartitionState {
  return { all: newBuffer([]), byKey: new Map(), isTracked: false };
}

function newBuffer(items: readonly unknown[]): PartitionBuffer {
  return { items: [...items], size: items.length, tags: undefined };
}

function forget(state: PartitionState): Tag[] {
  const buffers = [state.all, ...state.byKey.values()];
  const held = buffers.flatMap(({ tags }) => tags ?? []);
  state.all.size = 0;
  if (state.all.tags !== undefined) state.all.tags = [];
  state.byKey.clear();
  return held;
}

function contentOf(buffer: PartitionBuffer): unknown[] {
  return buffer.items.slice(0, buffer.size);
}

function plainText(template: Template<PartitionParams, PartitionState>): string {
  const { params, state, input } = template;
  const buffer = template.constant(state.all, 'buffer');
  const full = template.local('full');
  return `${buffer}.items[${buffer}.size++] = ${input};
if (${buffer}.size === ${params.n}) {
const ${full} = ${buffer}.items.slice();
${buffer}.size = 0;
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
    return append(state.all, params.n, value, tag);
  }
  const key = params.key(value);
  let buffer = state.byKey.get(key);
  if (buffer === undefined) {
    buffer = newBuffer([]);
    if (state.isTracked) buffer.tags = [];
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
  items[buffer.size++] = value;
  if (tags !== undefined) {
    retain(tag);
    tags.push(tag);
  }
  if (buffer.size < n) return undefined;
  buffer.size = 0;
  if (tags !== undefined) buffer.tags = [];
  return { items: items.slice(), tag: tags === undefined ? undefined : concatMetadata(tags) };
}
