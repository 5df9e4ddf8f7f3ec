import type { Fold, Held } from './fold.ts';
import { joined, lengthOf, ownRows, pick, type Rows, rest } from './own-rows.ts';
import { keyReader, timesOf } from './rows.ts';
import type { AnyAggregation, Motion, Outcome } from './user-aggregate.ts';
import type { UserWindows } from './user-windows.ts';

const same = (state: unknown) => state;

/** Partitions of `n` rows: a result for each that is full. */
export function rowPartitions(
  windows: UserWindows,
  fold: Fold,
  outcome: (state: unknown) => Outcome,
): Motion {
  const { n = 1 } = windows;
  let held: Held | undefined;
  return {
    advance(table) {
      const rows = ownRows(table, windows);
      const length = lengthOf(rows);
      const out: Outcome[] = [];
      let open = held;
      for (let at = 0; at < length; ) {
        open ??= fold.none();
        const come = Math.min(n - open.rows, length - at);
        open = fold.step(open, 0, come === length ? rows : rows.slice(at, at + come));
        at += come;
        if (open.rows < n) continue;
        out.push(outcome(open.state));
        open = undefined;
      }
      held = open;
      return out;
    },
    end: () => [],
    snapshot: () => held && fold.save(held),
    restore(data) {
      held = data === undefined ? undefined : fold.load(data as Held);
    },
  };
}

/** A window that moves by rows. Never changed: a batch makes another. */
interface Moving {
  /** The rows of the window that was last, and those that came since. */
  readonly kept: Rows | undefined;
  /** Of these rows, where they matter. */
  readonly times: readonly bigint[];
  /** How many of the rows are in the state. */
  readonly taken: number;
  readonly state: unknown;
}

interface MovingState {
  readonly groups: ReadonlyMap<unknown, Moving>;
  readonly rows: number;
  readonly latest: bigint | undefined;
}

/**
 * Windows that overlap: `rolling` with a result for every row, of its own group where there are any, and
 * `slidingWindow`, with one for every window. Without `onOld` each is gone through from its first row.
 */
export function movingWindows(
  windows: UserWindows,
  aggregation: AnyAggregation,
  outcome: (state: unknown) => Outcome,
): Motion {
  const { op, n, span, keys, time, returnPartial, step } = windows;
  const { initial, onNew, onOld, save = same, load = same } = aggregation;
  let groups = new Map<unknown, Moving>();
  /** Rows so far. */
  let rows = 0;
  let latest: bigint | undefined;

  const begun = (): Moving => ({ kept: undefined, times: [], taken: 0, state: initial() });
  /** Whether a window ends with the row that is so manieth. */
  const ends = (row: number) =>
    op === 'rolling' || ((row >= n! || returnPartial) && (row - n!) % step === 0);

  /** Takes more rows of a group in; `emit` gets the results, each with the place of its last row. */
  const move = (
    group: Moving,
    come: Rows,
    times: readonly bigint[],
    isEnd: (place: number) => boolean,
    emit: (place: number, result: Outcome) => void,
  ): Moving => {
    const all = joined(group.kept, come);
    const count = lengthOf(come);
    const before = lengthOf(all) - count;
    const clock = times.length === 0 ? group.times : [...group.times, ...times];
    let { state, taken: end } = group;
    let start = 0;
    for (let place = 0; place < count; place++) {
      const last = before + place;
      let first = Math.max(start, n === undefined ? 0 : last + 1 - n);
      if (span !== undefined) while (clock[first]! <= clock[last]! - span) first++;
      if (!isEnd(place)) continue;
      if (onOld === undefined || first >= end) state = onNew(initial(), all.slice(first, last + 1));
      else {
        if (first > start) state = onOld(state, all.slice(start, first));
        state = onNew(state, all.slice(end, last + 1));
      }
      [start, end] = [first, last + 1];
      emit(place, outcome(state));
    }
    // Rows that no window to come has; those in a state must leave it yet.
    const past = n === undefined ? start : Math.max(start, lengthOf(all) - n);
    if (onOld === undefined || past >= end) [start, end] = [past, Math.max(past, end)];
    return { kept: rest(all, start), times: clock.slice(start), taken: end - start, state };
  };

  return {
    advance(table) {
      const own = ownRows(table, windows);
      const length = lengthOf(own);
      const times = span === undefined ? [] : timesOf('aggregate', table.columns[time!]!, latest);
      const out: Outcome[] = [];
      const next = new Map<unknown, Moving>();
      if (keys.length === 0) {
        const isEnd = (place: number) => ends(rows + place + 1);
        const group = groups.get('') ?? begun();
        next.set(
          '',
          move(group, own, times, isEnd, (_, result) => out.push(result)),
        );
      } else {
        const keyOf = keyReader(table, keys);
        const places = new Map<unknown, number[]>();
        for (let row = 0; row < length; row++) {
          const key = keyOf(row);
          const known = places.get(key);
          if (known === undefined) places.set(key, [row]);
          else known.push(row);
        }
        for (const [key, at] of places) {
          const come = pick(own, at);
          const then = times.length === 0 ? times : at.map((row) => times[row]!);
          const emit = (place: number, result: Outcome) => {
            out[at[place]!] = result;
          };
          next.set(
            key,
            move(groups.get(key) ?? begun(), come, then, () => true, emit),
          );
        }
      }
      for (const [key, group] of next) groups.set(key, group);
      rows += length;
      latest = times.at(-1) ?? latest;
      return out;
    },
    end: () => [],
    snapshot(): MovingState {
      const saved = [...groups].map(([key, group]) => {
        const state = onOld === undefined ? undefined : save(group.state);
        return [key, { ...group, state }] as const;
      });
      return { groups: new Map(saved), rows, latest };
    },
    restore(data) {
      const from = data as MovingState;
      const loaded = [...from.groups].map(([key, group]) => {
        const state = onOld === undefined ? undefined : load(group.state);
        return [key, { ...group, state }] as const;
      });
      groups = new Map(loaded);
      ({ rows, latest } = from);
    },
  };
}
