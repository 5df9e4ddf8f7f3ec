import type { Table } from '../output/table.ts';
import type { Fold, Held } from './fold.ts';
import { lengthOf, ownRows, type Rows } from './own-rows.ts';
import { timesOf } from './rows.ts';
import type { Motion, Outcome } from './user-aggregate.ts';
import type { UserWindows } from './user-windows.ts';

interface State extends Partial<Held> {
  readonly times: readonly bigint[];
}

/** All rows so far, the last `n`, or those of a span of time: a result for each batch. */
export function batchWindow(
  windows: UserWindows,
  fold: Fold,
  outcome: (state: unknown) => Outcome,
): Motion {
  const { op, n, span, time } = windows;
  let held: Held | undefined;
  /** Of the rows in the window, where it is of a span of time. */
  let times: readonly bigint[] = [];

  return {
    advance(table) {
      const rows = ownRows(table, windows);
      const length = lengthOf(rows);
      const before = held ?? fold.none();
      const came =
        span === undefined ? [] : timesOf('aggregate', table.columns[time!]!, times.at(-1));
      const all = came.length === 0 ? times : times.concat(came);
      const leave =
        op === 'all'
          ? 0
          : leaving(before.rows + length, n, span === undefined ? undefined : all, span);
      const gone = Math.min(leave, before.rows);
      held = fold.step(before, gone, from(rows, leave - gone));
      times = leave === 0 ? all : all.slice(leave);
      return [outcome(held.state)];
    },
    end: () => [],
    snapshot: (): State => ({ ...(held && fold.save(held)), times }),
    restore(data) {
      const state = data as State;
      held = state.rows === undefined ? undefined : fold.load(state as Held);
      times = state.times;
    },
  };
}

/** How many of these rows the window is past. */
function leaving(
  rows: number,
  n: number | undefined,
  times: readonly bigint[] | undefined,
  span: bigint | undefined,
): number {
  if (times === undefined || span === undefined) return Math.max(0, rows - n!);
  const last = times.at(-1);
  let gone = 0;
  while (last !== undefined && times[gone]! <= last - span) gone++;
  return gone;
}

/** The rows from `start` on; the same ones where these are all. */
export function from(rows: Rows | Table, start: number): Rows {
  return start === 0 ? rows : rows.slice(start);
}
