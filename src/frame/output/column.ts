import { inspect } from 'node:util';
import type { MimeBundle } from '../../observe/jupyter.ts';
import { shown } from '../checks.ts';
import type { ColumnType, ValueOf, ValuesOf } from '../types.ts';
import { htmlTable } from './format-table.ts';

/** Where the values of a column lie: offsets into a block of memory that is never written again. */
export interface ColumnMemory {
  readonly buffer: ArrayBuffer;
  readonly values: number;
  /** −1 where no value is missing. */
  readonly validity: number;
  readonly text: number;
  /** The strings that the values of a text column are indices of, if it has such a table. */
  readonly strings: readonly string[] | null;
}

type Scalars = ValuesOf<Exclude<ColumnType, 'utf8'>>;
type Read = (index: number) => unknown;

const decoder = new TextDecoder();
const NO_MEMORY: ColumnMemory = {
  buffer: new ArrayBuffer(0),
  values: 0,
  validity: -1,
  text: 0,
  strings: null,
};

let make: (of: Column, values: unknown, validity: Uint8Array | null) => Column;

/** A column of values as {@link Column.values} has them, and of the bits that say which are there. */
export function columnFrom(
  name: string,
  type: ColumnType,
  length: number,
  values: unknown,
  validity: Uint8Array | null,
): Column {
  const missing = validity === null ? 0 : length - countBits(validity);
  const column: Column = new Column(name, type, length, missing, NO_MEMORY);
  return make(column, values, missing === 0 ? null : validity);
}

/** Milliseconds of a day. */
export const DAY = 86_400_000;

/**
 * One column of results: a fixed number of values of one type, each of which may be missing. It never
 * changes, however long it is kept. Nothing is converted before it is asked for.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series } from 'millrace';
 *
 * const prices = new Series('f64');
 * prices.rolling(2).mean().sink((means) => {
 *   assert.equal(means.length, 3);
 *   assert.deepEqual([...means], [null, 1.5, 2.5]);
 * });
 * prices.emit([1, 2, 3]);
 * ```
 */
export class Column<D extends ColumnType = ColumnType> implements Iterable<ValueOf<D> | null> {
  static {
    make = (column, values, validity) => {
      column.#values = values as ValuesOf<ColumnType>;
      column.#validity = validity;
      return column;
    };
  }

  readonly name: string;
  readonly type: D;
  /** How many values it has, missing ones included. */
  readonly length: number;
  /** How many of them are missing. */
  readonly nullCount: number;
  readonly #memory: ColumnMemory;
  #values: ValuesOf<D> | null = null;
  #validity: Uint8Array | null = null;
  #read: Read | null = null;

  /** Columns come from plans; there is no need to make one. */
  constructor(name: string, type: D, length: number, nullCount: number, memory: ColumnMemory) {
    this.name = name;
    this.type = type;
    this.length = length;
    this.nullCount = nullCount;
    this.#memory = memory;
  }

  /**
   * The values as a typed array, without a copy where the column's memory allows it: `i64`,
   * `timestamp` and `duration` (nanoseconds) as a BigInt64Array, `date` (days since 1970) as an
   * Int32Array, `bool` as 0 and 1, text as an array of strings.
   * What stands in a missing place is undefined except in text, where it is `null`: ask
   * {@link Column.validity}.
   */
  get values(): ValuesOf<D> {
    this.#values ??= readValues(this.type, this.length, this.#memory, this.validity) as ValuesOf<D>;
    return this.#values;
  }

  /**
   * One bit per value, the lowest of the first byte first, set where the value is there; `null` where
   * none is missing.
   */
  get validity(): Uint8Array | null {
    if (this.nullCount === 0) return null;
    if (this.#validity === null && this.#memory.validity < 0) return null;
    this.#validity ??= new Uint8Array(
      this.#memory.buffer,
      this.#memory.validity,
      (this.length + 7) >> 3,
    );
    return this.#validity;
  }

  /**
   * The value at `index`, counted from the end where negative; `null` where it is missing. 64-bit
   * integers are numbers within ±2^53, else bigints; a timestamp or date is milliseconds since 1970
   * UTC, a duration milliseconds.
   * Throws a RangeError outside the column.
   */
  at(index: number): ValueOf<D> | null {
    const i = index < 0 ? index + this.length : index;
    if (!(Number.isInteger(i) && i >= 0 && i < this.length)) {
      throw new RangeError(
        `Cannot read column '${this.name}': the index must be an integer within ±${this.length}, got ${shown(index)}`,
      );
    }
    return this.#reader()(i) as ValueOf<D> | null;
  }

  /** All values in a plain array, missing ones as `null`. */
  toArray(): (ValueOf<D> | null)[] {
    const out = new Array<ValueOf<D> | null>(this.length);
    const read = this.#reader();
    for (let i = 0; i < this.length; i++) out[i] = read(i) as ValueOf<D> | null;
    return out;
  }

  *[Symbol.iterator](): IterableIterator<ValueOf<D> | null> {
    const read = this.#reader();
    for (let i = 0; i < this.length; i++) yield read(i) as ValueOf<D> | null;
  }

  /** The same values under another name. */
  rename(name: string): Column<D> {
    const renamed = new Column<D>(name, this.type, this.length, this.nullCount, this.#memory);
    renamed.#values = this.#values;
    renamed.#validity = this.#validity;
    return renamed;
  }

  /**
   * The values from `start` up to `end`, both counted from the end where negative; typed arrays are
   * not copied.
   */
  slice(start = 0, end = this.length): Column<D> {
    const from = place(start, this.length);
    const length = Math.max(0, place(end, this.length) - from);
    const validity = this.validity === null ? null : sliceBits(this.validity, from, length);
    const { values } = this;
    const part = ArrayBuffer.isView(values)
      ? (values as Float64Array).subarray(from, from + length)
      : (values as readonly unknown[]).slice(from, from + length);
    return columnFrom(this.name, this.type, length, part, validity) as Column<D>;
  }

  [inspect.custom](
    _depth: number,
    options: { stylize?: (text: string, style: 'special') => string },
  ): string {
    const most = 10;
    const head: string[] = [];
    for (let i = 0; i < Math.min(this.length, most); i++) head.push(inspect(this.at(i)));
    if (this.length > most) head.push(`... ${this.length - most} more`);
    const title = `Column '${this.name}' ${this.type}[${this.length}]`;
    return `${options.stylize?.(title, 'special') ?? title} [ ${head.join(', ')} ]`;
  }

  /** Shows the first values in a notebook. */
  [Symbol.for('Jupyter.display')](): MimeBundle {
    const shown = { numRows: this.length, columns: [this as Column] };
    return { 'text/plain': inspect(this), 'text/html': htmlTable(shown) };
  }

  #reader(): Read {
    this.#read ??= withMissing(presentReader(this.type, this.values), this.validity);
    return this.#read;
  }
}

/** An index counted from either end, within 0 and `length`. */
function place(index: number, length: number): number {
  return Math.min(length, Math.max(0, index < 0 ? index + length : index));
}

/** `length` bits from bit `from` on, as bits from 0 on. */
function sliceBits(bits: Uint8Array, from: number, length: number): Uint8Array {
  const out = new Uint8Array((length + 7) >> 3);
  for (let i = 0; i < length; i++) {
    const at = from + i;
    out[i >> 3]! |= ((bits[at >> 3]! >> (at & 7)) & 1) << (i & 7);
  }
  return out;
}

function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte > 0; byte &= byte - 1) count++;
  return count;
}

function withMissing(read: Read, validity: Uint8Array | null): Read {
  if (validity === null) return read;
  return (i) => ((validity[i >> 3]! >> (i & 7)) & 1 ? read(i) : null);
}

function presentReader(type: ColumnType, values: ValuesOf<ColumnType>): Read {
  switch (type) {
    case 'bool':
      return (i) => values[i] === 1;
    case 'i64':
    case 'u64':
      return (i) => narrow(values[i] as bigint);
    case 'timestamp':
    case 'duration':
      return (i) => milliseconds(values[i] as bigint);
    case 'date':
      return (i) => (values[i] as number) * DAY;
    default:
      return (i) => values[i];
  }
}

/** A 64-bit integer as a number where that is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Nanoseconds as milliseconds; what lies below a millisecond becomes a fraction. */
export function milliseconds(nanoseconds: bigint): number {
  const whole = nanoseconds / 1_000_000n;
  return Number(whole) + Number(nanoseconds - whole * 1_000_000n) / 1e6;
}

function readValues(
  type: ColumnType,
  length: number,
  memory: ColumnMemory,
  validity: Uint8Array | null,
): Scalars | (string | null)[] {
  const { buffer, values } = memory;
  switch (type) {
    case 'f64':
      return new Float64Array(buffer, values, length);
    case 'f32':
      return new Float32Array(buffer, values, length);
    case 'i64':
    case 'timestamp':
    case 'duration':
      return new BigInt64Array(buffer, values, length);
    case 'u64':
      return new BigUint64Array(buffer, values, length);
    case 'i32':
    case 'date':
      return new Int32Array(buffer, values, length);
    case 'i16':
      return new Int16Array(buffer, values, length);
    case 'i8':
      return new Int8Array(buffer, values, length);
    case 'u32':
      return new Uint32Array(buffer, values, length);
    case 'u16':
      return new Uint16Array(buffer, values, length);
    case 'u8':
      return new Uint8Array(buffer, values, length);
    case 'bool':
      return unpackBits(new Uint8Array(buffer, values, (length + 7) >> 3), length);
    case 'utf8':
      return readStrings(length, memory, validity);
  }
}

function unpackBits(bits: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) out[i] = (bits[i >> 3]! >> (i & 7)) & 1;
  return out;
}

function readStrings(
  length: number,
  { buffer, values, text, strings }: ColumnMemory,
  validity: Uint8Array | null,
): (string | null)[] {
  const out = new Array<string | null>(length);
  const present = (i: number) => validity === null || (validity[i >> 3]! >> (i & 7)) & 1;
  if (strings !== null) {
    const ids = new Int32Array(buffer, values, length);
    for (let i = 0; i < length; i++) out[i] = present(i) ? strings[ids[i]!]! : null;
    return out;
  }
  const ends = new Int32Array(buffer, values, length + 1);
  for (let i = 0; i < length; i++) {
    const bytes = new Uint8Array(buffer, text + ends[i]!, ends[i + 1]! - ends[i]!);
    out[i] = present(i) ? decoder.decode(bytes) : null;
  }
  return out;
}
