import { arrayOf } from '../input/column-input.ts';
import { rawReader } from '../join/joined.ts';
import type { Table } from '../output/table.ts';
import type { ColumnType } from '../types.ts';
import { stillNamed } from './aggregate-groups.ts';
import { keyReader, rawValues, timesOf } from './rows.ts';
import type { Call } from './user-apply.ts';
import type { UserWindows } from './user-windows.ts';

/** A table of results, as whole columns: of keys, and what the function made of their values. */
export type Results = readonly (readonly unknown[])[];

/** Windows of which each gives a table with a row for each of its groups. */
export interface TableWindows {
  /** Takes rows in; the results of windows that are over then. */
  readonly advance: (rows: Table) => Iterable<Results>;
  /** The results of the window that is open when the input ends. */
  readonly end: () => Iterable<Results>;
  readonly snapshot: () => unknown;
  readonly restore: (data: unknown) => void;
  /** Rows that came after their window was over. */
  readonly lateRows: () => number;
}

/** The rows of one key. */
interface Group {
  readonly key: unknown;
  readonly keys: readonly unknown[];
  /** The values that are there, oldest first. */
  values: unknown[];
}

/** What the function makes of groups. */
function resultsOf(groups: Iterable<Group>, keys: number, type: ColumnType, f: Call): Results {
  const columns: unknown[][] = Array.from({ length: keys + 1 }, () => []);
  for (const group of groups) {
    group.keys.forEach((key, i) => {
      columns[i]!.push(key);
    });
    columns[keys]!.push(f(arrayOf(type, group.values)) ?? null);
  }
  return columns;
}

/** Finds the group of each row of a batch, a new one where there is none. */
function groupFinder<G extends Group>(
  table: Table,
  keys: readonly number[],
  groups: Map<unknown, G>,
  begin: (key: unknown, keys: readonly unknown[]) => G,
): (row: number) => G {
  const keyOf = keyReader(table, keys);
  const readers = keys.map((key) => rawReader(table.columns[key]!));
  return (row) => {
    const key = keyOf(row);
    let group = groups.get(key);
    if (group === undefined) {
      group = begin(
        key,
        readers.map((read) => read(row)),
      );
      groups.set(key, group);
    }
    return group;
  };
}

interface PartitionState {
  readonly open: bigint | null;
  readonly late: number;
  readonly groups: readonly Omit<Group, 'key'>[];
  readonly names: readonly unknown[];
}

const FIRST_TIME = -(2n ** 63n);

/** Partitions of `span` nanoseconds: a table with their beginning when they are over. */
export function timePartitions(
  { span = 1n, keys, time: timeAt, values: [own] }: UserWindows,
  f: Call,
): TableWindows {
  let groups = new Map<unknown, Group>();
  let open: bigint | null = null;
  let late = 0;

  const close = (): (() => Results) | undefined => {
    if (open === null) return undefined;
    const [start, over] = [open, groups];
    open = null;
    groups = new Map();
    return () => {
      const results = resultsOf(over.values(), keys.length, own!.type, f);
      return [results[0]!.map(() => start), ...results];
    };
  };
  const begin = (key: unknown, keys: readonly unknown[]): Group => ({ key, keys, values: [] });

  return {
    advance(table) {
      const value = rawValues(table.columns[0]!);
      const time = rawReader(table.columns[timeAt!]!);
      // All rows come in before the function is called, which may throw.
      const over: (() => Results)[] = [];
      let find = groupFinder(table, keys, groups, begin);
      for (let row = 0; row < table.numRows; row++) {
        const at = time(row) as bigint | null;
        if (at === null) continue;
        const start = startOf(at, span);
        if (open !== null && start < open) {
          late++;
          continue;
        }
        if (open !== null && start > open) {
          over.push(close()!);
          find = groupFinder(table, keys, groups, begin);
        }
        open = start;
        const { values } = find(row);
        const given = value(row);
        if (given !== null) values.push(given);
      }
      return called(over);
    },
    end: () => called([close()].filter((results) => results !== undefined)),
    snapshot: (): PartitionState => ({
      open,
      late,
      groups: [...groups.values()].map(({ keys, values }) => ({ keys, values: values.slice() })),
      names: [...groups.keys()],
    }),
    restore(data) {
      const state = data as PartitionState;
      ({ open, late } = state);
      groups = new Map(
        state.groups.map(({ keys, values }, i) => {
          const key = state.names[i]!;
          return [key, { key, keys, values: [...values] }] as const;
        }),
      );
    },
    lateRows: () => late,
  };
}

/** The beginning of the partition that a time is in, counted from 1970. */
export function startOf(at: bigint, span: bigint): bigint {
  const start = endOf(at, span) - span;
  return start < FIRST_TIME ? FIRST_TIME : start;
}

/** The end of that partition, which is no longer in it. */
export function endOf(at: bigint, span: bigint): bigint {
  return at - (((at % span) + span) % span) + span;
}

function* called(over: readonly (() => Results)[]): Iterable<Results> {
  for (const results of over) yield results();
}

/** The rows of one key in a window. */
interface WindowGroup extends Group {
  /** Greater than that of groups that began before. */
  readonly number: number;
  /** Its rows, those without a value included. */
  rows: number;
  /** Values that have left since the batch began. */
  gone: number;
}

interface WindowGroupsState {
  readonly groups: readonly Omit<Group, 'key'>[];
  readonly names: readonly unknown[];
  /** The group of each row, and whether it has a value. */
  readonly rows: Uint32Array;
  readonly there: Uint8Array;
  readonly times: readonly bigint[];
  readonly latest: bigint | null;
}

/**
 * The groups of the last `n` rows, or of those of a span of time: a table for each batch, of all groups
 * in the order in which they began, or with `emit: 'changes'` of those that rows came to or left.
 */
export function windowGroups(
  { n, span, keys, time, values: [own], emit }: UserWindows,
  f: Call,
): TableWindows {
  let groups = new Map<unknown, WindowGroup>();
  let began = 0;
  let rows: WindowGroup[] = [];
  let there: boolean[] = [];
  let times: bigint[] = [];
  let latest: bigint | null = null;
  const begin = (key: unknown, keys: readonly unknown[]): WindowGroup => {
    return { key, keys, values: [], number: began++, rows: 0, gone: 0 };
  };

  return {
    *advance(table) {
      const value = rawValues(table.columns[0]!);
      const given =
        span === undefined
          ? undefined
          : timesOf('apply to', table.columns[time!]!, latest ?? undefined);
      const find = groupFinder(table, keys, groups, begin);
      const moved = new Set<WindowGroup>();
      let first = 0;
      for (let row = 0; row < table.numRows; row++) {
        const group = find(row);
        const own = value(row);
        moved.add(group);
        group.rows++;
        if (own !== null) group.values.push(own);
        rows.push(group);
        there.push(own !== null);
        const now = given?.[row];
        if (now !== undefined) times.push(now);
        const leaves = () =>
          now === undefined || span === undefined
            ? rows.length - first > n!
            : times[first]! <= now - span;
        while (leaves()) {
          const oldest = rows[first]!;
          moved.add(oldest);
          if (there[first] === true) oldest.gone++;
          if (--oldest.rows === 0) groups.delete(oldest.key);
          first++;
        }
      }
      latest = given?.at(-1) ?? latest;
      rows.splice(0, first);
      there.splice(0, first);
      if (given !== undefined) times.splice(0, first);
      for (const group of moved) {
        group.values.splice(0, group.gone);
        group.gone = 0;
      }
      const shown = emit === 'changes' ? stillNamed(moved, groups) : groups.values();
      yield resultsOf(shown, keys.length, own!.type, f);
    },
    end: () => [],
    snapshot(): WindowGroupsState {
      const places = new Map([...groups.values()].map((group, i) => [group, i] as const));
      return {
        groups: [...groups.values()].map(({ keys, values }) => ({ keys, values: values.slice() })),
        names: [...groups.keys()],
        rows: Uint32Array.from(rows, (group) => places.get(group)!),
        there: Uint8Array.from(there, Number),
        times: [...times],
        latest,
      };
    },
    restore(data) {
      const state = data as WindowGroupsState;
      began = 0;
      const all = state.groups.map(({ keys, values }, i) => ({
        ...begin(state.names[i]!, keys),
        values: [...values],
      }));
      groups = new Map(all.map((group) => [group.key, group]));
      rows = Array.from(state.rows, (place) => all[place]!);
      for (const group of rows) group.rows++;
      there = Array.from(state.there, Boolean);
      times = [...state.times];
      latest = state.latest;
    },
    lateRows: () => 0,
  };
}
