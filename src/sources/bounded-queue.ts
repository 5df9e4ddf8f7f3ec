import { inspect } from 'node:util';
import { MillraceError } from '../errors.ts';
import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import {
  BYTE_LIMIT,
  type ByteLimit,
  byteLimit,
  type CheckedByteLimit,
} from '../graph/byte-limit.ts';
import { Gate } from '../graph/gate.ts';
import { Queue } from '../graph/queue.ts';

/** Options of {@link BoundedQueue}. */
export interface QueueOptions<T = unknown> extends ByteLimit<T> {
  /** Elements that may wait; 1 or more. Default: 1024. */
  readonly capacity?: number;
}

/** An element, and its bytes where they count. */
interface Held<T> {
  readonly value: T;
  readonly bytes: number;
}

/** Someone who waits for a place. */
interface Waiting<T> extends Held<T> {
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
  readonly #limit: CheckedByteLimit | undefined;
  readonly #elements = new Queue<Held<T>>();
  readonly #waiting = new Queue<Waiting<T>>();
  readonly #changed = new Gate();
  #bytes = 0;
  #isClosed = false;

  constructor(options: QueueOptions<T> = {}) {
    requireOptions('BoundedQueue', options, ['capacity', ...BYTE_LIMIT]);
    const { capacity = 1024 } = options;
    requirePositiveInteger('BoundedQueue', 'capacity', capacity);
    this.#capacity = capacity;
    this.#limit = byteLimit('BoundedQueue', options);
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
  async push(value: T): Promise<void> {
    if (this.#isClosed) throw closedError();
    const bytes = this.#measure(value);
    if (this.#hasRoom) this.#add({ value, bytes });
    else {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ value, bytes, resolve, reject });
      });
    }
  }

  /** Puts an element in, if there is a place and the queue is not closed: says whether. */
  tryPush(value: T): boolean {
    if (this.#isClosed || !this.#hasRoom) return false;
    this.#add({ value, bytes: this.#measure(value) });
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
    const oldest = this.#elements.shift();
    this.#bytes -= oldest.bytes;
    while (this.#waiting.size > 0 && this.#hasRoom) {
      const next = this.#waiting.shift();
      this.#add(next);
      next.resolve();
    }
    return oldest;
  }

  /** Resolves with the next element or when the queue is closed. */
  changed(): Promise<void> {
    return this.#changed.wait();
  }

  /** Shows how full it is, in `console.log`. */
  [inspect.custom](): string {
    return `BoundedQueue <${this.size} of ${this.#capacity}${this.#isClosed ? ', closed' : ''}>`;
  }

  get #hasRoom(): boolean {
    if (this.#elements.size >= this.#capacity) return false;
    return this.#limit === undefined || this.#bytes < this.#limit.maxBytes;
  }

  #measure(value: T): number {
    return this.#limit === undefined ? 0 : this.#limit.measure(value);
  }

  #add({ value, bytes }: Held<T>): void {
    this.#elements.push({ value, bytes });
    this.#bytes += bytes;
    this.#changed.open();
  }
}

function closedError(): MillraceError {
  return new MillraceError('ERR_QUEUE_CLOSED', 'Cannot push an element: the queue was closed');
}
