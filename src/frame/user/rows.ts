import { MillraceError } from '../../errors.ts';
import { rawReader } from '../join/joined.ts';
import type { Column } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import type { Values } from './user-apply.ts';

/** Reads values as `Column.values` has them, `null` where one is missing. */
export function rawValues({ values, validity }: Column): (row: number) => unknown {
  const all = values as Values;
  if (validity === null) return (row) => all[row];
  return (row) => ((validity[row >> 3]! >> (row & 7)) & 1 ? all[row] : null);
}

/** The times of a batch; throws where one is missing, or earlier than the one before it. */
export function timesOf(
  what: string,
  column: Column,
  before: bigint | undefined,
): readonly bigint[] {
  const read = rawReader(column);
  let latest = before;
  return Array.from({ length: column.length }, (_, row) => {
    const time = read(row) as bigint | null;
    if (time === null || (latest !== undefined && time < latest)) {
      const order =
        time === null ? 'be missing, got null' : `decrease, got ${time} after ${latest}`;
      throw new MillraceError(
        'ERR_UNORDERED',
        `Cannot ${what} a span of time: times must not ${order} in row ${row}`,
      );
    }
    latest = time;
    return time;
  });
}

/**
 * What the keys of a row are known by: equal for rows whose keys are, missing ones among them. A key by
 * itself is known as it is, several by a text.
 */
export function keyReader(table: Table, keys: readonly number[]): (row: number) => unknown {
  const readers = keys.map((key) => rawReader(table.columns[key]!));
  const [only] = readers;
  if (only !== undefined && readers.length === 1) return only;
  return (row) => {
    let key = '';
    for (const read of readers) {
      const value = read(row);
      // Lengths keep ('a', 'bc') and ('ab', 'c') apart; −0 and 0 are one key, and have one text.
      const text = value === null ? '' : `=${value}`;
      key += `${text.length}:${text}`;
    }
    return key;
  };
}

/** Reads the keys of a row as tables show them. */
export function keyValues(
  table: Table,
  keys: readonly number[],
): (row: number) => readonly unknown[] {
  return (row) => keys.map((key) => table.columns[key]!.at(row));
}
