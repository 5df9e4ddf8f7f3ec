import { requireBoolean, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import { type Delivery, gather } from '../graph/delivery.ts';
import { retain, type Tag } from '../graph/metadata.ts';
import { defineOperator } from '../graph/operator.ts';
import type { Duration } from '../time/duration.ts';
import { requireInterval, Ticker, type WindowStore } from './ticker.ts';

/** Options of `timedWindow`. */
export interface TimedWindowOptions<T = unknown> extends ByteLimit<T> {
  /** Emit the unfinished window at the end of input; default true. */
  readonly flush?: boolean;
  /** How many elements a window holds before `emit` has to wait for the next one; default 1,000,000. */
  readonly maxsize?: number;
}

/** Length of a window, how much it may hold, and what becomes of the last one. */
export interface TimedWindowParams {
  readonly milliseconds: number;
  readonly flush: boolean;
  readonly bound: Bound;
}

/** The elements of the window that is open. */
class ListStore implements WindowStore {
  values: unknown[] = [];
  tags: Tag[] | undefined;
  #bytes = 0;

  get size(): number {
    return this.values.length;
  }

  isFull({ elements, bytes }: Bound): boolean {
    if (this.values.length >= elements) return true;
    return bytes !== undefined && this.#bytes >= bytes.maxBytes;
  }

  add({ bytes }: Bound, value: unknown, tag: Tag): void {
    if (bytes !== undefined) this.#bytes += bytes.measure(value);
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
    this.#bytes = 0;
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
      accept(state, params.bound, value, tag),
  track: (state) => state.store.track(),
  isFull: ({ params, state }) => state.pump.isRunning || state.store.isFull(params.bound),
  start: ({ state }) => state.start(),
  stop: ({ state }) => state.stop(),
  drain: ({ state }, isEnd) => state.drained(isEnd),
  flush: ({ params, state }) => (params.flush ? state.takeRest() : []),
  forget: ({ state }) => state.forget(),
  snapshot: (state) => ({ values: [...state.store.values], left: state.left() }),
  restore(data, params, node) {
    const { values, left } = data as { values: unknown[]; left: number };
    const state = new Ticker(node, params.milliseconds, new ListStore(), left);
    for (const value of values) state.store.add(params.bound, value, undefined);
    return state;
  },
});

/** Checks the arguments of `timedWindow`. */
export function timedWindowParams<T>(
  interval: Duration,
  options: TimedWindowOptions<T> = {},
): TimedWindowParams {
  requireOptions('timedWindow', options, ['flush', 'maxsize', ...BYTE_LIMIT]);
  const { flush = true, maxsize = 1_000_000 } = options;
  requireBoolean('timedWindow', 'flush', flush);
  requirePositiveInteger('timedWindow', 'maxsize', maxsize);
  const bound = { elements: maxsize, bytes: byteLimit('timedWindow', options) };
  return { milliseconds: requireInterval('timedWindow', interval), flush, bound };
}

/** A window that is being delivered, or is full, holds back whoever fills the next one. */
function accept(ticker: Ticker<ListStore>, bound: Bound, value: unknown, tag: Tag): Delivery {
  const mustWait = ticker.pump.isRunning || ticker.store.isFull(bound);
  ticker.store.add(bound, value, tag);
  return mustWait ? gather(undefined, ticker.pump.turn()) : undefined;
}
