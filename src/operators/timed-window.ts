import { requireBoolean, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { type Delivery, gather } from '../graph/delivery.ts';
import { retain, type Tag } from '../graph/metadata.ts';
import { defineOperator } from '../graph/operator.ts';
import type { Duration } from '../time/duration.ts';
import { requireInterval, Ticker, type WindowStore } from './ticker.ts';

/** Options of `timedWindow`. */
export interface TimedWindowOptions {
  /** Emit the unfinished window at the end of input; default true. */
  readonly flush?: boolean;
  /** How many elements a window holds before `emit` has to wait for the next one; default 1,000,000. */
  readonly maxsize?: number;
}

/** Length of a window, how many elements it may hold, and what becomes of the last one. */
export interface TimedWindowParams {
  readonly milliseconds: number;
  readonly flush: boolean;
  readonly maxsize: number;
}

/** The elements of the window that is open. */
class ListStore implements WindowStore {
  values: unknown[] = [];
  tags: Tag[] | undefined;

  get size(): number {
    return this.values.length;
  }

  add(value: unknown, tag: Tag): void {
    this.values.push(value);
    if (this.tags === undefined) return;
    retain(tag);
    this.tags.push(tag);
  }

  track(): void {
    this.tags ??= this.values.map(() => undefined);
  }

  allTags(): readonly Tag[] {
    return this.tags ?? [];
  }

  take(): unknown[] {
    const { values } = this;
    this.values = [];
    if (this.tags !== undefined) this.tags = [];
    return values;
  }
}

/** Emits, at fixed intervals, an array of the elements that came since. */
export const timedWindow = defineOperator<TimedWindowParams, Ticker<ListStore>>({
  name: 'timedWindow',
  version: 1,
  boundary: true,
  holds: true,
  create: (params, node) => new Ticker(node, params.milliseconds, new ListStore()),
  link:
    ({ params, state }) =>
    (value, tag) =>
      accept(state, params.maxsize, value, tag),
  track: (state) => state.store.track(),
  isFull: ({ params, state }) => state.pump.isRunning || state.store.size >= params.maxsize,
  start: ({ state }) => state.start(),
  stop: ({ state }) => state.stop(),
  drain: ({ state }, isEnd) => state.drained(isEnd),
  flush: ({ params, state }) => (params.flush ? state.takeRest() : []),
  forget: ({ state }) => state.forget(),
  snapshot: (state) => ({ values: [...state.store.values], left: state.left() }),
  restore(data, params, node) {
    const { values, left } = data as { values: unknown[]; left: number };
    const state = new Ticker(node, params.milliseconds, new ListStore(), left);
    for (const value of values) state.store.add(value, undefined);
    return state;
  },
});

/** Checks the arguments of `timedWindow`. */
export function timedWindowParams(
  interval: Duration,
  options: TimedWindowOptions | undefined,
): TimedWindowParams {
  requireOptions('timedWindow', options, ['flush', 'maxsize']);
  const { flush = true, maxsize = 1_000_000 } = options ?? {};
  requireBoolean('timedWindow', 'flush', flush);
  requirePositiveInteger('timedWindow', 'maxsize', maxsize);
  return { milliseconds: requireInterval('timedWindow', interval), flush, maxsize };
}

/** A window that is being delivered, or is full, holds back whoever fills the next one. */
function accept(ticker: Ticker<ListStore>, maxsize: number, value: unknown, tag: Tag): Delivery {
  ticker.store.add(value, tag);
  const mustWait = ticker.pump.isRunning || ticker.store.size > maxsize;
  return mustWait ? gather(undefined, ticker.pump.turn()) : undefined;
}
