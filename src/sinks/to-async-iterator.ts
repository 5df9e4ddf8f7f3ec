import { Queue } from '../graph/queue.ts';
import { type Outlet, outlet } from './outlet.ts';

/** Ends a branch in an async iterator. */
export const toAsyncIterator = outlet('toAsyncIterator');

interface Waiting {
  readonly value: unknown;
  /** Lets the emitter go on. */
  readonly accept: () => void;
}

/**
 * Hands elements to whoever asks for them. An element is accepted when it is asked for, so an
 * emitter that waits is never more than one element ahead; one that does not wait makes the queue
 * grow.
 */
export class Handoff<T> implements Outlet, AsyncIterableIterator<T> {
  readonly #elements = new Queue<Waiting>();
  readonly #consumers = new Queue<(step: IteratorResult<T>) => void>();
  readonly #release: (handoff: Handoff<T>) => void;
  #ended = false;

  /** @param release called when the consumer wants no more */
  constructor(release: (handoff: Handoff<T>) => void) {
    this.#release = release;
  }

  /** Takes an element in. */
  receive(value: unknown): Promise<void> | undefined {
    if (this.#ended) return undefined;
    if (this.#consumers.size > 0) {
      this.#consumers.shift()({ done: false, value: value as T });
      return undefined;
    }
    return new Promise((accept) => this.#elements.push({ value, accept }));
  }

  /** What waits can still be asked for; after that the iteration is done. */
  end(): void {
    this.#ended = true;
    while (this.#consumers.size > 0) this.#consumers.shift()({ done: true, value: undefined });
  }

  /** The next element, once there is one; calls may overlap. */
  next(): Promise<IteratorResult<T>> {
    if (this.#elements.size > 0) {
      const { value, accept } = this.#elements.shift();
      accept();
      return Promise.resolve({ done: false, value: value as T });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#consumers.push(resolve));
  }

  /** Wants no more: drops what waits, lets its emitters go on and leaves the graph. */
  return(): Promise<IteratorResult<T>> {
    this.end();
    while (this.#elements.size > 0) this.#elements.shift().accept();
    this.#release(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** For `for await`. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
