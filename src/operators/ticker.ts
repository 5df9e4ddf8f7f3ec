import type { Bound } from '../graph/credits.ts';
import { type Delivery, gather } from '../graph/delivery.ts';
import { concatMetadata, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator, type Operator, type Remainder } from '../graph/operator.ts';
import { Pump, type Supply } from '../graph/pump.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** Length of a window, how much it may hold, and what becomes of the last one. */
export interface TimedWindowParams {
  readonly milliseconds: number;
  readonly flush: boolean;
  readonly bound: Bound;
}

/** What a timed window collects. */
export interface WindowStore<P> {
  readonly size: number;
  /** Whether the next element will have to wait for the next window. */
  isFull(bound: Bound): boolean;
  /** Adds an element; gives whether more is held than before. */
  add(params: P, value: unknown, tag: Tag): boolean;
  /** Makes room for metadata. */
  track?(): void;
  values(): unknown[];
  /** Metadata of all of it, retained. */
  allTags(): readonly Tag[];
  /** Takes out everything. */
  take(): unknown[];
}

/** An operator that emits, at fixed intervals, what a store of its kind has collected. */
export function timedOperator<P extends TimedWindowParams>(
  name: string,
  createStore: () => WindowStore<P>,
): Operator<P, Ticker<P>> {
  return defineOperator<P, Ticker<P>>({
    name,
    version: 1,
    boundary: true,
    holds: true,
    create: (params, node) => new Ticker(node, params.milliseconds, createStore()),
    link:
      ({ params, state }) =>
      (value, tag) =>
        accept(state, params, value, tag),
    track: (state) => state.store.track?.(),
    isFull: ({ params, state }) => state.pump.isRunning || state.store.isFull(params.bound),
    start: ({ state }) => state.start(),
    stop: ({ state }) => state.stop(),
    drain: ({ state }, isEnd) => state.drained(isEnd),
    flush: ({ params, state }) => (params.flush ? state.takeRest() : []),
    forget: ({ state }) => state.forget(),
    snapshot: (state) => ({ values: state.store.values(), left: state.left() }),
    restore(data, params, node) {
      const { values, left } = data as { values: unknown[]; left: number };
      const state = new Ticker(node, params.milliseconds, createStore(), left);
      for (const value of values) state.store.add(params, value, undefined);
      return state;
    },
  });
}

/** A window that is being delivered, or is full, holds back whoever fills the next one. */
function accept<P extends TimedWindowParams>(
  { store, pump }: Ticker<P>,
  params: P,
  value: unknown,
  tag: Tag,
): Delivery {
  const wasFull = store.isFull(params.bound);
  const hasGrown = store.add(params, value, tag);
  return pump.isRunning || (wasFull && hasGrown) ? gather(undefined, pump.turn()) : undefined;
}

/**
 * Emits what a store has collected at fixed intervals, empty or not, the first time at once. A window
 * whose predecessor is still being delivered goes out when that has settled; the times of the
 * following ones stay where they were.
 */
export class Ticker<P> implements Supply {
  readonly store: WindowStore<P>;
  readonly pump: Pump;
  readonly #clock: Clock;
  readonly #interval: number;
  #next: number;
  #timer: TimerHandle | undefined;
  #isDue = false;

  /** @param left milliseconds until the next window; 0 for the first */
  constructor(node: Node, interval: number, store: WindowStore<P>, left = 0) {
    this.store = store;
    this.pump = new Pump(node, this);
    this.#clock = node.environment.clock;
    this.#interval = interval;
    this.#next = this.#clock.now() + left;
  }

  get size(): number {
    return this.store.size;
  }

  isReady(): boolean {
    return this.#isDue;
  }

  nextTag(): Tag {
    return concatMetadata(this.store.allTags());
  }

  take(): unknown[] {
    this.#isDue = false;
    return this.store.take();
  }

  start(): void {
    this.pump.start();
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#next - this.#clock.now());
    this.#timer = this.#clock.setTimeout(() => this.#tick(), wait);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.pump.stop();
  }

  /** Milliseconds until the next window. */
  left(): number {
    return Math.max(0, this.#next - this.#clock.now());
  }

  /** At the end of input only the window under way is waited for: the last one need not be whole. */
  drained(isEnd: boolean): Promise<void> | undefined {
    if (!isEnd) return this.pump.drained();
    return this.pump.isRunning ? this.pump.turn() : undefined;
  }

  takeRest(): Remainder[] {
    if (this.store.size === 0) return [];
    const tag = this.nextTag();
    return [{ value: this.take(), tag }];
  }

  forget(): readonly Tag[] {
    const tags = this.store.allTags();
    this.store.take();
    this.pump.wake();
    return tags;
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#next += this.#interval;
    if (this.#next <= now) this.#next = now + this.#interval;
    this.#timer = this.#clock.setTimeout(() => this.#tick(), this.#next - now);
    this.#isDue = true;
    this.pump.run();
  }
}

/** Milliseconds of an interval, which must be above 0. */
export function requireInterval(operator: string, interval: Duration): number {
  const milliseconds = parseDuration(interval, operator);
  if (milliseconds > 0) return milliseconds;
  throw new RangeError(`Cannot create ${operator}: interval must be above 0, got ${milliseconds}`);
}
