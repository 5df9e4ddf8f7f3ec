import { describe, requireFunction, requirePositiveInteger } from './arguments.ts';

/** Bounds what a queue holds in bytes, beside the number of its elements. */
export interface ByteLimit<T = unknown> {
  /**
   * While elements of this many bytes or more are held, no further one is accepted: so at most this
   * much is held, and one element. Default: no limit, and nothing is measured.
   */
  readonly maxBytes?: number;
  /** Bytes of an element, 0 or more; called once for each. Default: {@link estimateBytes}. */
  readonly sizeOf?: (x: T) => number;
}

/** The names of {@link ByteLimit}, to check what was given against. */
export const BYTE_LIMIT: readonly string[] = ['maxBytes', 'sizeOf'];

/** A {@link ByteLimit}, checked. */
export interface CheckedByteLimit {
  readonly maxBytes: number;
  /** Bytes of an element; throws where the user's function gives no number of bytes. */
  readonly measure: (x: unknown) => number;
}

/** Checks the limit among an operator's options; undefined where there is none. */
export function byteLimit<T>(
  operator: string,
  { maxBytes, sizeOf }: ByteLimit<T>,
): CheckedByteLimit | undefined {
  if (maxBytes === undefined) {
    if (sizeOf === undefined) return undefined;
    throw new TypeError(`Cannot create ${operator}: sizeOf must come with maxBytes`);
  }
  requirePositiveInteger(operator, 'maxBytes', maxBytes);
  if (sizeOf === undefined) return { maxBytes, measure: estimateBytes };
  requireFunction(operator, 'sizeOf', sizeOf);
  const measure = (x: unknown): number => {
    const size: unknown = sizeOf(x as T);
    if (typeof size === 'number' && size >= 0 && size < Number.POSITIVE_INFINITY) return size;
    throw new RangeError(
      `Cannot measure an element of ${operator}: sizeOf must return a number of bytes, got ${describe(size)}`,
    );
  };
  return { maxBytes, measure };
}

/**
 * About how much memory a value takes, in bytes: 8 for a number, a boolean and the like, 2 for each
 * character of text, its `byteLength` for what has one (buffers, typed arrays), and 16 for any other
 * object, array, map or set beside what is in it. An object that is found twice counts once. Reads
 * the enumerable properties; functions count as 8.
 *
 * @param value anything
 * @returns bytes; a cost in the number of values inside
 *
 * @example
 * ```ts
 * import { estimateBytes } from 'millrace'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(estimateBytes('abc'), 6)
 * assert.equal(estimateBytes(new Float64Array(100)), 800)
 * assert.equal(estimateBytes({ name: 'abc', sizes: [1, 2] }), 16 + 6 + 16 + 16)
 * ```
 */
export function estimateBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return primitiveBytes(value);
  let total = 0;
  const seen = new Set<object>([value]);
  const add = (part: unknown): void => {
    if (typeof part === 'object' && part !== null) seen.add(part);
    else total += primitiveBytes(part);
  };
  // A set takes in more while it is walked: deep values do not grow the stack.
  for (const object of seen) {
    if ('byteLength' in object && typeof object.byteLength === 'number') {
      total += object.byteLength;
      continue;
    }
    total += 16;
    if (object instanceof Map) {
      for (const [key, item] of object) {
        add(key);
        add(item);
      }
    } else if (Array.isArray(object) || object instanceof Set) {
      for (const item of object) add(item);
    } else {
      for (const item of Object.values(object)) add(item);
    }
  }
  return total;
}

function primitiveBytes(value: unknown): number {
  return typeof value === 'string' ? 2 * value.length : 8;
}
