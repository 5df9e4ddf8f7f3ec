import {
  requireBoolean,
  requireOneOf,
  requireOptions,
  requirePositiveInteger,
} from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import { release, retain, type Tag } from '../graph/metadata.ts';
import type { Duration } from '../time/duration.ts';
import { type ElementKey, type KeyOf, keyFunction } from './key.ts';
import {
  requireInterval,
  type TimedWindowParams,
  timedOperator,
  type WindowStore,
} from './ticker.ts';

/** Options of `timedWindowUnique`. */
export interface TimedWindowUniqueOptions<T> extends ByteLimit<T> {
  /**
   * What has to be distinct: a function of the element, or the name of a property; by default the
   * element itself. Keys are equal as in a `Map`.
   */
  readonly key?: ElementKey<T>;
  /**
   * Which element of a key is kept: the `'first'` (default), or the `'last'`, which then comes at
   * the place of its own arrival. The others are dropped, and acknowledged.
   */
  readonly keep?: 'first' | 'last';
  /** Emit the unfinished window at the end of input; default true. */
  readonly flush?: boolean;
  /** How many keys a window holds before `emit` has to wait for the next one; default 1,000,000. */
  readonly maxsize?: number;
}

/** What is kept in a window, beside how much and for how long. */
export interface TimedWindowUniqueParams extends TimedWindowParams {
  readonly key: KeyOf;
  readonly keep: 'first' | 'last';
}

interface Kept {
  readonly value: unknown;
  readonly tag: Tag;
  /** 0 where bytes do not count. */
  readonly bytes: number;
}

/** The elements of the window that is open, one of a key, in the order in which they are emitted. */
class UniqueStore implements WindowStore<TimedWindowUniqueParams> {
  readonly #kept = new Map<unknown, Kept>();
  #bytes = 0;

  get size(): number {
    return this.#kept.size;
  }

  isFull({ elements, bytes }: Bound): boolean {
    if (this.#kept.size >= elements) return true;
    return bytes !== undefined && this.#bytes >= bytes.maxBytes;
  }

  add({ key: keyOf, keep, bound }: TimedWindowUniqueParams, value: unknown, tag: Tag): boolean {
    const key = keyOf(value);
    const former = this.#kept.get(key);
    if (former !== undefined && keep === 'first') return false;
    const bytes = bound.bytes === undefined ? 0 : bound.bytes.measure(value);
    if (former !== undefined) this.#kept.delete(key);
    retain(tag);
    this.#kept.set(key, { value, tag, bytes });
    this.#bytes += bytes - (former?.bytes ?? 0);
    release(former?.tag);
    return former === undefined || bytes > former.bytes;
  }

  values(): unknown[] {
    return Array.from(this.#kept.values(), ({ value }) => value);
  }

  allTags(): readonly Tag[] {
    return Array.from(this.#kept.values(), ({ tag }) => tag);
  }

  take(): unknown[] {
    const values = this.values();
    this.#kept.clear();
    this.#bytes = 0;
    return values;
  }
}

/** Emits, at fixed intervals, an array of the elements of distinct key that came since. */
export const timedWindowUnique = timedOperator<TimedWindowUniqueParams>(
  'timedWindowUnique',
  () => new UniqueStore(),
);

/** Checks the arguments of `timedWindowUnique`. */
export function timedWindowUniqueParams<T>(
  interval: Duration,
  options: TimedWindowUniqueOptions<T> = {},
): TimedWindowUniqueParams {
  requireOptions('timedWindowUnique', options, ['key', 'keep', 'flush', 'maxsize', ...BYTE_LIMIT]);
  const { key, keep = 'first', flush = true, maxsize = 1_000_000 } = options;
  requireOneOf('timedWindowUnique', 'keep', keep, ['first', 'last']);
  requireBoolean('timedWindowUnique', 'flush', flush);
  requirePositiveInteger('timedWindowUnique', 'maxsize', maxsize);
  return {
    milliseconds: requireInterval('timedWindowUnique', interval),
    key: key === undefined ? (value) => value : keyFunction('timedWindowUnique', key),
    keep,
    flush,
    bound: { elements: maxsize, bytes: byteLimit('timedWindowUnique', options) },
  };
}
