import type { Tag } from './metadata.ts';

/** Items in front of the head before they are cut off. */
const SLACK = 64;

/** A first-in first-out queue of elements and, once the graph carries any, their metadata. */
export class Queue {
  #items: unknown[] = [];
  #tags: Tag[] | undefined;
  #head = 0;
  /** Number of elements that wait. */
  size = 0;

  push(value: unknown): void {
    this.#items.push(value);
    this.#tags?.push(undefined);
    this.size++;
  }

  pushHeld(value: unknown, tag: Tag): void {
    this.#items.push(value);
    this.#tags?.push(tag);
    this.size++;
  }

  /** Takes out the oldest element; only where `size` is not 0. */
  shift(): unknown {
    const head = this.#head++;
    const value = this.#items[head];
    if (--this.size === 0) {
      this.#items.length = 0;
      if (this.#tags !== undefined) this.#tags.length = 0;
      this.#head = 0;
    } else {
      this.#items[head] = undefined;
      if (head >= SLACK && head >= this.size) this.#cut();
    }
    return value;
  }

  /** Metadata of the oldest element. */
  headTag(): Tag {
    return this.#tags?.[this.#head];
  }

  /** The elements, oldest first. */
  toArray(): unknown[] {
    return this.#items.slice(this.#head);
  }

  /** Metadata of the elements, oldest first. */
  toTags(): Tag[] {
    return this.#tags?.slice(this.#head) ?? [];
  }

  /** Makes room for metadata. */
  track(): void {
    this.#tags ??= this.#items.map(() => undefined);
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#head);
    this.#tags = this.#tags?.slice(this.#head);
    this.#head = 0;
  }
}
