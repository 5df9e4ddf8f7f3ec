import { type Bound, Credits } from './credits.ts';
import type { Delivery } from './delivery.ts';
import { retain, type Tag } from './metadata.ts';
import type { Node } from './node.ts';
import { Pump, type Supply } from './pump.ts';
import { Queue } from './queue.ts';

/**
 * The elements that a boundary keeps until it delivers them, one after the other. Those that came
 * when it was full are in the queue too, at its end, and not accepted yet.
 */
export class HeldQueue implements Supply {
  readonly queue = new Queue();
  readonly credits: Credits;
  readonly pump: Pump;
  readonly #isFreeWhenTaken: boolean;

  /** @param isFreeWhenTaken an element has a place only while it waits, not while it is delivered */
  constructor(node: Node, bound: Bound, isFreeWhenTaken = false) {
    this.credits = new Credits(bound);
    this.pump = new Pump(node, this);
    this.#isFreeWhenTaken = isFreeWhenTaken;
  }

  get size(): number {
    return this.queue.size;
  }

  /** Whether the next element would have to wait. */
  get isFull(): boolean {
    return !this.credits.hasRoom(this.pump.isEmitting && !this.#isFreeWhenTaken);
  }

  isReady(): boolean {
    return this.queue.size > 0;
  }

  nextTag(): Tag {
    return this.queue.headTag();
  }

  take(): unknown {
    if (this.#isFreeWhenTaken) this.credits.giveBack();
    return this.queue.shift();
  }

  delivered(): void {
    if (!this.#isFreeWhenTaken) this.credits.giveBack();
  }

  /** Takes an element in; gives what to wait for where it is full. */
  accept(value: unknown, tag: Tag): Delivery {
    // One that comes of the element that is being delivered, round a loop, say, has its place.
    const isHandedOn = this.pump.isEmitting && !this.#isFreeWhenTaken;
    const accepted = this.credits.take(value, isHandedOn);
    retain(tag);
    this.queue.push(value, tag);
    return accepted;
  }

  /** Puts an element of a snapshot in. */
  load(value: unknown): void {
    this.credits.load(value);
    this.queue.push(value);
  }

  /** Forgets what waits; gives its metadata. An element that is being delivered keeps its place. */
  forget(): Tag[] {
    const tags = this.queue.clear();
    this.credits.clear(this.pump.isDelivering && !this.#isFreeWhenTaken ? 1 : 0);
    return tags;
  }
}
