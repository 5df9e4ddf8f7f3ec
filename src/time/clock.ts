/**
 * The one source of time of a graph. Operators never read the machine's clock themselves, so a test
 * (or a replay) can hand them another one, see {@link VirtualClock}.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes backwards. For intervals and deadlines. */
  now(): number;
  /** Milliseconds since 1970 UTC. For stamping only: it may jump. */
  wallTime(): number;
  /**
   * Calls `callback` once, `delay` milliseconds from now (0 or more), never before this call returned.
   * Returns what {@link Clock.clearTimeout} takes.
   */
  setTimeout(callback: () => void, delay: number): TimerHandle;
  /** Forgets a timer; one that has fired or was forgotten already is ignored. */
  clearTimeout(timer: TimerHandle): void;
}

/** What {@link Clock.setTimeout} returns: opaque, of use only to the clock that made it. */
export type TimerHandle = object;

/** The machine's clock: `performance.now`, `Date.now` and Node's timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (callback, delay) =>
    delay > LONGEST ? new LongTimer(callback, delay) : setTimeout(callback, delay),
  clearTimeout(timer) {
    if (timer instanceof LongTimer) timer.clear();
    else clearTimeout(timer as NodeJS.Timeout);
  },
};

/** Node's timers take no more milliseconds than this, 24.8 days: beyond it they fire at once. */
const LONGEST = 2 ** 31 - 1;

/** A timer for longer than that: several, one after the other. */
class LongTimer {
  readonly #callback: () => void;
  #left: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(callback: () => void, delay: number) {
    this.#callback = callback;
    this.#left = delay;
    this.#next();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    const wait = Math.min(this.#left, LONGEST);
    this.#left -= wait;
    this.#timer = setTimeout(() => (this.#left > 0 ? this.#next() : this.#callback()), wait);
  }
}

let defaultClock: Clock = systemClock;

/** The clock of every graph that was not given one. */
export function currentClock(): Clock {
  return defaultClock;
}

/**
 * Makes `clock` the one that graphs built from now on use by default, and returns the former one.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { setDefaultClock, VirtualClock } from 'millrace';
 *
 * const clock = new VirtualClock();
 * const former = setDefaultClock(clock);
 * // graphs built here run on virtual time
 * assert.equal(setDefaultClock(former), clock);
 * ```
 */
export function setDefaultClock(clock: Clock): Clock {
  const former = defaultClock;
  defaultClock = clock;
  return former;
}
