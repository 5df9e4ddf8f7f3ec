import { requireBoolean, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import { retain, type Tag } from '../graph/metadata.ts';
import type { Duration } from '../time/duration.ts';
import {
  requireInterval,
  type TimedWindowParams,
  timedOperator,
  type WindowStore,
} from './ticker.ts';

/** Options of `timedWindow`. */
export interface TimedWindowOptions<T = unknown> extends ByteLimit<T> {
  /** Emit the unfinished window at the end of input; default true. */
  readonly flush?: boolean;
  /** How many elements a window holds before `emit` has to wait for the next one; default 1,000,000. */
  readonly maxsize?: number;
}

/** The elements of the window that is open. */
class ListStore implements WindowStore<TimedWindowParams> {
  #values: unknown[] = [];
  #tags: Tag[] | undefined;
  #bytes = 0;

  get size(): number {
    return this.#values.length;
  }

  isFull({ elements, bytes }: Bound): boolean {
    if (this.#values.length >= elements) return true;
    return bytes !== undefined && this.#bytes >= bytes.maxBytes;
  }

  add({ bound: { bytes } }: TimedWindowParams, value: unknown, tag: Tag): boolean {
    if (bytes !== undefined) this.#bytes += bytes.measure(value);
    this.#values.push(value);
    if (this.#tags !== undefined) {
      retain(tag);
      this.#tags.push(tag);
    }
    return true;
  }

  values(): unknown[] {
    return [...this.#values];
  }

  track(): void {
    this.#tags ??= this.#values.map(() => undefined);
  }

  allTags(): readonly Tag[] {
    return this.#tags ?? [];
  }

  take(): unknown[] {
    const values = this.#values;
    this.#values = [];
    this.#bytes = 0;
    if (this.#tags !== undefined) this.#tags = [];
    return values;
  }
}

/** Emits, at fixed intervals, an array of the elements that came since. */
export const timedWindow = timedOperator<TimedWindowParams>('timedWindow', () => new ListStore());

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
