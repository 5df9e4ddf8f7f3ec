import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import type { Delivery } from '../graph/delivery.ts';
import { HeldQueue } from '../graph/held-queue.ts';
import type { Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';
import { Queue } from '../graph/queue.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** Options of `delay`. */
export interface DelayOptions<T = unknown> extends ByteLimit<T> {
  /** How many elements are held before `emit` has to wait; default 10,000. */
  readonly maxsize?: number;
}

/** How long elements are held, and how many. */
export interface DelayParams {
  readonly milliseconds: number;
  readonly bound: Bound;
}

/** The elements that are held, each with the time at which it is due; one timer, for the oldest. */
class DelayState extends HeldQueue {
  readonly dues = new Queue<number>();
  readonly clock: Clock;
  readonly #milliseconds: number;
  #timer: TimerHandle | undefined;

  constructor(node: Node, { milliseconds, bound }: DelayParams) {
    super(node, bound);
    this.clock = node.environment.clock;
    this.#milliseconds = milliseconds;
  }

  override isReady(): boolean {
    return this.queue.size > 0 && this.dues.head() <= this.clock.now();
  }

  override take(): unknown {
    this.dues.shift();
    return super.take();
  }

  override accept(value: unknown, tag: Tag): Delivery {
    const accepted = super.accept(value, tag);
    this.dues.push(this.clock.now() + this.#milliseconds);
    if (!this.pump.isRunning) this.paused();
    return accepted;
  }

  override forget(): Tag[] {
    this.clearTimer();
    this.dues.clear();
    return super.forget();
  }

  paused(): void {
    if (this.queue.size === 0 || this.#timer !== undefined) return;
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      this.pump.run();
    }, this.dues.head() - this.clock.now());
  }

  clearTimer(): void {
    if (this.#timer !== undefined) this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Emits each element a fixed time after it came. */
export const delay = defineOperator<DelayParams, DelayState>({
  name: 'delay',
  version: 1,
  boundary: true,
  holds: true,
  create: (params, node) => new DelayState(node, params),
  link:
    ({ state }) =>
    (value, tag) =>
      state.accept(value, tag),
  track: (state) => state.queue.track(),
  isFull: ({ state }) => state.isFull,
  start({ state }) {
    state.pump.start();
    state.paused();
  },
  stop({ state }) {
    state.pump.stop();
    state.clearTimer();
  },
  drain: ({ state }) => state.pump.drained(),
  forget({ state }) {
    const tags = state.forget();
    state.pump.wake();
    return tags;
  },
  snapshot(state) {
    const dues = state.dues.toArray();
    const now = state.clock.now();
    return state.queue.toArray().map((value, i) => ({ value, left: dues[i]! - now }));
  },
  restore(data, params, node) {
    const state = new DelayState(node, params);
    for (const { value, left } of data as { value: unknown; left: number }[]) {
      state.load(value);
      state.dues.push(state.clock.now() + left);
    }
    return state;
  },
});

/** Checks the arguments of `delay`. */
export function delayParams<T>(t: Duration, options: DelayOptions<T> = {}): DelayParams {
  requireOptions('delay', options, ['maxsize', ...BYTE_LIMIT]);
  const { maxsize = 10_000 } = options;
  requirePositiveInteger('delay', 'maxsize', maxsize);
  const bound = { elements: maxsize, bytes: byteLimit('delay', options) };
  return { milliseconds: parseDuration(t, 'delay'), bound };
}
