import type { Tag } from './metadata.ts';

/**
 * A first-in first-out queue of elements and, once the graph carries any, their metadata: a ring
 * that doubles when it is full. Whoever pushes sees to a bound.
 */
export class Queue {
  #items: unknown[] = new Array(16);
  #tags: Tag[] | undefined;
  #head = 0;
  /** Number of elements that wait. */
  size = 0;

  /** Adds an element. */
  push(value: unknown, tag?: Tag): void {
    if (this.size === this.#items.length) this.#grow();
    const tail = (this.#head + this.size) & (this.#items.length - 1);
    this.#items[tail] = value;
    if (this.#tags !== undefined) this.#tags[tail] = tag;
    this.size++;
  }

  /** Takes out the oldest element; only where `size` is not 0. */
  shift(): unknown {
    const head = this.#head;
    const value = this.#items[head];
    this.#items[head] = undefined;
    if (this.#tags !== undefined) this.#tags[head] = undefined;
    this.#head = (head + 1) & (this.#items.length - 1);
    this.size--;
    return value;
  }

  /** Metadata of the oldest element. */
  headTag(): Tag {
    return this.#tags?.[this.#head];
  }

  /** The elements, oldest first. */
  toArray(): unknown[] {
    return this.#inOrder(this.#items).slice(0, this.size);
  }

  /** Metadata of the elements, oldest first. */
  toTags(): Tag[] {
    return this.#tags === undefined ? [] : this.#inOrder(this.#tags).slice(0, this.size);
  }

  /** Makes room for metadata. */
  track(): void {
    this.#tags ??= new Array<Tag>(this.#items.length);
  }

  #inOrder<V>(ring: readonly V[]): V[] {
    return [...ring.slice(this.#head), ...ring.slice(0, this.#head)];
  }

  #grow(): void {
    const { length } = this.#items;
    this.#items = this.#inOrder(this.#items);
    this.#items.length = 2 * length;
    if (this.#tags !== undefined) {
      this.#tags = this.#inOrder(this.#tags);
      this.#tags.length = 2 * length;
    }
    this.#head = 0;
  }
}
