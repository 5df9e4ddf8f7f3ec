import { type Delivery, gather } from './delivery.ts';
import { Queue } from './queue.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Lets those who wait for room in a queue go on one by one, in the order in which they came. */
export class Admission {
  readonly #waiters = new Queue<Waiter>();

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** What a full queue returns for an element: a promise for the time when there is room for it. */
  wait(): Delivery {
    return gather(
      undefined,
      new Promise<void>((resolve, reject) => {
        this.#waiters.push({ resolve, reject });
      }),
    );
  }

  /** There is room for one element more. */
  admit(): void {
    if (this.#waiters.size > 0) this.#waiters.shift().resolve();
  }

  /** Lets everyone go on. */
  admitAll(): void {
    while (this.#waiters.size > 0) this.admit();
  }

  /** Tells everyone that there will be no room. */
  refuseAll(error: unknown): void {
    while (this.#waiters.size > 0) this.#waiters.shift().reject(error);
  }
}
