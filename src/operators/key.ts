import { describe } from '../graph/arguments.ts';

/** What tells elements apart: a function of the element, or the name of one of its properties. */
export type ElementKey<T> = ((x: T) => unknown) | keyof T;

/** Gives the key of an element. */
export type KeyOf = (value: unknown) => unknown;

/** A `key` argument as a function: it is one, or names the property or index that holds the key. */
export function keyFunction(operator: string, key: unknown): KeyOf {
  if (typeof key === 'function') return key as KeyOf;
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'symbol') {
    return (value) => propertyOf(operator, value, key);
  }
  throw new TypeError(
    `Cannot create ${operator}: key must be a function or the name of a property, got ${describe(key)}`,
  );
}

/** A property that an element must have. */
export function propertyOf(operator: string, value: unknown, key: PropertyKey): unknown {
  if (value === null || value === undefined) {
    throw new TypeError(`Cannot ${operator} ${describePropertyKey(key)} of ${describe(value)}`);
  }
  const object = Object(value) as Record<PropertyKey, unknown>;
  if (key in object) return object[key];
  throw new RangeError(
    `Cannot ${operator} ${describePropertyKey(key)}: there is none in ${describe(value)}`,
  );
}

function describePropertyKey(key: PropertyKey): string {
  return typeof key === 'symbol' ? key.toString() : describe(key);
}
