import { inspect } from 'node:util';
import { type Duration, parseDuration } from '../time/duration.ts';
import { type ColumnType, isColumnType, type Schema, TYPE_LIST } from './types.ts';

/** A value as it appears in an error message: short, on one line, text in quotes. */
export function shown(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 5,
  });
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Throws a RangeError unless `n` is a whole number from `least` up. */
export function checkCount(operator: string, name: string, n: unknown, least = 1): number {
  if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < least || n > 0xffff_ffff) {
    const wanted = least === 1 ? 'a positive integer' : `an integer of at least ${least}`;
    const Type = typeof n === 'number' ? RangeError : TypeError;
    throw new Type(`Cannot create ${operator}: ${name} must be ${wanted}, got ${shown(n)}`);
  }
  return n;
}

/** Throws a TypeError unless `value` is a function. */
export function checkFunction(operator: string, value: unknown): void {
  if (typeof value !== 'function') {
    throw new TypeError(`Cannot create ${operator}: expected a function, got ${shown(value)}`);
  }
}

/** Throws a TypeError where `options` is no plain object or has a key that is not in `known`. */
export function checkOptions(operator: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  const names = known.join(', ') || 'none';
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(
      `Cannot create ${operator}: options must be an object with ${names}, got ${shown(options)}`,
    );
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(`Cannot create ${operator}: unknown option '${key}', expected ${names}`);
    }
  }
}

/** Throws a TypeError unless `type` names a column type. */
export function checkType(operator: string, type: unknown): ColumnType {
  if (!isColumnType(type)) {
    throw new TypeError(
      `Cannot create ${operator}: the type must be one of ${TYPE_LIST}, got ${shown(type)}`,
    );
  }
  return type;
}

/** Throws a TypeError unless `schema` is an object of at least one name to a column type. */
export function checkSchema(operator: string, schema: unknown): asserts schema is Schema {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new TypeError(
      `Cannot create ${operator}: the schema must be an object such as { price: 'f64' }, got ${shown(schema)}`,
    );
  }
  const entries = Object.entries(schema);
  if (entries.length === 0) {
    throw new TypeError(
      `Cannot create ${operator}: the schema must have at least one column, got {}`,
    );
  }
  for (const [name, type] of entries) {
    if (!isColumnType(type)) {
      throw new TypeError(
        `Cannot create ${operator}: the type of column '${name}' must be one of ${TYPE_LIST}, got ${shown(type)}`,
      );
    }
  }
}

/** Whole nanoseconds of a duration above zero, as the plan takes them. */
export function checkNanoseconds(operator: string, duration: Duration): string {
  const milliseconds = parseDuration(duration, operator);
  const whole = Math.floor(milliseconds);
  const nanoseconds = BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
  if (nanoseconds <= 0n) {
    throw new RangeError(
      `Cannot create ${operator}: the duration must be above zero, got ${shown(duration)}`,
    );
  }
  return String(nanoseconds);
}
