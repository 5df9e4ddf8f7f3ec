import { MillraceError } from '../errors.ts';
import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { Gate } from '../graph/gate.ts';
import { Queue } from '../graph/queue.ts';

/** Options of {@link BoundedQueue}. */
export interface QueueOptions {
  /** Elements that may wait; 1 or more. Default: 1024. */
  readonly capacity?: number;
}

/** Someone who waits for a place. */
interface Waiting<T> {
  readonly value: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A queue of bounded size between code that has elements and a graph, see `fromQueue`: first in,
 * first out, whoever pushes into a full one waits.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { BoundedQueue, fromQueue } from 'millrace';
 *
 * const queue = new BoundedQueue<string>({ capacity: 2 });
 * assert.ok(queue.tryPush('to'));
 * await queue.push('be');
 * assert.equal(queue.tryPush('or'), false); // full
 * queue.close();
 *
 * const source = fromQueue(queue);
 * const seen = source.sinkToList();
 * await source.start(); // to the end of the closed queue
 * assert.deepEqual(seen, ['to', 'be']);
 * ```
 */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #elements = new Queue<T>();
  readonly #waiting = new Queue<Waiting<T>>();
  readonly #changed = new Gate();
  #isClosed = false;

  constructor(options: QueueOptions = {}) {
    requireOptions('BoundedQueue', options, ['capacity']);
    const { capacity = 1024 } = options;
    requirePositiveInteger('BoundedQueue', 'capacity', capacity);
    this.#capacity = capacity;
  }

  /** How many elements wait, those of `push` calls that have not resolved among them. */
  get size(): number {
    return this.#elements.size + this.#waiting.size;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Puts an element in. Resolves when there is a place for it; rejects with `ERR_QUEUE_CLOSED` if the
   * queue was closed before the call, or is before there is a place.
   */
  push(value: T): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.tryPush(value)) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ value, resolve, reject }));
  }

  /** Puts an element in, if there is a place and the queue is not closed: says whether. */
  tryPush(value: T): boolean {
    if (this.#isClosed || this.#elements.size >= this.#capacity) return false;
    this.#elements.push(value);
    this.#changed.open();
    return true;
  }

  /** No more will come: what waits can still be taken, and then a source of it ends. */
  close(): void {
    this.#isClosed = true;
    while (this.#waiting.size > 0) this.#waiting.shift().reject(closedError());
    this.#changed.open();
  }

  /** Takes the oldest element out; undefined where there is none. */
  shift(): { readonly value: T } | undefined {
    if (this.#elements.size === 0) return undefined;
    const value = this.#elements.shift();
    if (this.#waiting.size > 0) {
      const next = this.#waiting.shift();
      this.#elements.push(next.value);
      next.resolve();
    }
    return { value };
  }

  /** Resolves with the next element or when the queue is closed. */
  changed(): Promise<void> {
    return this.#changed.wait();
  }
}

function closedError(): MillraceError {
  return new MillraceError('ERR_QUEUE_CLOSED', 'Cannot push an element: the queue was closed');
}
