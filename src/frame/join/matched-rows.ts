import type { Column } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import type { PlanColumn, PlanNode } from '../plan/plan-node.ts';
import { rawReader } from './joined.ts';

/** The values of one row, in the order of its columns. */
export type RowValues = readonly unknown[];

/** Reads the given columns of a table, row by row. */
export function rowReader(
  table: Table,
  columns: readonly PlanColumn[],
): (row: number) => RowValues {
  const readers = columns.map(({ name }) => rawReader(table.column(name) as Column));
  return (row) => readers.map((read) => read(row));
}

/**
 * Reads the key of a row: equal for rows whose key columns have equal values, undefined where one is
 * missing, as such a row has no partner. Without key columns all rows have one key.
 */
export function keyReader(table: Table, columns: readonly string[]): (row: number) => unknown {
  const readers = columns.map((name) => rawReader(table.column(name) as Column));
  const [single] = readers;
  if (single === undefined) return () => true;
  if (readers.length === 1) return (row) => canonical(single(row));
  return (row) => {
    let key = '';
    for (const read of readers) {
      const value = canonical(read(row));
      if (value === undefined) return undefined;
      const text = String(value);
      // Lengths keep ('a', 'bc') and ('ab', 'c') apart.
      key += `${text.length}:${text}`;
    }
    return key;
  };
}

function canonical(value: unknown): unknown {
  // As in groups, −0 and 0 are one key.
  return value === null ? undefined : value === 0 ? 0 : value;
}

/** Columns made of the values of matched rows, missing where a row has no match. */
export function columnsOf(
  matches: readonly (RowValues | undefined)[],
  columns: readonly PlanColumn[],
): unknown[][] {
  return columns.map((_, c) => matches.map((match) => (match === undefined ? null : match[c])));
}

/** The columns of `node` that are not in `names`. */
export function columnsBut(node: PlanNode, names: readonly string[]): PlanColumn[] {
  return node.columns.filter(({ name }) => !names.includes(name));
}
