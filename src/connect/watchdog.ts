import type { Clock, TimerHandle } from '../time/clock.ts';

/**
 * Calls back once nothing has been done for so long. One timer at a time, which is set again only when
 * it fires: being fed costs a look at the clock.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #bark: () => void;
  #fed: number;
  /** Not fed for a reason: no time passes. */
  #isHeld = false;
  #timer: TimerHandle | undefined;

  /** @param limit milliseconds */
  constructor(clock: Clock, limit: number, bark: () => void) {
    this.#clock = clock;
    this.#limit = limit;
    this.#bark = bark;
    this.#fed = clock.now();
    this.#timer = clock.setTimeout(this.#look, limit);
  }

  /** Something was done: the time begins anew. */
  feed(): void {
    this.#fed = this.#clock.now();
  }

  /** The time stands still until `resume`, which begins it anew. */
  hold(): void {
    this.#isHeld = true;
  }

  /** See {@link hold}. */
  resume(): void {
    this.#isHeld = false;
    this.feed();
  }

  /** It never calls back. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const left = this.#isHeld ? this.#limit : this.#fed + this.#limit - this.#clock.now();
    this.#timer = left > 0 ? this.#clock.setTimeout(this.#look, left) : undefined;
    if (left <= 0) this.#bark();
  };
}
