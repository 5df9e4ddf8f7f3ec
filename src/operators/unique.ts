import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { defineOperator } from '../graph/operator.ts';
import { canonicalKey } from './canonical-key.ts';
import { type ElementKey, type KeyOf, keyFunction } from './key.ts';

/** Options of `unique`. */
export interface UniqueOptions<T> {
  /**
   * How many keys to remember, the most recently seen ones: a repetition counts as being seen.
   * Without it all keys are remembered, and memory grows with their number.
   */
  readonly maxsize?: number;
  /** What to compare: a function of the element, or the name of a property. Default: the element. */
  readonly key?: ElementKey<T>;
  /**
   * True: keys are equal as in a `Map`. False: keys are compared by their content, as plain objects,
   * arrays, dates, maps and sets; a comparison takes time in the size of the key. Default: true.
   */
  readonly hashable?: boolean;
}

/** How elements are compared, and how many keys are remembered. */
export interface UniqueParams {
  readonly maxsize: number;
  readonly key: KeyOf | undefined;
}

/** Passes the elements whose keys have not come before, or not lately. */
export const unique = defineOperator<UniqueParams, Set<unknown>>({
  name: 'unique',
  version: 1,
  create: () => new Set(),
  generate(template) {
    const { params, state, input } = template;
    const key =
      params.key === undefined ? input : `${template.constant(params.key, 'key')}(${input})`;
    const values = [template.constant(state, 'seen'), String(params.maxsize), key];
    const isNew = `${template.constant(admit, 'admit')}(${values.join(', ')})`;
    return `if (${isNew}) {\n${template.emit(input)}\n}`;
  },
  link(node, send) {
    const { params, state } = node;
    const { key = (value) => value } = params;
    return (value, tag) =>
      admit(state, params.maxsize, key(value)) ? send(value, tag) : undefined;
  },
  snapshot: (state) => [...state],
  restore: (data) => new Set(data as unknown[]),
});

/** Checks the arguments of `unique`. */
export function uniqueParams<T>(options: UniqueOptions<T> = {}): UniqueParams {
  requireOptions('unique', options, ['maxsize', 'key', 'hashable']);
  const { maxsize = Number.POSITIVE_INFINITY, key, hashable = true } = options;
  if (maxsize !== Number.POSITIVE_INFINITY) requirePositiveInteger('unique', 'maxsize', maxsize);
  const keyOf = key === undefined ? undefined : keyFunction('unique', key);
  if (hashable) return { maxsize, key: keyOf };
  return { maxsize, key: (value) => canonicalKey(keyOf === undefined ? value : keyOf(value)) };
}

/** Whether a key is new. The set is in order of last sight, the oldest first. */
function admit(seen: Set<unknown>, maxsize: number, key: unknown): boolean {
  if (seen.has(key)) {
    if (maxsize !== Number.POSITIVE_INFINITY) {
      seen.delete(key);
      seen.add(key);
    }
    return false;
  }
  seen.add(key);
  if (seen.size > maxsize) {
    for (const oldest of seen) {
      seen.delete(oldest);
      break;
    }
  }
  return true;
}
