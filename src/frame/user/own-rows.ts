import { type Column, columnFrom } from '../output/column.ts';
import { Table } from '../output/table.ts';
import type { ColumnType } from '../types.ts';
import type { UserWindows } from './user-windows.ts';

/** What the functions of an aggregate get: some rows, as a column or a table. */
export type Rows = Column | Table;

/** The rows of a batch as the functions get them, without what stands beside them. */
export function ownRows(table: Table, { values, isColumn }: UserWindows): Rows {
  if (isColumn) return table.columns[0]!;
  if (values.length === table.columns.length) return table;
  return new Table(table.numRows, table.columns.slice(0, values.length));
}

/** How many rows there are. */
export function lengthOf(rows: Rows): number {
  return rows instanceof Table ? rows.numRows : rows.length;
}

/** Some of the rows, in their order and in memory of their own unless these are all. */
export function pick(rows: Rows, places: readonly number[]): Rows {
  if (places.length === lengthOf(rows)) return rows;
  if (!(rows instanceof Table)) return pickColumn(rows, places);
  return new Table(
    places.length,
    rows.columns.map((column) => pickColumn(column, places)),
  );
}

/** Rows after others; memory of their own where there are some of both. */
export function joined(first: Rows | undefined, second: Rows): Rows {
  if (first === undefined || lengthOf(first) === 0) return second;
  if (lengthOf(second) === 0) return first;
  if (!(first instanceof Table)) return joinColumns(first, second as Column);
  return new Table(
    first.numRows + lengthOf(second),
    first.columns.map((column, i) => joinColumns(column, (second as Table).columns[i]!)),
  );
}

/** A copy of the rows from `start` on, that holds on to nothing else. */
export function rest(rows: Rows, start: number): Rows {
  const copy = (column: Column) => {
    const { name, type, length, values, validity } = column.slice(start);
    return columnFrom(name, type, length, (values as Float64Array).slice(), validity);
  };
  if (!(rows instanceof Table)) return copy(rows);
  return new Table(Math.max(0, rows.numRows - start), rows.columns.map(copy));
}

type Values = { readonly length: number; [index: number]: unknown };

/** Room for values of a column, as {@link Column.values} has them. */
function room(like: unknown, length: number): Values {
  if (!ArrayBuffer.isView(like)) return new Array<unknown>(length);
  return new (like.constructor as new (length: number) => Float64Array)(length);
}

function pickColumn(column: Column, places: readonly number[]): Column {
  const { name, type, validity } = column;
  const from = column.values as Values;
  const values = room(from, places.length);
  const bits = validity === null ? null : new Uint8Array((places.length + 7) >> 3);
  for (let i = 0; i < places.length; i++) {
    const row = places[i]!;
    values[i] = from[row];
    if (bits !== null) bits[i >> 3]! |= ((validity![row >> 3]! >> (row & 7)) & 1) << (i & 7);
  }
  return columnFrom(name, type, places.length, values, bits);
}

function joinColumns(first: Column, second: Column): Column {
  const length = first.length + second.length;
  const { name, type } = first;
  return columnFrom(name, type, length, joinValues(first, second), joinBits(first, second));
}

function joinValues(first: Column<ColumnType>, second: Column): Values {
  const [older, newer] = [first.values as Values, second.values as Values];
  const values = room(newer, older.length + newer.length);
  if (ArrayBuffer.isView(values)) {
    const out = values as unknown as Float64Array;
    out.set(older as unknown as Float64Array);
    out.set(newer as unknown as Float64Array, older.length);
    return values;
  }
  for (let i = 0; i < older.length; i++) values[i] = older[i];
  for (let i = 0; i < newer.length; i++) values[older.length + i] = newer[i];
  return values;
}

function joinBits(first: Column, second: Column): Uint8Array | null {
  if (first.validity === null && second.validity === null) return null;
  const bits = new Uint8Array((first.length + second.length + 7) >> 3);
  const write = ({ validity, length }: Column, at: number) => {
    for (let i = 0; i < length; i++) {
      const there = validity === null ? 1 : (validity[i >> 3]! >> (i & 7)) & 1;
      bits[(at + i) >> 3]! |= there << ((at + i) & 7);
    }
  };
  write(first, 0);
  write(second, first.length);
  return bits;
}
