import { types } from 'node:util';
import type { TypedArray } from '../../native/plan.ts';
import { shown } from '../checks.ts';
import { type ColumnType, isInteger } from '../types.ts';
import { type ColumnWriter, INTEGER_RANGE, isTime } from './column-writer.ts';

type TypedArrayClass = new (...args: never[]) => TypedArray;

/** The class whose arrays the plan reads as they are. */
const OWN_CLASS: Readonly<Partial<Record<ColumnType, TypedArrayClass>>> = {
  f64: Float64Array,
  f32: Float32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  timestamp: BigInt64Array,
  duration: BigInt64Array,
  date: Int32Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
};

/** Whether an array is of the class in which values of `type` come in and go out as they are. */
export function isOwnArray(type: ColumnType, array: TypedArray): boolean {
  const Own = OWN_CLASS[type];
  return Own !== undefined && array instanceof Own;
}

/** Values as {@link Column.values} has them, in an array of their own: text in a plain one. */
export function arrayOf(type: ColumnType, values: readonly unknown[]): ArrayLike<unknown> {
  if (type === 'utf8') return [...values];
  const Typed = OWN_CLASS[type] ?? Uint8Array;
  return (Typed as unknown as { from(values: readonly unknown[]): ArrayLike<unknown> }).from(
    values,
  );
}

/** Whether `value` is a typed array. */
export function isTypedArray(value: unknown): value is TypedArray {
  return types.isTypedArray(value);
}

/**
 * Throws where the memory of a typed array may change or be gone while it is read: a shared buffer, a
 * detached one.
 */
export function checkBuffer(name: string, array: TypedArray): void {
  const { buffer } = array;
  if (!(buffer instanceof ArrayBuffer)) {
    throw new TypeError(
      `Cannot emit: column '${name}' must not lie in shared memory, which may change while it is read; copy it first`,
    );
  }
  if (array.length === 0 && isDetached(buffer)) {
    throw new TypeError(
      `Cannot emit: the buffer of column '${name}' is detached, it was transferred elsewhere`,
    );
  }
}

/**
 * The array that the plan can read for a column as it stands, or undefined where its values must be
 * written one by one. Throws for an array of the wrong kind.
 */
export function typedColumn(writer: ColumnWriter, input: TypedArray): TypedArray | undefined {
  const { type, name } = writer;
  const Own = OWN_CLASS[type];
  if (Own !== undefined && input instanceof Own) return input;
  const isBig = types.isBigInt64Array(input) || types.isBigUint64Array(input);
  const isWide = type === 'timestamp' || type === 'duration';
  const takesNumbers = type === 'f64' || type === 'f32' || isInteger(type) || isWide;
  const takesBig = type === 'i64' || type === 'u64' || isWide;
  if (isBig ? !takesBig : !takesNumbers) {
    throw new TypeError(
      `Cannot emit: column '${name}' (${type}) takes ${Own?.name ?? 'a plain array'}, got ${input.constructor.name}`,
    );
  }
  if (type === 'i64' || type === 'timestamp' || type === 'duration') {
    if (input instanceof Float64Array) return checkWhole(name, type, input);
  }
  return undefined;
}

/** The plan takes 64-bit integers and times as whole numbers too, which saves a bigint per value. */
function checkWhole(
  name: string,
  type: 'i64' | 'timestamp' | 'duration',
  input: Float64Array,
): Float64Array {
  const [least, most] = INTEGER_RANGE.i64;
  for (let row = 0; row < input.length; row++) {
    const value = input[row]!;
    const fits =
      type !== 'i64' ? isTime(value) : Number.isInteger(value) && value >= least && value <= most;
    if (!fits) {
      throw new TypeError(
        `Cannot emit: column '${name}' (${type}) takes whole numbers, got ${shown(value)} in row ${row}`,
      );
    }
  }
  return input;
}

function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
