import { Admission } from './admission.ts';
import type { CheckedByteLimit } from './byte-limit.ts';
import type { Delivery } from './delivery.ts';
import { Queue } from './queue.ts';

/** How much a queue may hold. */
export interface Bound {
  /** Number of elements. */
  readonly elements: number;
  readonly bytes: CheckedByteLimit | undefined;
}

/**
 * The places of a bounded queue. An element takes one when it is accepted and gives it back when it
 * was processed, not already when it leaves the queue: first come, first served. Those for whom there
 * is none wait, in order.
 */
export class Credits {
  readonly #bound: Bound;
  readonly #maxBytes: number;
  readonly #waiting = new Admission();
  /** Bytes of the elements that have a place or wait for one, oldest first, where they count. */
  readonly #sizes: Queue<number> | undefined;
  #held = 0;
  #heldBytes = 0;

  constructor(bound: Bound) {
    this.#bound = bound;
    this.#maxBytes = bound.bytes?.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#sizes = bound.bytes === undefined ? undefined : new Queue();
  }

  /**
   * Whether there is a place for the next element.
   *
   * @param isHandedOn the oldest element is being processed and brings the next one about, which has
   * the place from it: to wait for that would be to wait for oneself
   */
  hasRoom(isHandedOn: boolean): boolean {
    const held = isHandedOn ? this.#held - 1 : this.#held;
    if (held >= this.#bound.elements) return false;
    const oldest = isHandedOn ? (this.#sizes?.head() ?? 0) : 0;
    return this.#heldBytes - oldest < this.#maxBytes;
  }

  /** Takes a place for an element; gives what to wait for where there is none. */
  take(value: unknown, isHandedOn: boolean): Delivery {
    if (this.#sizes === undefined && this.#held < this.#bound.elements) {
      // Nobody waits then.
      this.#held++;
      return undefined;
    }
    const size = this.#measure(value);
    const isFree = this.#waiting.size === 0 && this.hasRoom(isHandedOn);
    this.#sizes?.push(size);
    if (!isFree) return this.#waiting.wait();
    this.#held++;
    this.#heldBytes += size;
    return undefined;
  }

  /** Takes a place for an element in any case: it was held before. */
  load(value: unknown): void {
    const size = this.#measure(value);
    this.#sizes?.push(size);
    this.#held++;
    this.#heldBytes += size;
  }

  /** The oldest element is processed: its place is free. */
  giveBack(): void {
    this.#held--;
    if (this.#sizes !== undefined) this.#heldBytes -= this.#sizes.shift();
    if (this.#waiting.size > 0) this.#admit();
  }

  /** All elements are forgotten but the oldest `kept`; who waits goes on. */
  clear(kept: 0 | 1): void {
    const size = kept === 1 ? (this.#sizes?.head() ?? 0) : 0;
    this.#sizes?.clear();
    if (kept === 1) this.#sizes?.push(size);
    this.#held = kept;
    this.#heldBytes = size;
    this.#waiting.admitAll();
  }

  #admit(): void {
    while (this.#waiting.size > 0 && this.hasRoom(false)) {
      this.#heldBytes += this.#sizes?.at(this.#held) ?? 0;
      this.#held++;
      this.#waiting.admit();
    }
  }

  #measure(value: unknown): number {
    return this.#bound.bytes === undefined ? 0 : this.#bound.bytes.measure(value);
  }
}
