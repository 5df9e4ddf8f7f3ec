import { inspect } from 'node:util';
import type { Table as ArrowTable } from 'apache-arrow';
import type { MimeBundle } from '../../observe/jupyter.ts';
import { shown } from '../checks.ts';
import type { ColumnType, RowOf, Schema, ValueOf } from '../types.ts';
import { toArrowTable } from './arrow-out.ts';
import type { Column } from './column.ts';
import { formatTable, htmlTable } from './format-table.ts';

/** An assignment to this name sets no property, unless an object has one of its own already. */
const PROTO = '__proto__';
const OWN = { value: null, writable: true, enumerable: true, configurable: true };

/**
 * Rows of results: named columns of one length. It never changes, however long it is kept. A keyed
 * table has its key columns first. Printed by `console.log`, it shows aligned columns with their
 * types.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { DataFrame } from 'millrace';
 *
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * trades.groupBy('symbol').price.mean().sink((means) => {
 *   assert.deepEqual(means.columnNames, ['symbol', 'price']);
 *   assert.deepEqual(means.toRows(), [
 *     { symbol: 'A', price: 15 },
 *     { symbol: 'B', price: 3 },
 *   ]);
 * });
 * trades.emit([
 *   { symbol: 'A', price: 10 },
 *   { symbol: 'B', price: 3 },
 *   { symbol: 'A', price: 20 },
 * ]);
 * ```
 */
export class Table<S extends Schema = Schema> implements Iterable<RowOf<S>> {
  readonly numRows: number;
  readonly columns: readonly Column[];

  /** Tables come from plans; there is no need to make one. */
  constructor(numRows: number, columns: readonly Column[]) {
    this.numRows = numRows;
    this.columns = columns;
  }

  /** The names of the columns, in order. */
  get columnNames(): (keyof S & string)[] {
    return this.columns.map(({ name }) => name);
  }

  /** The types of the columns by name. */
  get schema(): S {
    return Object.fromEntries(this.columns.map(({ name, type }) => [name, type])) as S;
  }

  /** One column by its name. Throws a TypeError for a name the table has not. */
  column<K extends keyof S & string>(name: K): Column<S[K]> {
    for (const column of this.columns) {
      if (column.name === name) return column as Column<S[K]>;
    }
    throw new TypeError(
      `Cannot read column ${shown(name)}: the table has ${this.columnNames.join(', ')}`,
    );
  }

  /** The rows from `start` up to `end`, both counted from the end where negative. */
  slice(start = 0, end = this.numRows): Table<S> {
    const columns = this.columns.map((column) => column.slice(start, end));
    return new Table<S>(columns[0]?.length ?? 0, columns);
  }

  /** The rows as objects, missing values as `null`. */
  toRows(): RowOf<S>[] {
    return [...this];
  }

  /** The columns as plain arrays by name, missing values as `null`. */
  toColumns(): { [K in keyof S]: (ValueOf<S[K]> | null)[] } {
    return Object.fromEntries(this.columns.map((column) => [column.name, column.toArray()])) as {
      [K in keyof S]: (ValueOf<S[K]> | null)[];
    };
  }

  /** The same data as a table of `apache-arrow`, which is loaded for it; numbers are not copied. */
  toArrow(): Promise<ArrowTable> {
    return toArrowTable(this);
  }

  *[Symbol.iterator](): IterableIterator<RowOf<S>> {
    const names = this.columnNames;
    const values = this.columns.map((column) => column.toArray());
    const ownsProto = names.includes(PROTO as keyof S & string);
    for (let row = 0; row < this.numRows; row++) {
      const out: Record<string, ValueOf<ColumnType> | null> = {};
      if (ownsProto) Object.defineProperty(out, PROTO, OWN);
      for (let c = 0; c < names.length; c++) out[names[c]!] = values[c]![row]!;
      yield out as RowOf<S>;
    }
  }

  /** The first rows as text, in aligned columns under their names and types. */
  toString(): string {
    return formatTable(this);
  }

  [inspect.custom](): string {
    return formatTable(this);
  }

  /** Shows the first rows in a notebook. */
  [Symbol.for('Jupyter.display')](): MimeBundle {
    return { 'text/plain': formatTable(this), 'text/html': htmlTable(this) };
  }
}
