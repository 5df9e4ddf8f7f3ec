import { rawReader } from '../join/joined.ts';
import { milliseconds } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import { endOf, startOf } from './apply-tables.ts';
import type { Fold, Held } from './fold.ts';
import { ownRows, pick } from './own-rows.ts';
import { keyReader, keyValues } from './rows.ts';
import type { Motion, Outcome, ResultRow } from './user-aggregate.ts';
import type { UserWindows } from './user-windows.ts';

/** What the rows of one key in a partition have come to. */
interface Group {
  readonly keys: readonly unknown[];
  readonly held: Held;
}

/** Rows of a batch that are in one partition. */
interface Part {
  readonly start: bigint;
  readonly end: bigint;
  readonly rows: number[];
}

interface State {
  readonly open: bigint | null;
  readonly late: number;
  readonly groups: readonly (readonly [key: unknown, keys: readonly unknown[], held: Held])[];
}

/** Partitions of a span of time: rows of results, with their beginning, when they are over. */
export function partitionGroups(
  windows: UserWindows,
  fold: Fold,
  outcome: (rows: readonly ResultRow[]) => Outcome,
): Motion {
  const { span = 1n, keys, time } = windows;
  let groups = new Map<unknown, Group>();
  let open: bigint | null = null;
  let late = 0;

  /** What more rows make of groups. */
  const added = (table: Table, before: ReadonlyMap<unknown, Group>, rows: readonly number[]) => {
    const own = ownRows(table, windows);
    const keyOf = keyReader(table, keys);
    const places = new Map<unknown, number[]>();
    for (const row of rows) {
      const key = keyOf(row);
      const known = places.get(key);
      if (known === undefined) places.set(key, [row]);
      else known.push(row);
    }
    const readers = keyValues(table, keys);
    return [...places].map(([key, at]): readonly [unknown, Group] => {
      const group = before.get(key) ?? { keys: readers(at[0]!), held: fold.none() };
      return [key, { ...group, held: fold.step(group.held, 0, pick(own, at)) }];
    });
  };
  const resultsOf = (start: bigint, over: Iterable<Group>): Outcome => {
    const first = milliseconds(start);
    return outcome(
      Array.from(over, (group) => ({ keys: [first, ...group.keys], held: group.held })),
    );
  };

  return {
    advance(table) {
      const at = rawReader(table.columns[time!]!);
      // What becomes of the open partition is known when all functions have returned.
      let begun = open;
      let missed = 0;
      const parts: Part[] = [];
      for (let row = 0; row < table.numRows; row++) {
        const then = at(row) as bigint | null;
        if (then === null) continue;
        let part = parts.at(-1);
        if (part === undefined || then < part.start || then >= part.end) {
          const start = startOf(then, span);
          if (begun !== null && start < begun) {
            missed++;
            continue;
          }
          begun = start;
          part = { start, end: endOf(then, span), rows: [] };
          parts.push(part);
        }
        part.rows.push(row);
      }
      const none: ReadonlyMap<unknown, Group> = new Map();
      const changed = parts.map(({ start, rows }) =>
        added(table, start === open ? groups : none, rows),
      );
      const over: Outcome[] = [];
      parts.forEach(({ start }, i) => {
        if (open !== null && start !== open) over.push(resultsOf(open, groups.values()));
        if (start !== open) groups = new Map();
        open = start;
        for (const [key, group] of changed[i]!) groups.set(key, group);
      });
      late += missed;
      return over;
    },
    end() {
      if (open === null) return [];
      const last = resultsOf(open, groups.values());
      open = null;
      groups = new Map();
      return [last];
    },
    snapshot: (): State => ({
      open,
      late,
      groups: [...groups].map(([key, group]) => [key, group.keys, fold.save(group.held)]),
    }),
    restore(data) {
      const state = data as State;
      const loaded = state.groups.map(([key, keys, held]) => {
        return [key, { keys, held: fold.load(held) }] as const;
      });
      groups = new Map(loaded);
      ({ open, late } = state);
    },
    lateRows: () => late,
  };
}
