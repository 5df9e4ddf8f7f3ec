import { MillraceError } from '../errors.ts';
import { requireOneOf, requirePositiveInteger } from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import { type Bound, Credits } from '../graph/credits.ts';
import { Queue } from '../graph/queue.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** Options of sources whose origin cannot be held back. */
export interface PushOptions<T = unknown> extends SourceOptions, ByteLimit<T> {
  /** Elements that may wait for the graph; at least 1. Default: 1024. */
  readonly capacity?: number;
  /**
   * What happens to an element that finds `capacity` others, or `maxBytes`, waiting. `'error'` (default): it fails
   * with `ERR_SOURCE_OVERFLOW`, see `onError`. `'dropNewest'`: it is dropped. `'dropOldest'`: the
   * one that has waited longest is dropped for it.
   */
  readonly overflow?: 'error' | 'dropNewest' | 'dropOldest';
}

/** The names of {@link PushOptions}, to check what was given against. */
export const PUSH_OPTIONS: readonly string[] = [
  ...SOURCE_OPTIONS,
  'capacity',
  'overflow',
  ...BYTE_LIMIT,
];

/** What an origin calls; after it was unsubscribed, nothing happens. */
export interface Receiver<T> {
  /** Here is an element. */
  next(value: T): void;
  /** There are no more. */
  complete(): void;
  /** The origin has failed, and with it the source. */
  error(error: unknown): void;
}

/**
 * A source that is called by its origin, whenever that pleases: an emitter of events, an observable.
 * Elements wait in a bounded queue while the graph is busy. What waits at a stop is kept for the
 * next start; what happens in between is missed.
 */
export abstract class PushSource<T> extends Source<T> {
  readonly #operator: string;
  readonly #bound: Bound;
  readonly #overflow: 'error' | 'dropNewest' | 'dropOldest';
  readonly #waiting = new Queue<T>();
  readonly #credits: Credits;
  #overflowed = 0;
  #dropped = 0;

  constructor(operator: string, options: PushOptions<T>) {
    const { capacity = 1024, overflow = 'error', maxBytes, sizeOf, ...sourceOptions } = options;
    requirePositiveInteger(operator, 'capacity', capacity);
    requireOneOf(operator, 'overflow', overflow, ['error', 'dropNewest', 'dropOldest']);
    const bytes = byteLimit(operator, {
      ...(maxBytes !== undefined && { maxBytes }),
      ...(sizeOf !== undefined && { sizeOf }),
    });
    super(sourceOptions);
    this.#operator = operator;
    this.#bound = { elements: capacity, bytes };
    this.#credits = new Credits(this.#bound);
    this.#overflow = overflow;
  }

  /** How many elements an overflow has cost so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many elements wait for the graph now; at most `capacity`. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Begins to listen; the function that it returns ends that. */
  protected abstract subscribe(receiver: Receiver<T>): () => void;

  protected override async run(run: SourceRun<T>): Promise<void> {
    let wake: (() => void) | undefined;
    let over: { readonly error?: unknown } | undefined;
    const unsubscribe = this.subscribe({
      next: (value) => {
        try {
          this.#accept(value);
        } catch (error) {
          over ??= { error };
        }
        wake?.();
      },
      complete: () => {
        over ??= {};
        wake?.();
      },
      error: (error) => {
        over ??= { error };
        wake?.();
      },
    });
    try {
      while (!run.signal.aborted) {
        if (this.#overflowed > 0) {
          await run.fail(this.#overflowError());
        } else if (this.#waiting.size > 0) {
          const accepted = run.emit(this.#take());
          if (accepted !== undefined) await accepted;
        } else if (over !== undefined) {
          if ('error' in over) throw over.error;
          return;
        } else {
          await run.wait(
            new Promise<void>((resolve) => {
              wake = resolve;
            }),
          );
        }
      }
    } finally {
      unsubscribe();
    }
  }

  #accept(value: T): void {
    if (!this.#credits.hasRoom(false)) {
      if (this.#overflow !== 'dropOldest') {
        this.#dropped++;
        if (this.#overflow === 'error') this.#overflowed++;
        return;
      }
      for (; !this.#credits.hasRoom(false); this.#dropped++) this.#take();
    }
    this.#credits.load(value);
    this.#waiting.push(value);
  }

  #take(): T {
    this.#credits.giveBack();
    return this.#waiting.shift();
  }

  #overflowError(): MillraceError {
    const count = this.#overflowed;
    this.#overflowed = 0;
    return new MillraceError(
      'ERR_SOURCE_OVERFLOW',
      `Cannot accept ${count} more elements in ${this.#operator}: ${this.#waiting.size} wait already, hold the origin back, or set capacity or overflow`,
    );
  }
}
