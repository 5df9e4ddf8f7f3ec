import { checkCount, checkFunction, checkOptions, shown } from '../checks.ts';

/** How a plan runs on a thread of its own. */
export interface ThreadOptions {
  /**
   * Batches that may wait for the thread, and results that may wait for sinks. Default 16; from 1 to
   * 65,536.
   */
  readonly maxBatches?: number;
  /**
   * Bytes of batches that may wait for the thread, and of results that may wait for sinks. A batch that
   * is larger may wait alone. Default 64 MiB; at least 1.
   */
  readonly maxBytes?: number;
  /**
   * Called with what a batch failed with in the plan, or in a sink: whoever emitted it has gone on.
   * Without it that is an uncaught exception, as is what it throws or rejects with.
   */
  readonly onError?: (error: unknown) => unknown;
}

/** {@link ThreadOptions} with nothing left out. */
export interface ThreadSettings {
  readonly maxBatches: number;
  readonly maxBytes: number;
  readonly onError: ((error: unknown) => unknown) | undefined;
}

const MOST_BATCHES = 65_536;

/** The settings of a `thread` option; `null` where there is to be none. */
export function threadSettings(operator: string, given: unknown): ThreadSettings | null {
  if (given === undefined || given === false) return null;
  if (given !== true && (typeof given !== 'object' || given === null)) {
    throw new TypeError(
      `Cannot create ${operator}: thread must be true, false or options, got ${shown(given)}`,
    );
  }
  const options = given === true ? {} : (given as ThreadOptions);
  checkOptions(operator, options, ['maxBatches', 'maxBytes', 'onError']);
  const maxBatches = checkCount(operator, 'thread.maxBatches', options.maxBatches ?? 16);
  if (maxBatches > MOST_BATCHES) {
    throw new RangeError(
      `Cannot create ${operator}: thread.maxBatches must be at most ${MOST_BATCHES}, got ${maxBatches}`,
    );
  }
  const maxBytes = checkCount(operator, 'thread.maxBytes', options.maxBytes ?? 64 * 2 ** 20);
  if (options.onError !== undefined) checkFunction(operator, options.onError);
  return { maxBatches, maxBytes, onError: options.onError };
}
