import { describe, requireOptions } from '../graph/arguments.ts';
import { concatMetadata, release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';

/** What elements may be collected in: an array, or something of one's own that bounds itself. */
export interface CollectorCache<T> extends Iterable<T> {
  /** Adds an element. */
  push(x: T): unknown;
  /** Removes all elements; an array's `length` is set to 0 instead. */
  clear?(): unknown;
}

/** Options of `collect`. */
export interface CollectorOptions<T> {
  /** Where to keep the elements. It is shared: filled, and emptied in place. Default: a new array. */
  readonly cache?: CollectorCache<T>;
}

/** The elements collected so far. */
export interface CollectState {
  readonly cache: CollectorCache<unknown>;
  /** Elements of a snapshot, to be put into the cache once it was emptied of those before. */
  restored: readonly unknown[] | undefined;
  tags: Tag[] | undefined;
}

/** Keeps the elements until it is flushed. */
export const collect = defineOperator<CollectState['cache'] | undefined, CollectState>({
  name: 'collect',
  version: 1,
  holds: true,
  create: (cache) => ({ cache: cache ?? [], restored: undefined, tags: undefined }),
  generate(template) {
    const { state, input, tag } = template;
    if (tag === undefined) return `${template.constant(state.cache, 'cache')}.push(${input});`;
    return `${template.constant(add, 'add')}(${template.constant(state, 'state')}, ${input}, ${tag});`;
  },
  link({ state }) {
    return (value, tag) => {
      add(state, value, tag);
      return undefined;
    };
  },
  track(state) {
    state.tags = [...state.cache].map(() => undefined);
  },
  forget({ state }) {
    const { tags = [] } = state;
    take(state);
    return tags;
  },
  snapshot: ({ cache }) => [...cache],
  restore: (data, _params, { state }) => ({
    cache: state.cache,
    restored: data as unknown[],
    tags: undefined,
  }),
  start({ state }) {
    for (const value of state.restored ?? []) add(state, value, undefined);
    state.restored = undefined;
  },
});

/** Checks the arguments of `collect`. */
export function collectParams<T>(options: CollectorOptions<T> = {}): CollectorCache<T> | undefined {
  requireOptions('collect', options, ['cache']);
  const { cache } = options;
  if (cache === undefined || isCache(cache)) return cache;
  throw new TypeError(
    `Cannot create collect: cache must be an array, or iterable with push and clear, got ${describe(cache)}`,
  );
}

/** Emits what a `collect` node holds as an array, even an empty one, and empties it. */
export function flushCollected(node: Node<unknown, CollectState>): Promise<void> | undefined {
  const { tags } = node.state;
  const values = take(node.state);
  if (tags === undefined) return node.emit(values);
  try {
    return node.emit(values, { metadata: concatMetadata(tags) });
  } finally {
    for (const tag of tags) release(tag);
  }
}

function add(state: CollectState, value: unknown, tag: Tag): void {
  state.cache.push(value);
  if (state.tags === undefined) return;
  retain(tag);
  state.tags.push(tag);
}

function take(state: CollectState): unknown[] {
  const values = [...state.cache];
  clear(state.cache);
  if (state.tags !== undefined) state.tags = [];
  return values;
}

function clear(cache: CollectorCache<unknown>): void {
  if (Array.isArray(cache)) cache.length = 0;
  else cache.clear?.();
}

function isCache(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!(Symbol.iterator in value) || !('push' in value)) return false;
  return Array.isArray(value) || ('clear' in value && typeof value.clear === 'function');
}
