import { Admission } from '../graph/admission.ts';
import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import type { Delivery } from '../graph/delivery.ts';
import { retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';
import { Pump, type Supply } from '../graph/pump.ts';
import { Queue } from '../graph/queue.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** Options of `delay`. */
export interface DelayOptions {
  /** How many elements are held before `emit` has to wait; default 10,000. */
  readonly maxsize?: number;
}

/** How long elements are held, and how many. */
export interface DelayParams {
  readonly milliseconds: number;
  readonly maxsize: number;
}

/** The elements that are held, each with the time at which it is due; one timer, for the oldest. */
class DelayState implements Supply {
  readonly queue = new Queue();
  readonly dues = new Queue<number>();
  readonly admission = new Admission();
  readonly pump: Pump;
  readonly clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(node: Node) {
    this.clock = node.environment.clock;
    this.pump = new Pump(node, this);
  }

  get size(): number {
    return this.queue.size;
  }

  isReady(): boolean {
    return this.queue.size > 0 && this.dues.head() <= this.clock.now();
  }

  nextTag(): Tag {
    return this.queue.headTag();
  }

  take(): unknown {
    this.dues.shift();
    this.admission.admit();
    return this.queue.shift();
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
  create: (_params, node) => new DelayState(node),
  link:
    ({ params, state }) =>
    (value, tag) =>
      accept(state, params, value, tag),
  track: (state) => state.queue.track(),
  isFull: ({ params, state }) => state.queue.size >= params.maxsize,
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
    state.clearTimer();
    state.dues.clear();
    const tags = state.queue.clear();
    state.admission.admitAll();
    state.pump.wake();
    return tags;
  },
  snapshot(state) {
    const dues = state.dues.toArray();
    const now = state.clock.now();
    return state.queue.toArray().map((value, i) => ({ value, left: dues[i]! - now }));
  },
  restore(data, _params, node) {
    const state = new DelayState(node);
    for (const { value, left } of data as { value: unknown; left: number }[]) {
      state.queue.push(value);
      state.dues.push(state.clock.now() + left);
    }
    return state;
  },
});

/** Checks the arguments of `delay`. */
export function delayParams(t: Duration, options: DelayOptions | undefined): DelayParams {
  requireOptions('delay', options, ['maxsize']);
  const maxsize = options?.maxsize ?? 10_000;
  requirePositiveInteger('delay', 'maxsize', maxsize);
  return { milliseconds: parseDuration(t, 'delay'), maxsize };
}

function accept(state: DelayState, params: DelayParams, value: unknown, tag: Tag): Delivery {
  retain(tag);
  state.queue.push(value, tag);
  state.dues.push(state.clock.now() + params.milliseconds);
  if (!state.pump.isRunning) state.paused();
  return state.queue.size > params.maxsize ? state.admission.wait() : undefined;
}
