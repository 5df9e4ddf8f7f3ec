import { MillraceError } from '../../errors.ts';
import { Column, columnFrom } from '../output/column.ts';
import { Table } from '../output/table.ts';
import { type ColumnType, isColumnType } from '../types.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/** What a value is, before its content: one byte each, whose meaning never changes. */
const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  bigint: 5,
  string: 6,
  array: 7,
  object: 8,
  map: 9,
  set: 10,
  date: 11,
  typedArray: 12,
  column: 13,
  table: 14,
} as const;

/** The typed arrays there are; a name's place is its number in the bytes. */
const TYPED_ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
  Uint8ClampedArray,
] as const;

/** How deep values may lie in each other; more is most likely a circle. */
const MOST_DEPTH = 100;

type Values = { readonly length: number; readonly [index: number]: unknown };

/**
 * Data as bytes: numbers, texts, booleans, bigints, dates, arrays, plain objects, maps, sets, typed
 * arrays, columns and tables, in their order. Equal data gives equal bytes on every platform. Throws a
 * MillraceError that says where, for anything else.
 */
export function encodePlain(data: unknown): Uint8Array {
  const out = new ByteWriter();
  write(out, data, 'it', 0);
  return out.finish();
}

/** Reads what {@link encodePlain} wrote; throws a RangeError where the bytes are not that. */
export function decodePlain(bytes: Uint8Array): unknown {
  const from = new ByteReader(bytes);
  const data = read(from, 0);
  from.finish();
  return data;
}

function write(out: ByteWriter, value: unknown, at: string, depth: number): ByteWriter {
  if (depth > MOST_DEPTH) throw unfit(at, 'is nested too deep, or in itself');
  switch (typeof value) {
    case 'undefined':
      return out.byte(TAG.undefined);
    case 'boolean':
      return out.byte(value ? TAG.true : TAG.false);
    case 'number':
      return out.byte(TAG.number).float(value);
    case 'bigint':
      return out.byte(TAG.bigint).text(String(value));
    case 'string':
      return out.byte(TAG.string).text(value);
    case 'object':
      return value === null ? out.byte(TAG.null) : writeObject(out, value, at, depth + 1);
    default:
      throw unfit(at, `is a ${typeof value}`);
  }
}

function writeObject(out: ByteWriter, value: object, at: string, depth: number): ByteWriter {
  const writeAll = (tag: number, values: readonly unknown[]) => {
    out.byte(tag).length(values.length);
    values.forEach((item, i) => {
      write(out, item, `${at}[${i}]`, depth);
    });
    return out;
  };
  if (Array.isArray(value)) return writeAll(TAG.array, value);
  if (value instanceof Map) return writeAll(TAG.map, [...value].flat());
  if (value instanceof Set) return writeAll(TAG.set, [...value]);
  if (value instanceof Date) {
    return out.byte(TAG.date).float(value.getTime());
  }
  if (ArrayBuffer.isView(value)) return writeTyped(out, value, at);
  if (value instanceof Column) {
    return writeColumn(out.byte(TAG.column), value, at, depth);
  }
  if (value instanceof Table) {
    out.byte(TAG.table).length(value.numRows).length(value.columns.length);
    for (const column of value.columns) writeColumn(out, column, at, depth);
    return out;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unfit(at, `is a ${value.constructor?.name ?? 'class of its own'}`);
  }
  const entries = Object.entries(value);
  out.byte(TAG.object).length(entries.length);
  for (const [key, item] of entries) write(out.text(key), item, `${at}.${key}`, depth);
  return out;
}

function writeTyped(out: ByteWriter, value: ArrayBufferView, at: string): ByteWriter {
  const kind = TYPED_ARRAYS.findIndex(
    (Typed) => value.constructor === Typed || value instanceof Typed,
  );
  if (kind < 0) throw unfit(at, `is a ${value.constructor.name}`);
  return out.byte(TAG.typedArray).byte(kind).view(value);
}

function writeColumn(out: ByteWriter, column: Column, at: string, depth: number): ByteWriter {
  out.text(column.name).text(column.type).length(column.length);
  out.byte(column.validity === null ? 0 : 1);
  if (column.validity !== null) out.view(ownBits(column.validity, column.length));
  const values = column.values as Values;
  if (ArrayBuffer.isView(values)) return writeTyped(out, presentValues(values, column), at);
  for (let row = 0; row < column.length; row++) write(out, values[row], at, depth);
  return out;
}

/** The bits of a column's rows, with none behind them. */
function ownBits(validity: Uint8Array, length: number): Uint8Array {
  const bits = validity.slice(0, (length + 7) >> 3);
  if (length % 8 > 0) bits[bits.length - 1]! &= (1 << (length % 8)) - 1;
  return bits;
}

/** The values of a column with 0 in every missing place, where any may stand. */
function presentValues(values: ArrayBufferView & Values, { validity }: Column): ArrayBufferView {
  if (validity === null) return values;
  const out = (values as unknown as Float64Array).slice();
  const zero = (typeof out[0] === 'bigint' ? 0n : 0) as number;
  for (let i = 0; i < out.length; i++) {
    if (((validity[i >> 3]! >> (i & 7)) & 1) === 0) out[i] = zero;
  }
  return out;
}

function read(from: ByteReader, depth: number): unknown {
  if (depth > MOST_DEPTH + 1) throw new RangeError('values are nested too deep');
  const tag = from.byte();
  switch (tag) {
    case TAG.undefined:
      return undefined;
    case TAG.null:
      return null;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.number:
      return from.float();
    case TAG.bigint:
      return readBigInt(from);
    case TAG.string:
      return from.text();
    case TAG.array:
      return readAll(from, depth);
    case TAG.object:
      return readEntries(from, depth);
    case TAG.map: {
      const flat = readAll(from, depth);
      return new Map(flat.flatMap((key, i) => (i % 2 === 0 ? [[key, flat[i + 1]] as const] : [])));
    }
    case TAG.set:
      return new Set(readAll(from, depth));
    case TAG.date:
      return new Date(from.float());
    case TAG.typedArray:
      return readTyped(from);
    case TAG.column:
      return readColumn(from, depth);
    case TAG.table: {
      const rows = from.length(0);
      const columns = Array.from({ length: from.length() }, () => readColumn(from, depth));
      if (columns.some(({ length }) => length !== rows)) throw new RangeError('a torn table');
      return new Table(rows, columns);
    }
    default:
      throw new RangeError(`no value has tag ${tag}`);
  }
}

function readBigInt(from: ByteReader): bigint {
  const digits = from.text();
  if (!/^-?\d+$/.test(digits)) throw new RangeError('an integer is not of digits');
  return BigInt(digits);
}

function readAll(from: ByteReader, depth: number): unknown[] {
  return Array.from({ length: from.length() }, () => read(from, depth + 1));
}

function readEntries(from: ByteReader, depth: number): unknown {
  const entries = Array.from({ length: from.length() }, () => {
    const key = from.text();
    return [key, read(from, depth + 1)] as const;
  });
  return Object.fromEntries(entries);
}

function readTyped(from: ByteReader): InstanceType<(typeof TYPED_ARRAYS)[number]> {
  const Typed = TYPED_ARRAYS[from.byte()];
  if (Typed === undefined) throw new RangeError('an unknown typed array');
  const bytes = from.view();
  if (bytes.length % Typed.BYTES_PER_ELEMENT !== 0) throw new RangeError('a torn typed array');
  return new Typed(bytes.slice().buffer as ArrayBuffer);
}

function readColumn(from: ByteReader, depth: number): Column {
  const name = from.text();
  const type = from.text();
  if (!isColumnType(type)) throw new RangeError(`no column has type ${type}`);
  const length = from.length(0);
  const validity = from.byte() === 1 ? from.view().slice() : null;
  if (validity !== null && validity.length !== (length + 7) >> 3) {
    throw new RangeError('flags that do not fit their column');
  }
  return columnFrom(name, type, length, readValues(from, type, length, depth), validity);
}

function readValues(from: ByteReader, type: ColumnType, length: number, depth: number): Values {
  if (type !== 'utf8') {
    if (from.byte() !== TAG.typedArray) throw new RangeError('a column without values');
    const values = readTyped(from);
    if (values.length !== length) throw new RangeError('values that do not fit their column');
    return values as Values;
  }
  const texts: unknown[] = [];
  for (let row = 0; row < length; row++) texts.push(read(from, depth + 1));
  return texts;
}

function unfit(at: string, what: string): MillraceError {
  return new MillraceError(
    'ERR_NOT_SERIALIZABLE',
    `Cannot take a snapshot of a state of your own: it must be of plain data, and ${at} ${what}`,
  );
}
