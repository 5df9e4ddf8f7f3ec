import { isAscii } from 'node:buffer';
import type { TypedArray } from '../../native/plan.ts';
import { shown } from '../checks.ts';
import type { PlanColumn } from '../plan/plan-node.ts';
import type { ColumnType } from '../types.ts';
import { isOwnArray, isTypedArray } from './column-input.ts';

/** What is read of a vector of `apache-arrow`, of whichever copy of that package. */
interface ArrowVector {
  readonly length: number;
  readonly nullCount: number;
  readonly type: { toString(): string };
  readonly data: readonly ArrowChunk[];
  toArray(): unknown;
  get(index: number): unknown;
}

interface ArrowTable {
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  readonly numRows: number;
  getChild(name: string): ArrowVector | null;
}

/** One chunk of an Arrow column: its values, or ids of a table of strings. */
interface ArrowChunk {
  readonly values: ArrayLike<number | bigint>;
  readonly length: number;
  readonly offset: number;
  readonly nullCount: number;
  readonly nullBitmap: Uint8Array | undefined;
  readonly dictionary: (ArrowVector & object) | undefined;
}

/** Text as ids of a table of strings that may be shared by many columns. */
export class DictionaryInput {
  readonly length: number;
  readonly dictionary: Iterable<unknown> & object;
  readonly ids: ArrayLike<number | bigint>;
  readonly validity: Uint8Array | null;
  /** The bit of `validity` that belongs to the first row. */
  readonly offset: number;

  constructor(chunk: ArrowChunk, dictionary: object) {
    this.length = chunk.length;
    this.dictionary = dictionary as Iterable<unknown> & object;
    this.ids = chunk.values;
    this.validity = chunk.nullCount > 0 ? (chunk.nullBitmap ?? null) : null;
    this.offset = chunk.offset;
  }
}

/** Values that the plan reads where they lie, and which of them are there. */
export class ArrayInput {
  readonly values: TypedArray;
  readonly validity: Uint8Array;
  readonly length: number;

  constructor(values: TypedArray, { length, nullBitmap, offset }: ArrowChunk) {
    this.values = values;
    this.length = length;
    this.validity = bitsFrom(nullBitmap!, offset, length);
  }
}

/** The bits of a bitmap from `offset` on: where they begin with a byte, in the same memory. */
function bitsFrom(bitmap: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset % 8 === 0) return bitmap.subarray(offset >> 3);
  const bits = new Uint8Array((length + 7) >> 3);
  for (let i = 0, from = offset; i < length; i++, from++) {
    bits[i >> 3]! |= ((bitmap[from >> 3]! >> (from & 7)) & 1) << (i & 7);
  }
  return bits;
}

/** What is read of a chunk of plain text. */
interface TextChunk {
  readonly length: number;
  readonly nullCount: number;
  readonly values?: unknown;
  readonly valueOffsets?: unknown;
}

/**
 * The strings of a table that columns hold ids of. Plain ASCII is decoded at once and cut, which takes
 * a fraction of the time that it takes string by string.
 */
export function stringsOf(dictionary: Iterable<unknown>): Iterable<unknown> {
  const { type, data } = dictionary as Partial<ArrowVector>;
  const [chunk, ...more] = (data ?? []) as readonly TextChunk[];
  if (chunk === undefined || more.length > 0 || type?.toString() !== 'Utf8') return dictionary;
  const { length, nullCount, values, valueOffsets } = chunk;
  if (nullCount > 0 || !(values instanceof Uint8Array) || !(valueOffsets instanceof Int32Array)) {
    return dictionary;
  }
  const [start, end] = [valueOffsets[0]!, valueOffsets[length]!];
  const bytes = values.subarray(start, end);
  if (bytes.length !== end - start || !isAscii(bytes)) return dictionary;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return Array.from({ length }, (_, i) =>
    text.slice(valueOffsets[i]! - start, valueOffsets[i + 1]! - start),
  );
}

/** Arrow types whose arrays are those of ours. */
const SAME: Readonly<Record<string, ColumnType>> = {
  Int8: 'i8',
  Int16: 'i16',
  Int32: 'i32',
  Int64: 'i64',
  Uint8: 'u8',
  Uint16: 'u16',
  Uint32: 'u32',
  Uint64: 'u64',
  Float32: 'f32',
  Float64: 'f64',
  'Duration<NANOSECOND>': 'duration',
  'Date32<DAY>': 'date',
};

/** The column type whose values an Arrow type's are, whatever the time zone that shows them. */
function sameType(arrowType: string): ColumnType | undefined {
  return arrowType.startsWith('Timestamp<NANOSECOND') ? 'timestamp' : SAME[arrowType];
}

/** Arrow types whose values columns of times take. */
const TEMPORAL: Readonly<Partial<Record<ColumnType, RegExp>>> = {
  timestamp: /^(Timestamp|Date)/,
  date: /^(Timestamp|Date)/,
  duration: /^Duration/,
};

/** Nanoseconds of the units of Arrow's timestamps and durations. */
const UNITS: Readonly<Record<string, bigint>> = {
  SECOND: 1_000_000_000n,
  MILLISECOND: 1_000_000n,
  MICROSECOND: 1_000n,
  NANOSECOND: 1n,
};

/** Whether `data` is a table or a record batch of `apache-arrow`. */
export function isArrowData(data: object): data is ArrowTable {
  const table = data as Partial<ArrowTable>;
  return (
    typeof table.numRows === 'number' &&
    typeof table.getChild === 'function' &&
    Array.isArray(table.schema?.fields)
  );
}

/** The columns of Arrow data in the order of ours; further ones are passed over. */
export function readArrow(data: ArrowTable, columns: readonly PlanColumn[]): unknown[] {
  return columns.map(({ name, type }) => {
    const vector = data.getChild(name);
    if (vector === null) {
      throw new TypeError(
        `Cannot emit: column '${name}' is missing, the Arrow table has ${data.schema.fields.map((field) => field.name).join(', ')}`,
      );
    }
    const chunk = vector.data[0];
    if (type === 'utf8' && vector.data.length === 1 && chunk?.dictionary !== undefined) {
      return new DictionaryInput(chunk, chunk.dictionary);
    }
    const arrowType = vector.type.toString();
    if (sameType(arrowType) === type) {
      const same = sameValues(type, vector);
      if (same !== undefined) return same;
    }
    const fits = TEMPORAL[type];
    if (fits !== undefined && !fits.test(arrowType)) {
      throw new TypeError(
        `Cannot emit: column '${name}' (${type}) does not go with Arrow type ${shown(arrowType)}`,
      );
    }
    // A timestamp would come as a number of milliseconds, which has no room for nanoseconds.
    if (type === 'duration' || (type === 'timestamp' && arrowType.startsWith('Timestamp'))) {
      return readNanoseconds(vector, arrowType);
    }
    const values = new Array<unknown>(vector.length);
    for (let row = 0; row < vector.length; row++) values[row] = vector.get(row);
    return values;
  });
}

/** The values as they lie: of one chunk not copied, of several joined; else undefined. */
function sameValues(type: ColumnType, vector: ArrowVector): unknown {
  const [chunk, ...more] = vector.data;
  if (chunk === undefined || more.length > 0) {
    const joined = vector.nullCount === 0 ? vector.toArray() : undefined;
    return isTypedArray(joined) && isOwnArray(type, joined) ? joined : undefined;
  }
  const all: unknown = chunk.values;
  if (!isTypedArray(all) || !isOwnArray(type, all) || all.length < chunk.length) return undefined;
  const values = all.length === chunk.length ? all : all.subarray(0, chunk.length);
  return chunk.nullCount > 0 ? new ArrayInput(values, chunk) : values;
}

/** Times and spans of any unit as nanoseconds. */
function readNanoseconds(vector: ArrowVector, arrowType: string): (bigint | null)[] {
  const unit = UNITS[/<(\w+)/.exec(arrowType)?.[1] ?? ''] ?? 1n;
  return vector.data.flatMap(({ values, length, nullCount, nullBitmap, offset }) => {
    const bits = nullCount > 0 ? nullBitmap : undefined;
    return Array.from({ length }, (_, row) => {
      const bit = row + offset;
      const there = bits === undefined || ((bits[bit >> 3]! >> (bit & 7)) & 1) === 1;
      return there ? BigInt(values[row]!) * unit : null;
    });
  });
}
