import { type Delivery, gather } from '../graph/delivery.ts';
import { Gate } from '../graph/gate.ts';
import { release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';
import { Queue } from '../graph/queue.ts';
import { reportUncaught } from '../graph/uncaught.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';

/** Least time between two elements. */
export interface RateLimitParams {
  readonly milliseconds: number;
}

/** Who waits for an element to be emitted. */
interface Emitter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The elements whose emitters wait. */
class RateLimitState {
  readonly queue = new Queue();
  readonly emitters = new Queue<Emitter>();
  /** Open whenever nothing waits. */
  readonly empty = new Gate();
  readonly clock: Clock;
  /** Time from which on the next one may go out. */
  next: number;
  readonly #node: Node;
  readonly #milliseconds: number;
  #timer: TimerHandle | undefined;
  #isEmitting = false;

  constructor(node: Node, milliseconds: number) {
    this.#node = node;
    this.#milliseconds = milliseconds;
    this.clock = node.environment.clock;
    this.next = this.clock.now();
  }

  get isOpen(): boolean {
    return this.queue.size === 0 && !this.#isEmitting && this.clock.now() >= this.next;
  }

  accept(value: unknown, tag: Tag): Delivery {
    if (this.isOpen) {
      const settled = this.#emit(value, tag);
      return settled === undefined ? undefined : gather(undefined, settled);
    }
    retain(tag);
    const emitted = new Promise<void>((resolve, reject) => {
      this.hold(value, tag, { resolve, reject });
    });
    return gather(undefined, emitted);
  }

  hold(value: unknown, tag: Tag, emitter: Emitter): void {
    this.queue.push(value, tag);
    this.emitters.push(emitter);
    this.arm();
  }

  /** Keeps an element from a snapshot, whose emitter is gone. */
  restore(value: unknown): void {
    const reject = (error: unknown): void => reportUncaught(this.#node, error, value);
    this.hold(value, undefined, { resolve: () => {}, reject });
  }

  arm(): void {
    if (this.#timer !== undefined || this.queue.size === 0 || this.#isEmitting) return;
    this.#timer = this.clock.setTimeout(() => this.#release(), this.next - this.clock.now());
  }

  clearTimer(): void {
    if (this.#timer !== undefined) this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #release(): void {
    this.#timer = undefined;
    if (this.clock.now() < this.next) {
      this.arm();
      return;
    }
    const tag = this.queue.headTag();
    const value = this.queue.shift();
    const { resolve, reject } = this.emitters.shift();
    const failed = (error: unknown): void => {
      release(tag);
      reject(error);
    };
    const done = (): void => {
      release(tag);
      resolve();
    };
    try {
      const settled = this.#emit(value, tag);
      if (settled === undefined) done();
      else settled.then(done, failed);
    } catch (error) {
      failed(error);
    }
    if (this.queue.size === 0) this.empty.open();
  }

  /** Emits; what comes in meanwhile, round a cycle, waits for its turn. */
  #emit(value: unknown, tag: Tag): Promise<void> | undefined {
    this.next = this.clock.now() + this.#milliseconds;
    this.#isEmitting = true;
    try {
      return tag === undefined ? this.#node.emit(value) : this.#node.emit(value, { metadata: tag });
    } finally {
      this.#isEmitting = false;
      this.arm();
    }
  }
}

/** Spaces elements out in time. */
export const rateLimit = defineOperator<RateLimitParams, RateLimitState>({
  name: 'rateLimit',
  version: 1,
  boundary: true,
  holds: true,
  create: ({ milliseconds }, node) => new RateLimitState(node, milliseconds),
  link:
    ({ state }) =>
    (value, tag) =>
      state.accept(value, tag),
  track: (state) => state.queue.track(),
  isFull: ({ state }) => !state.isOpen,
  start: ({ state }) => state.arm(),
  stop: ({ state }) => state.clearTimer(),
  drain: ({ state }) => (state.queue.size === 0 ? undefined : state.empty.wait()),
  forget({ state }) {
    state.clearTimer();
    const tags = state.queue.clear();
    while (state.emitters.size > 0) state.emitters.shift().resolve();
    state.empty.open();
    return tags;
  },
  snapshot: (state) => ({
    values: state.queue.toArray(),
    left: Math.max(0, state.next - state.clock.now()),
  }),
  restore(data, { milliseconds }, node) {
    const { values, left } = data as { values: unknown[]; left: number };
    const state = new RateLimitState(node, milliseconds);
    state.next += left;
    for (const value of values) state.restore(value);
    return state;
  },
});
