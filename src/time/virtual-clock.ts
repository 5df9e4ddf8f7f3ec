import { inspect } from 'node:util';
import type { Clock, TimerHandle } from './clock.ts';
import { type Duration, parseDuration } from './duration.ts';

interface VirtualTimer {
  at: number;
  /** Ties are broken by order of creation, as an event loop does. */
  order: number;
  callback: (() => void) | null;
}

/**
 * A clock that moves only when told to: graphs built on it run in no real time and always the same
 * way. Timers fire in order of their time, then of their creation, each at exactly its own time.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { VirtualClock } from 'millrace';
 *
 * const clock = new VirtualClock();
 * const fired: number[] = [];
 * clock.setTimeout(() => fired.push(clock.now()), 20);
 * clock.setTimeout(() => fired.push(clock.now()), 10);
 * await clock.advance('15ms');
 * assert.deepEqual(fired, [10]);
 * await clock.runAll();
 * assert.deepEqual(fired, [10, 20]);
 * ```
 */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #wallStart: number;
  readonly #timers = new Set<VirtualTimer>();

  /** `wallStart`: what {@link VirtualClock.wallTime} shows at time 0, in milliseconds since 1970. */
  constructor(wallStart = 0) {
    this.#wallStart = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallStart + this.#now;
  }

  setTimeout(callback: () => void, delay: number): TimerHandle {
    const timer: VirtualTimer = {
      at: this.#now + Math.max(0, delay),
      order: this.#order++,
      callback,
    };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: TimerHandle): void {
    const timer = handle as VirtualTimer;
    timer.callback = null;
    this.#timers.delete(timer);
  }

  /** How many timers wait. Zero after everything was destroyed: nothing would hold a process. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Shows the time, in `console.log`. */
  [inspect.custom](): string {
    return `VirtualClock <${this.#now} ms, ${this.pending} timers>`;
  }

  /**
   * Moves time on by `duration`, firing every timer that falls due on the way, at its own time, and
   * letting promises settle before and after each.
   */
  async advance(duration: Duration): Promise<void> {
    const target = this.#now + parseDuration(duration, 'advance');
    await settlePromises();
    for (let timer = this.#next(target); timer !== null; timer = this.#next(target)) {
      await this.#fire(timer);
    }
    this.#now = target;
  }

  /**
   * Fires timers until none is left. A timer that always sets another never ends, so `limit` timers
   * (default 100,000) are the most; past that it rejects with a RangeError.
   */
  async runAll(limit = 100_000): Promise<void> {
    await settlePromises();
    let fired = 0;
    for (
      let timer = this.#next(Number.POSITIVE_INFINITY);
      timer !== null;
      timer = this.#next(Number.POSITIVE_INFINITY)
    ) {
      if (++fired > limit) {
        throw new RangeError(
          `Cannot run all timers: ${limit} fired and ${this.#timers.size} still wait, use advance() on a graph with periodic timers`,
        );
      }
      await this.#fire(timer);
    }
  }

  async #fire(timer: VirtualTimer): Promise<void> {
    this.#timers.delete(timer);
    this.#now = timer.at;
    timer.callback?.();
    await settlePromises();
  }

  #next(until: number): VirtualTimer | null {
    let first: VirtualTimer | null = null;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (
        first === null ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** Lets every promise chain that is ready run to its end: an immediate runs after all microtasks. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
