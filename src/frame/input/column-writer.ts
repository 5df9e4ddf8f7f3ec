import { types } from 'node:util';
import type { TypedArray } from '../../native/plan.ts';
import { shown } from '../checks.ts';
import { DAY } from '../output/column.ts';
import type { ColumnType, IntegerType } from '../types.ts';
import { type DictionaryInput, stringsOf } from './arrow-in.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;
const NANOSECONDS = 1_000_000n;

/** The whole numbers each type holds; 64-bit ones are limited by what a number shows exactly. */
export const INTEGER_RANGE: Readonly<Record<IntegerType, readonly [number, number]>> = {
  i8: [-0x80, 0x7f],
  i16: [-0x8000, 0x7fff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
  u64: [0, Number.MAX_SAFE_INTEGER],
};

const WANTED: Readonly<Record<ColumnType, string>> = {
  bool: 'true or false',
  i8: 'an integer from -128 to 127',
  i16: 'an integer from -32768 to 32767',
  i32: 'an integer of 32 bits',
  i64: 'an integer within ±2^53, or a bigint of 64 bits',
  u8: 'an integer from 0 to 255',
  u16: 'an integer from 0 to 65535',
  u32: 'an integer from 0 to 2^32 - 1',
  u64: 'an integer from 0 to 2^53, or a bigint of 64 bits',
  f32: 'a number',
  f64: 'a number',
  utf8: 'a string',
  timestamp: 'whole milliseconds, a Date or bigint nanoseconds',
  date: 'a Date, or milliseconds since 1970, of which the day in UTC counts',
  duration: 'milliseconds or bigint nanoseconds',
};

/** Numbers of a column while rows are collected: what generated row readers write into. */
export type WriterValues = Exclude<TypedArray, BigInt64Array | BigUint64Array | Uint8ClampedArray>;

/** The strings of one dictionary column: those the plan has, and the new ones it has yet to get. */
export class Interner {
  readonly ids = new Map<string, number>();
  readonly #known: string[];
  #fresh: string[] = [];
  #size: number;
  readonly #foreign = new WeakMap<object, Int32Array>();
  /** Foreign tables whose every string has the id here that it has there. */
  readonly #same = new WeakSet<object>();

  /** `known` is the plan's own list of strings; what is taken by {@link Interner.send} is added. */
  constructor(known: string[]) {
    this.#known = known;
    this.#size = known.length;
    known.forEach((text, id) => {
      this.ids.set(text, id);
    });
  }

  /** The id of a string that is not in {@link Interner.ids} yet. */
  add(text: string): number {
    if (LONE_SURROGATE.test(text)) return this.#addRepaired(text);
    const id = this.#size++;
    this.ids.set(text, id);
    this.#fresh.push(text);
    return id;
  }

  /** The string of an id, also of one that the plan has yet to get. */
  text(id: number): string | undefined {
    return this.#known[id] ?? this.#fresh[id - this.#known.length];
  }

  /** Our ids of the strings of a foreign table, which is read only once. */
  idsOf(dictionary: Iterable<unknown> & object): Int32Array {
    let ours = this.#foreign.get(dictionary);
    if (ours === undefined) {
      const ids: number[] = [];
      let same = true;
      for (const text of stringsOf(dictionary)) {
        const isText = typeof text === 'string';
        // A missing string has no id.
        const id = isText ? (this.ids.get(text) ?? this.add(text)) : -1;
        same &&= isText && id === ids.length;
        ids.push(id);
      }
      ours = Int32Array.from(ids);
      this.#foreign.set(dictionary, ours);
      if (same) this.#same.add(dictionary);
    }
    return ours;
  }

  /** How many strings there are, those the plan has yet to get included. */
  get size(): number {
    return this.#size;
  }

  /** How many ids of a foreign table are ours as they stand: all of them, or 0. */
  sameIds(dictionary: Iterable<unknown> & object): number {
    const { length } = this.idsOf(dictionary);
    return this.#same.has(dictionary) ? length : 0;
  }

  /** UTF-8 has no form for half a surrogate pair: such strings share the id of what stands for them. */
  #addRepaired(text: string): number {
    const repaired = Buffer.from(text).toString();
    const id = this.ids.get(repaired) ?? this.add(repaired);
    this.ids.set(text, id);
    return id;
  }

  /** The strings that are new to the plan, which must now get them. */
  send(): readonly string[] {
    const fresh = this.#fresh;
    if (fresh.length > 0) {
      this.#fresh = [];
      this.#known.push(...fresh);
    }
    return fresh;
  }
}

/**
 * Whether the first `length` ids are all from 0 to `limit` - 1. Signs are collected instead of branching,
 * four rows at a time: a comparison for each row took twice as long, a tenth of a whole group-by.
 */
function areBelow(limit: number, ids: Int32Array, length: number): boolean {
  const most = limit - 1;
  let even = 0;
  let odd = 0;
  let row = 0;
  for (; row + 3 < length; row += 4) {
    const a = ids[row]!;
    const b = ids[row + 1]!;
    const c = ids[row + 2]!;
    const d = ids[row + 3]!;
    even |= a | (most - a) | c | (most - c);
    odd |= b | (most - b) | d | (most - d);
  }
  for (; row < length; row++) even |= ids[row]! | (most - ids[row]!);
  return (even | odd) >= 0;
}

/**
 * Collects the values of one column, up to `capacity` rows. Whoever fills it writes ordinary values
 * straight into {@link ColumnWriter.values} and hands everything else to {@link ColumnWriter.other};
 * it keeps no count of rows itself.
 */
export class ColumnWriter {
  readonly name: string;
  readonly type: ColumnType;
  readonly interner: Interner | null;
  /** 64-bit integers and times are collected as numbers, times in milliseconds. */
  values: WriterValues;
  /** Text that is not interned. */
  strings: string[] = [];
  #validity: Uint8Array | null = null;
  #hasMissing = false;
  /** 64-bit values that a number does not hold, by row. */
  readonly #wide = new Map<number, bigint>();

  constructor(name: string, type: ColumnType, capacity: number, interner: Interner | null) {
    this.name = name;
    this.type = type;
    this.interner = interner;
    this.values = allocate(type, interner !== null, capacity);
  }

  /** Makes room for at least `capacity` rows, keeping what is written. */
  grow(capacity: number): void {
    const before = this.values;
    if (before.length >= capacity) return;
    this.values = allocate(this.type, this.interner !== null, capacity);
    this.values.set(before);
    if (this.#validity !== null) {
      const bits = new Uint8Array((capacity + 7) >> 3).fill(0xff);
      bits.set(this.#validity);
      this.#validity = bits;
    }
  }

  /** Gives back memory for more than `most` rows, keeping room for `capacity`; forgets all rows. */
  shrink(most: number, capacity: number): void {
    if (this.values.length <= most) return;
    this.values = allocate(this.type, this.interner !== null, capacity);
    this.#validity = null;
  }

  /** Whole columns: writes `input` from row 0 on; throws where a value does not fit. */
  fill(input: ArrayLike<unknown>): void {
    const { length } = input;
    this.grow(length);
    const { type, values, interner, strings } = this;
    for (let row = 0; row < length; row++) {
      const value = input[row];
      if (type === 'utf8') {
        const id = interner?.ids.get(value as string);
        if (id !== undefined) values[row] = id;
        else if (interner === null && typeof value === 'string') strings[row] = value;
        else this.other(row, value);
      } else if ((type === 'f64' || type === 'f32') && typeof value === 'number') {
        values[row] = value;
      } else this.other(row, value);
    }
  }

  /**
   * Ids of a foreign table of strings that are ours as they stand: the table lists our strings in our
   * order, which is how it is where one table serves all batches. Undefined where they must be written,
   * as where an id is beyond that table. Where it has all our strings, the plan finds such an id itself
   * and refuses the batch: looking here too took a fifth of a whole group-by.
   */
  sameIds({ ids, length, dictionary, validity }: DictionaryInput): Int32Array | undefined {
    if (!(ids instanceof Int32Array) || ids.length < length || validity !== null) return undefined;
    const strings = this.interner?.sameIds(dictionary) ?? 0;
    if (strings === 0) return undefined;
    if (strings < this.interner!.size && !areBelow(strings, ids, length)) return undefined;
    return ids.length === length ? ids : ids.subarray(0, length);
  }

  /** Text that comes as ids of a foreign table of strings: writes it from row 0 on. */
  fillFrom({ ids, length, dictionary, validity, offset }: DictionaryInput): void {
    this.grow(length);
    const strings = this.interner === null ? [...stringsOf(dictionary)] : null;
    const ours = this.interner?.idsOf(dictionary) ?? null;
    const size = (strings ?? ours!).length;
    for (let row = 0, bit = offset; row < length; row++, bit++) {
      const id = Number(ids[row]);
      if (validity !== null && ((validity[bit >> 3]! >> (bit & 7)) & 1) === 0) this.#miss(row);
      else if (!(id >= 0 && id < size)) {
        throw new RangeError(
          `Cannot emit: column '${this.name}' has ids of a dictionary of ${size} strings, got id ${id} in row ${row}`,
        );
      } else if (ours === null) this.other(row, strings![id]);
      else this.#intern(row, ours[id]!);
    }
  }

  #intern(row: number, id: number): void {
    if (id < 0) this.#miss(row);
    else this.values[row] = id;
  }

  /**
   * Writes any value that may stand in the column: also a missing one, a new string, a Date, a
   * bigint. Throws a TypeError, naming the column and the row, for what may not.
   */
  other(row: number, value: unknown): void {
    if (value === null || value === undefined) {
      this.#miss(row);
      return;
    }
    const number = this.#toNumber(row, value);
    if (number === undefined) {
      throw new TypeError(
        `Cannot emit: column '${this.name}' (${this.type}) takes ${WANTED[this.type]}, got ${shown(value)} in row ${row}`,
      );
    }
    this.values[row] = number;
  }

  /** The text that was written into a row, null where it is missing. */
  textAt(row: number): string | null {
    if (this.#hasMissing && ((this.#validity![row >> 3]! >> (row & 7)) & 1) === 0) return null;
    return this.interner?.text(Number(this.values[row])) ?? this.strings[row] ?? null;
  }

  /** Forgets all from row `from` on. */
  discard(from: number): void {
    if (this.#wide.size > 0) {
      for (const row of this.#wide.keys()) if (row >= from) this.#wide.delete(row);
    }
    if (this.strings.length > from) this.strings.length = from;
    if (!this.#hasMissing) return;
    const bits = this.#validity!;
    bits.fill(0xff, (from + 7) >> 3);
    for (let row = from; row & 7; row++) bits[row >> 3]! |= 1 << (row & 7);
    if (from === 0) this.#hasMissing = false;
  }

  /** The first `rows` values as the buffers the plan reads; valid until the next write. */
  finish(rows: number, out: (TypedArray | null)[]): void {
    const validity = this.#hasMissing ? this.#validity!.subarray(0, (rows + 7) >> 3) : null;
    if (this.type === 'utf8') {
      if (this.interner === null) out.push(...packStrings(this.strings, rows));
      else this.#pushIds(this.interner, this.values.subarray(0, rows), out);
    } else if (this.type === 'bool') out.push(packBits(this.values as Uint8Array, rows));
    else if (this.#wide.size > 0) out.push(this.#widen(rows));
    else out.push(this.values.length === rows ? this.values : this.values.subarray(0, rows));
    out.push(validity);
  }

  /** As {@link ColumnWriter.finish}, of the ids that {@link ColumnWriter.sameIds} gave. */
  finishSame(ids: Int32Array, out: (TypedArray | null)[]): void {
    this.#pushIds(this.interner!, ids, out);
    out.push(null);
  }

  #pushIds(interner: Interner, ids: TypedArray, out: (TypedArray | null)[]): void {
    const fresh = interner.send();
    out.push(ids);
    out.push(...(fresh.length === 0 ? [null, null] : packStrings(fresh, fresh.length)));
  }

  #miss(row: number): void {
    this.#validity ??= new Uint8Array((this.values.length + 7) >> 3).fill(0xff);
    this.#hasMissing = true;
    this.#validity[row >> 3]! &= ~(1 << (row & 7));
    this.values[row] = 0;
    if (this.type === 'utf8') this.strings[row] = '';
  }

  /** The number that stands for `value` in the column; undefined where it may not stand there. */
  #toNumber(row: number, value: unknown): number | undefined {
    switch (this.type) {
      case 'bool':
        return typeof value === 'boolean' ? Number(value) : undefined;
      case 'f64':
      case 'f32':
        return typeof value === 'number' ? value : undefined;
      case 'utf8':
        if (typeof value !== 'string') return undefined;
        if (this.interner === null) this.strings[row] = value;
        return this.interner?.ids.get(value) ?? this.interner?.add(value) ?? 0;
      case 'timestamp':
        return this.#time(row, types.isDate(value) ? value.getTime() : value);
      case 'duration':
        return this.#span(row, value);
      case 'date':
        return dayOf(value);
      default:
        return this.#integer(row, value, this.type);
    }
  }

  #integer(row: number, value: unknown, type: IntegerType): number | undefined {
    const [least, most] = INTEGER_RANGE[type];
    if (typeof value === 'bigint' && (type === 'i64' || type === 'u64')) {
      const fits = type === 'i64' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
      if (fits !== value) return undefined;
      if (value > BigInt(most) || value < BigInt(least)) this.#wide.set(row, value);
      return Number(value);
    }
    return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined;
  }

  #time(row: number, value: unknown): number | undefined {
    if (typeof value === 'bigint') {
      if (BigInt.asIntN(64, value) !== value) return undefined;
      if (value % NANOSECONDS !== 0n) this.#wide.set(row, value);
      return Number(value / NANOSECONDS);
    }
    return isTime(value) ? value : undefined;
  }

  /** As a time, but that parts of a millisecond may stand as a fraction. */
  #span(row: number, value: unknown): number | undefined {
    if (typeof value !== 'number' || Number.isInteger(value)) return this.#time(row, value);
    const whole = Math.floor(value);
    if (!isTime(whole)) return undefined;
    const rest = BigInt(Math.round((value - whole) * 1e6));
    return this.#time(row, BigInt(whole) * NANOSECONDS + rest);
  }

  #widen(rows: number): BigInt64Array | BigUint64Array {
    const out = new BigInt64Array(rows);
    const scale = this.type === 'i64' || this.type === 'u64' ? 1n : NANOSECONDS;
    for (let row = 0; row < rows; row++) {
      out[row] = this.#wide.get(row) ?? BigInt(this.values[row]!) * scale;
    }
    return this.type === 'u64' ? new BigUint64Array(out.buffer) : out;
  }
}

/** The last millisecond whose nanoseconds fit into 64 bits. */
export const LAST_TIME = 9_223_372_036_854;

/** Whether `value` is a time in whole milliseconds that a column can hold. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= LAST_TIME;
}

/** The day of a Date or of milliseconds since 1970, in days; undefined for anything else. */
export function dayOf(value: unknown): number | undefined {
  const milliseconds = types.isDate(value) ? value.getTime() : value;
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds)) return undefined;
  const day = Math.floor(milliseconds / DAY);
  return day === (day | 0) ? day | 0 : undefined;
}

function allocate(type: ColumnType, interned: boolean, capacity: number): WriterValues {
  switch (type) {
    case 'f32':
      return new Float32Array(capacity);
    case 'i32':
    case 'date':
      return new Int32Array(capacity);
    case 'i16':
      return new Int16Array(capacity);
    case 'i8':
      return new Int8Array(capacity);
    case 'u32':
      return new Uint32Array(capacity);
    case 'u16':
      return new Uint16Array(capacity);
    case 'u8':
    case 'bool':
      return new Uint8Array(capacity);
    case 'utf8':
      return interned ? new Int32Array(capacity) : new Uint8Array(capacity);
    default:
      return new Float64Array(capacity);
  }
}

/** Offsets and UTF-8 text of strings. */
function packStrings(strings: readonly string[], count: number): [Int32Array, Uint8Array] {
  const offsets = new Int32Array(count + 1);
  let text = Buffer.allocUnsafe(Math.max(64, count * 16));
  let end = 0;
  for (let i = 0; i < count; i++) {
    const string = strings[i] ?? '';
    if (text.length - end < string.length * 3) {
      const larger = Buffer.allocUnsafe((text.length + string.length * 3) * 2);
      text.copy(larger, 0, 0, end);
      text = larger;
    }
    end += text.write(string, end, 'utf8');
    offsets[i + 1] = end;
  }
  return [offsets, text.subarray(0, end)];
}

function packBits(bytes: Uint8Array, rows: number): Uint8Array {
  const out = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row++) out[row >> 3]! |= bytes[row]! << (row & 7);
  return out;
}
