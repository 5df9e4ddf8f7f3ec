import { arrayOf } from '../input/column-input.ts';
import { tableOf } from '../join/joined.ts';
import type { Column } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import { keyReader, rawValues, timesOf } from './rows.ts';
import type { Call, Windows } from './user-apply.ts';
import type { UserWindows } from './user-windows.ts';

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
  readonly groups: Map<unknown, Group>;
  readonly latest: bigint | undefined;
}

/**
 * Windows of the last rows of each group, or of those of a span of time: a result for every row, of
 * `window` one for each batch.
 */
export function groupWindows(
  { op, n, span, keys, time, minPeriods, values: [own] }: UserWindows,
  f: Call,
): Windows {
  let groups = new Map<unknown, Group>();
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
    values.length < minPeriods ? null : (f(arrayOf(own!.type, values)) ?? null);

  return {
    advance(batch) {
      const table = tableOf(batch as Column | Table);
      const value = rawValues(table.columns[0]!);
      const times =
        span === undefined ? undefined : timesOf('apply to', table.columns[time!]!, latest);
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
