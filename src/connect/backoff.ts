import { describe, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** When a connection that was lost is tried again. */
export interface ReconnectOptions {
  /** Wait before the first new attempt; doubled before each further one. Default: 100 ms. */
  readonly backoff?: Duration;
  /** The longest wait. Default: 30 s. */
  readonly maxBackoff?: Duration;
  /**
   * Part of each wait that is random, 0 to 1, so that clients do not come back all at once.
   * Default: 0.5.
   */
  readonly jitter?: number;
  /** How many attempts in a row may fail before it is given up; 1 or more. Default: no limit. */
  readonly attempts?: number;
}

const RECONNECT_OPTIONS = ['backoff', 'maxBackoff', 'jitter', 'attempts'];

/**
 * Waits that double, from a first to a longest one, each shortened by a random part. `reset` begins
 * anew once an attempt has succeeded.
 */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  readonly #jitter: number;
  readonly #attempts: number;
  readonly #random: () => number;
  #failures = 0;

  /**
   * @param connector whose options they are, for errors
   * @param random from 0 up to 1
   */
  constructor(
    connector: string,
    options: ReconnectOptions | undefined,
    random: () => number = Math.random,
  ) {
    requireOptions(connector, options, RECONNECT_OPTIONS);
    const { backoff = 100, maxBackoff = '30s', jitter = 0.5, attempts } = options ?? {};
    if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
      throw new RangeError(
        `Cannot create ${connector}: jitter must be from 0 to 1, got ${describe(jitter)}`,
      );
    }
    if (attempts !== undefined) requirePositiveInteger(connector, 'attempts', attempts);
    this.#first = parseDuration(backoff, connector);
    this.#longest = parseDuration(maxBackoff, connector);
    this.#jitter = jitter;
    this.#attempts = attempts ?? Number.POSITIVE_INFINITY;
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure; undefined where it is to be given up. */
  next(): number | undefined {
    this.#failures++;
    if (this.#failures >= this.#attempts) return undefined;
    const wait = Math.min(this.#first * 2 ** (this.#failures - 1), this.#longest);
    return wait * (1 - this.#jitter * this.#random());
  }

  /** It has worked: the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
