import { requireOneOf, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { concatMetadata, release, retain, type Tag } from '../graph/metadata.ts';
import { defineOperator } from '../graph/operator.ts';
import { type ElementKey, type KeyOf, keyFunction } from './key.ts';

/** Options of `partitionUnique`. */
export interface PartitionUniqueOptions<T> {
  /** What must differ: a function of the element, or the name of a property. Default: the element. */
  readonly key?: ElementKey<T>;
  /** Which of several elements with one key stays. Default: `first`. */
  readonly keep?: 'first' | 'last';
  /** Emit an unfinished partition when the input ends. Default: true. */
  readonly flush?: boolean;
}

/** Number of distinct keys in a partition, and what is one key. */
export interface PartitionUniqueParams {
  readonly n: number;
  readonly key: KeyOf | undefined;
  readonly keep: 'first' | 'last';
  readonly flush: boolean;
}

/** The elements of the unfinished partition by key; with `last`, in order of latest occurrence. */
export interface PartitionUniqueState {
  readonly byKey: Map<unknown, unknown>;
  /** Metadata of these elements, once the graph carries any. */
  tags: Map<unknown, Tag> | undefined;
}

interface Full {
  readonly items: unknown[];
  readonly tag: Tag;
}

/** Emits arrays of n elements with different keys. */
export const partitionUnique = defineOperator<PartitionUniqueParams, PartitionUniqueState>({
  name: 'partitionUnique',
  version: 1,
  holds: true,
  create: () => ({ byKey: new Map(), tags: undefined }),
  generate(template) {
    const { params, state, input, tag = 'undefined' } = template;
    const full = template.local('full');
    const constants = [template.constant(state, 'state'), template.constant(params, 'params')];
    const call = `${template.constant(add, 'add')}(${[...constants, input, tag].join(', ')})`;
    const held = { tag: `${full}.tag`, release: `${full}.tag` };
    return `const ${full} = ${call};
if (${full} !== undefined) {
${template.emit(`${full}.items`, held)}
}`;
  },
  link(node, send) {
    const { params, state } = node;
    return (value, tag) => {
      const full = add(state, params, value, tag);
      return full === undefined ? undefined : send(full.items, full.tag, full.tag);
    };
  },
  track(state) {
    state.tags = new Map();
  },
  flush({ params, state }) {
    if (!params.flush || state.byKey.size === 0) return [];
    const { items, tag } = take(state);
    return [{ value: items, tag }];
  },
  forget({ state }) {
    const held = [...(state.tags?.values() ?? [])];
    take(state);
    return held;
  },
  snapshot: (state) => [...state.byKey],
  restore: (data) => ({ byKey: new Map(data as [unknown, unknown][]), tags: undefined }),
});

/** Checks the arguments of `partitionUnique`. */
export function partitionUniqueParams<T>(
  n: number,
  options: PartitionUniqueOptions<T> = {},
): PartitionUniqueParams {
  requirePositiveInteger('partitionUnique', 'n', n);
  requireOptions('partitionUnique', options, ['key', 'keep', 'flush']);
  const { key, keep = 'first', flush = true } = options;
  requireOneOf('partitionUnique', 'keep', keep, ['first', 'last']);
  return {
    n,
    keep,
    flush,
    key: key === undefined ? undefined : keyFunction('partitionUnique', key),
  };
}

function add(
  state: PartitionUniqueState,
  params: PartitionUniqueParams,
  value: unknown,
  tag: Tag,
): Full | undefined {
  const { byKey, tags } = state;
  const key = params.key === undefined ? value : params.key(value);
  if (byKey.has(key)) {
    if (params.keep === 'first') return undefined;
    byKey.delete(key);
    release(tags?.get(key));
  }
  byKey.set(key, value);
  if (tags !== undefined) {
    retain(tag);
    // Deleted first, so that the metadata stays in the order of the elements.
    tags.delete(key);
    tags.set(key, tag);
  }
  return byKey.size < params.n ? undefined : take(state);
}

function take({ byKey, tags }: PartitionUniqueState): Full {
  const full = { items: [...byKey.values()], tag: concatMetadata(tags?.values() ?? []) };
  byKey.clear();
  tags?.clear();
  return full;
}
