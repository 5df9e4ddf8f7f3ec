import { shown } from '../checks.ts';
import { type ColumnWriter, LAST_TIME } from './column-writer.ts';

/** Reads the columns of rows, which are objects, into writers. */
export interface RowReader {
  /** Whether an object is one row, as its first column tells, and not a set of whole columns. */
  readonly isRow: (data: object) => boolean;
  /** Reads one row to the place `at`. */
  readonly one: (row: unknown, at: number) => void;
  /** Reads all rows to the places from 0 on. */
  readonly many: (rows: ArrayLike<unknown>) => void;
}

/** A column to read; what is not `used` is only checked. */
export interface ReadColumn {
  readonly writer: ColumnWriter;
  readonly used: boolean;
}

type Writers = readonly ColumnWriter[];
type Factory = (
  writers: Writers,
  names: readonly string[],
  other: typeof writeOther,
  notARow: typeof throwNotARow,
) => RowReader;

let lastId = 0;

/**
 * A reader made for these columns: one generated function per frame, so that each place that reads a
 * property has only ever seen this frame's rows. Where code may not be generated, a loop does it.
 */
export function createRowReader(columns: readonly ReadColumn[]): RowReader {
  const writers = columns.map(({ writer }) => writer);
  const names = writers.map(({ name }) => name);
  let factory: Factory;
  try {
    factory = new Function('writers', 'names', 'other', 'notARow', source(columns)) as Factory;
  } catch {
    return loopReader(writers, names);
  }
  return factory(writers, names, writeOther, throwNotARow);
}

/** The generic twin of the generated reader: the same results, slower. */
export function loopReader(writers: Writers, names: readonly string[]): RowReader {
  const one = (row: unknown, at: number) => {
    if (typeof row !== 'object' || row === null) throwNotARow(row, at);
    for (let c = 0; c < writers.length; c++) {
      const value = (row as Record<string, unknown>)[names[c]!];
      writeOther(writers[c]!, row as object, at, value);
    }
  };
  const many = (rows: ArrayLike<unknown>) => {
    for (let at = 0; at < rows.length; at++) one(rows[at], at);
  };
  const isRow = (data: object) => {
    const first = (data as Record<string, unknown>)[names[0]!];
    return first === null || (first !== undefined && typeof first !== 'object');
  };
  return { isRow, one, many };
}

// The text holds our own templates and indices only: names come in as values.
function source(columns: readonly ReadColumn[]): string {
  const indices = columns.map((_, c) => c);
  const bind = indices.map((c) => `const w${c} = writers[${c}], k${c} = names[${c}];`).join('\n');
  const intern = columns
    .map(({ writer }, c) => (writer.interner ? `const m${c} = w${c}.interner.ids;` : ''))
    .join('\n');
  const body = (values: (c: number) => string) =>
    columns.map((column, c) => readOne(column, c, values(c))).join('\n');
  return `/* ${++lastId} */ 'use strict';
${bind}
${intern}
return {
  isRow(data) {
    const first = data[k0];
    return first === null || (first !== undefined && typeof first !== 'object');
  },
  one(row, at) {
    let x;
    if (typeof row !== 'object' || row === null) notARow(row, at);
    ${body((c) => `w${c}.values`)}
  },
  many(rows) {
    let x, row;
    const length = rows.length;
    ${indices.map((c) => `const v${c} = w${c}.values;`).join('\n    ')}
    for (let at = 0; at < length; at++) {
      row = rows[at];
      if (typeof row !== 'object' || row === null) notARow(row, at);
      ${body((c) => `v${c}`)}
    }
  },
};`;
}

function readOne({ writer, used }: ReadColumn, c: number, values: string): string {
  const { condition, store } = ordinary(writer, used, c, values);
  return `x = row[k${c}];
      if (${condition}) ${store} else other(w${c}, row, at, x);`;
}

/** When a value is of the ordinary kind for its column, and how it is then written. */
function ordinary(
  { type, interner }: ColumnWriter,
  used: boolean,
  c: number,
  values: string,
): { condition: string; store: string } {
  const store = `${values}[at] = x;`;
  const whole = (test: string) => ({ condition: `typeof x === 'number' && ${test}`, store });
  switch (type) {
    case 'f64':
    case 'f32':
      return { condition: "typeof x === 'number'", store };
    case 'i8':
      return whole('x === (x << 24) >> 24');
    case 'i16':
      return whole('x === (x << 16) >> 16');
    case 'i32':
      return whole('x === (x | 0)');
    case 'u8':
      return whole('x === (x & 0xff)');
    case 'u16':
      return whole('x === (x & 0xffff)');
    case 'u32':
      return whole('x === x >>> 0');
    case 'i64':
      return whole('Number.isSafeInteger(x)');
    case 'u64':
      return whole('Number.isSafeInteger(x) && x >= 0');
    case 'date':
      // Every value is cut to its day.
      return { condition: 'false', store: ';' };
    case 'timestamp':
    case 'duration':
      return whole(`Number.isSafeInteger(x) && x <= ${LAST_TIME} && x >= -${LAST_TIME}`);
    case 'bool':
      return { condition: "typeof x === 'boolean'", store: `${values}[at] = x ? 1 : 0;` };
    case 'utf8': {
      if (!used) return { condition: "typeof x === 'string'", store: ';' };
      if (interner === null) {
        return { condition: "typeof x === 'string'", store: `w${c}.strings[at] = x;` };
      }
      return { condition: `(x = m${c}.get(x)) !== undefined`, store };
    }
  }
}

function writeOther(writer: ColumnWriter, row: object, at: number, given: unknown): void {
  // An interned column has looked its string up in place of keeping it.
  const value = given === undefined ? (row as Record<string, unknown>)[writer.name] : given;
  if (value === undefined && !(writer.name in row)) {
    throw new TypeError(
      `Cannot emit: row ${at} has no column '${writer.name}', got ${shown(row)}; a missing value is null`,
    );
  }
  writer.other(at, value);
}

function throwNotARow(row: unknown, at: number): never {
  throw new TypeError(`Cannot emit: row ${at} must be an object, got ${shown(row)}`);
}
