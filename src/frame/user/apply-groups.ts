import { MillraceError } from '../../errors.ts';
import { arrayOf } from '../input/column-input.ts';
import { rawReader } from '../join/joined.ts';
import type { Column } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import type { ApplyWindows, Call, Values, Windows } from './user-apply.ts';

/** The names of the columns that windows are made of here, whatever they are called outside. */
export const VALUE = 'value';
export const TIME = 'time';
export const keyName = (index: number) => `key${index}`;

/** The rows in the window of one group, oldest first. */
interface Group {
  /** For each row: its time, 0 where times do not matter. */
  times: bigint[];
  /** For each row: whether it has a value. */
  there: boolean[];
  /** Those values. */
  values: unknown[];
}

interface State {
  readonly groups: Map<string, Group>;
  readonly latest: bigint | undefined;
}

/**
 * Windows of the last rows of each group, or of those of a span of time: a result for every row, of
 * `window` one for each batch.
 */
export function groupWindows(
  { op, n, span, keys, minPeriods, type }: ApplyWindows,
  f: Call,
): Windows {
  let groups = new Map<string, Group>();
  let latest: bigint | undefined;

  const leave = (group: Group, now: bigint) => {
    let gone = n === undefined ? 0 : Math.max(0, group.there.length - n);
    if (span !== undefined) {
      while (gone < group.times.length && group.times[gone]! <= now - span) gone++;
    }
    if (gone === 0) return;
    const values = group.there.slice(0, gone).filter(Boolean).length;
    group.times.splice(0, gone);
    group.there.splice(0, gone);
    group.values.splice(0, values);
  };
  const call = ({ values }: Group) =>
    values.length < minPeriods ? null : (f(arrayOf(type, values)) ?? null);

  return {
    advance(batch) {
      const table = batch as Table;
      const value = rawValues(table.column(VALUE) as Column);
      const times = span === undefined ? undefined : timesOf(table, latest);
      const keyOf = keyReader(table, keys);
      const out: unknown[] = [];
      for (let row = 0; row < table.numRows; row++) {
        const key = keyOf(row);
        let group = groups.get(key);
        if (group === undefined) {
          group = { times: [], there: [], values: [] };
          groups.set(key, group);
        }
        const now = times?.[row] ?? 0n;
        const given = value(row);
        group.times.push(now);
        group.there.push(given !== null);
        if (given !== null) group.values.push(given);
        leave(group, now);
        if (op === 'rolling') out.push(call(group));
      }
      latest = times?.at(-1) ?? latest;
      if (op === 'window') out.push(call(groups.get('') ?? { times: [], there: [], values: [] }));
      return out;
    },
    snapshot: (): State => ({ groups, latest }),
    restore(data) {
      const state = data as State;
      latest = state.latest;
      groups = new Map();
      for (const [key, { times, there, values }] of state.groups) {
        groups.set(key, { times: [...times], there: [...there], values: [...values] });
      }
    },
  };
}

/** Reads values as `Column.values` has them, `null` where one is missing. */
export function rawValues({ values, validity }: Column): (row: number) => unknown {
  const all = values as Values;
  if (validity === null) return (row) => all[row];
  return (row) => ((validity[row >> 3]! >> (row & 7)) & 1 ? all[row] : null);
}

/** The times of a batch; throws where one is missing, or earlier than the one before it. */
export function timesOf(table: Table, before: bigint | undefined): readonly bigint[] {
  const read = rawReader(table.column(TIME) as Column);
  let latest = before;
  return Array.from({ length: table.numRows }, (_, row) => {
    const time = read(row) as bigint | null;
    if (time === null || (latest !== undefined && time < latest)) {
      const what = time === null ? 'be missing, got null' : `decrease, got ${time} after ${latest}`;
      throw new MillraceError(
        'ERR_UNORDERED',
        `Cannot apply to a span of time: times must not ${what} in row ${row}`,
      );
    }
    latest = time;
    return time;
  });
}

/** A text for the keys of a row: equal for rows whose keys are, missing ones among them. */
export function keyReader(table: Table, keys: number): (row: number) => string {
  const readers = Array.from({ length: keys }, (_, i) =>
    rawReader(table.column(keyName(i)) as Column),
  );
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
