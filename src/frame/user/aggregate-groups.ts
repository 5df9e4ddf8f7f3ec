import { rawReader } from '../join/joined.ts';
import type { Table } from '../output/table.ts';
import type { Fold, Held } from './fold.ts';
import { IdleGroups } from './idle-groups.ts';
import { ownRows, pick } from './own-rows.ts';
import { keyReader, keyValues, timesOf } from './rows.ts';
import type { Motion, Outcome, ResultRow } from './user-aggregate.ts';
import type { UserWindows } from './user-windows.ts';

/** What the rows of one key have come to, as of the last batch that was taken in. */
interface Group {
  readonly key: unknown;
  readonly keys: readonly unknown[];
  /** Greater than that of groups that began before. */
  readonly number: number;
  held: Held;
}

/** What a batch does to a group. */
interface Change {
  /** The rows that come, in their order, of which some may leave again. */
  readonly come: number[];
  gone: number;
}

interface State {
  readonly groups: readonly (readonly [key: unknown, keys: readonly unknown[], held: Held])[];
  /** The group of each row in the window. */
  readonly rows: Uint32Array;
  readonly times: readonly bigint[];
  readonly latest: bigint | undefined;
  readonly evictions: number;
  readonly idle: readonly [groups: readonly (readonly [number, bigint])[], now: bigint | undefined];
}

/**
 * The groups of all rows so far, or of those in a window: for each batch rows of results, of all groups
 * in the order in which they began, or with `emit: 'changes'` of those that rows came to or left.
 */
export function batchGroups(
  windows: UserWindows,
  fold: Fold,
  outcome: (rows: readonly ResultRow[]) => Outcome,
  wallTime: () => number,
): Motion {
  const { op, n, span, keys, time, emit, maxGroups, ttl } = windows;
  const isWindow = op === 'window';
  const bound = {
    ...(maxGroups !== undefined && { maxGroups }),
    ...(ttl !== undefined && { ttl }),
  };
  const isBound = Object.keys(bound).length > 0;
  const idle = new IdleGroups<Group>(bound);
  let groups = new Map<unknown, Group>();
  let began = 0;
  /** The group of each row in the window, and the time of it where that matters. */
  let rows: Group[] = [];
  let times: bigint[] = [];
  let latest: bigint | undefined;
  let evictions = 0;

  /** Which groups the rows of a batch come to and which leave theirs; no group is changed yet. */
  const sorted = (table: Table) => {
    const keyOf = keyReader(table, keys);
    const valuesOf = keyValues(table, keys);
    const clock =
      span === undefined ? undefined : timesOf('aggregate', table.columns[time!]!, latest);
    const stamps = ttl !== undefined && time !== undefined ? rawReader(table.columns[time]!) : null;
    const changes = new Map<Group, Change>();
    /** Groups that began or ended, by their keys. */
    const current = new Map<unknown, Group | undefined>();
    const begun: Group[] = [];
    if (clock !== undefined) for (const at of clock) times.push(at);
    let gone = 0;
    let given = 0;
    const changeOf = (group: Group): Change => {
      let change = changes.get(group);
      if (change === undefined) {
        change = { come: [], gone: 0 };
        changes.set(group, change);
      }
      return change;
    };
    const giveUp = (group: Group) => {
      current.set(group.key, undefined);
      given++;
    };
    const groupOf = (row: number): Group => {
      const key = keyOf(row);
      const known = current.has(key) ? current.get(key) : groups.get(key);
      if (known !== undefined) return known;
      if (isBound) idle.makeRoom(giveUp);
      const number = began + begun.length;
      const group = { key, keys: valuesOf(row), number, held: fold.none() };
      current.set(key, group);
      begun.push(group);
      return group;
    };
    const leave = () => {
      const oldest = rows[gone++]!;
      const change = changeOf(oldest);
      change.gone++;
      if (change.gone === oldest.held.rows + change.come.length) current.set(oldest.key, undefined);
    };

    if (ttl !== undefined && stamps === null) idle.advance(nanoseconds(wallTime()), giveUp);
    for (let row = 0; row < table.numRows; row++) {
      const stamp = stamps?.(row) as bigint | null | undefined;
      if (stamp !== null && stamp !== undefined) idle.advance(stamp, giveUp);
      const group = groupOf(row);
      changeOf(group).come.push(row);
      if (isBound) idle.touch(group);
      if (!isWindow) continue;
      rows.push(group);
      if (clock === undefined) while (rows.length - gone > n!) leave();
      else while (times[gone]! <= clock[row]! - span!) leave();
    }
    return { changes, current, begun, given, gone, latest: clock?.at(-1) ?? latest };
  };

  const advanced = (table: Table): Outcome[] => {
    const batch = sorted(table);
    const { changes, current, begun } = batch;
    const own = ownRows(table, windows);
    const next = [...changes].map(([group, { come, gone }]): [Group, Held] => {
      const before = group.held.rows;
      if (gone === before + come.length) return [group, fold.none()];
      const rows = gone > before ? come.slice(gone - before) : come;
      return [group, fold.step(group.held, Math.min(gone, before), pick(own, rows))];
    });
    // Nothing throws from here on but what makes results.
    for (const [group, held] of next) group.held = held;
    for (const [key, group] of current) if (groups.get(key) !== group) groups.delete(key);
    for (const group of begun) if (current.get(group.key) === group) groups.set(group.key, group);
    began += begun.length;
    evictions += batch.given;
    rows.splice(0, batch.gone);
    if (span !== undefined) times.splice(0, batch.gone);
    latest = batch.latest;
    if (emit === 'end') return [];
    const shown = emit === 'all' ? groups.values() : stillNamed(changes.keys(), groups, isWindow);
    return [outcome([...shown])];
  };

  return {
    advance(table) {
      const before = rows.length;
      try {
        const out = advanced(table);
        idle.commit();
        return out;
      } catch (error) {
        rows.length = before;
        if (span !== undefined) times.length = before;
        idle.undo();
        throw error;
      }
    },
    end: () => (emit === 'end' && groups.size > 0 ? [outcome([...groups.values()])] : []),
    snapshot(): State {
      const places = new Map([...groups.values()].map((group, i) => [group, i] as const));
      const [waiting, now] = idle.snapshot();
      return {
        groups: [...groups.values()].map(({ key, keys, held }) => [key, keys, fold.save(held)]),
        rows: Uint32Array.from(rows, (group) => places.get(group)!),
        times: times.slice(),
        latest,
        evictions,
        idle: [waiting.map(([group, seen]) => [places.get(group)!, seen]), now],
      };
    },
    restore(data) {
      const state = data as State;
      const all = state.groups.map(([key, keys, held], number): Group => {
        return { key, keys, number, held: fold.load(held) };
      });
      began = all.length;
      groups = new Map(all.map((group) => [group.key, group]));
      rows = Array.from(state.rows, (place) => all[place]!);
      times = [...state.times];
      ({ latest, evictions } = state);
      const [waiting, now] = state.idle;
      idle.restore([waiting.map(([place, seen]) => [all[place]!, seen] as const), now]);
    },
    evictedGroups: () => evictions,
  };
}

/**
 * Groups in the order in which they began, one for each key: that which there is, else where it may be
 * over that which was last.
 */
export function stillNamed<G extends { readonly key: unknown; readonly number: number }>(
  moved: Iterable<G>,
  groups: ReadonlyMap<unknown, G>,
  mayBeOver = true,
): G[] {
  const inOrder = [...moved].sort((a, b) => a.number - b.number);
  const last = new Map(inOrder.map((group) => [group.key, group]));
  return inOrder.filter((group) => {
    const there = groups.get(group.key) ?? (mayBeOver ? last.get(group.key) : undefined);
    return there === group;
  });
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.trunc(milliseconds)) * 1_000_000n;
}
