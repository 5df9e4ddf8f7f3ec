/**
 * A value that {@link literal} wrapped, so that a variadic operator takes it for a value even where
 * it looks like options.
 */
export class Literal<T> {
  /** The value. */
  readonly value: T;

  /** @param value the value to stand for itself */
  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Marks a value that is to be packed as it is by `zip`. Only an object that could be taken for
 * options needs it.
 *
 * @param value anything
 *
 * @example
 * ```ts
 * import { literal, Stream } from 'millrace'
 * import assert from 'node:assert/strict'
 *
 * const source = new Stream<number>()
 * const pairs = source.zip(literal({ maxsize: 3 })).sinkToList()
 * source.emit(1)
 * assert.deepEqual(pairs, [[1, { maxsize: 3 }]])
 * ```
 */
export function literal<T>(value: T): Literal<T> {
  return new Literal(value);
}
