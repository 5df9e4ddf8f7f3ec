import type { Tag } from './metadata.ts';

/**
 * A first-in first-out queue of elements and, once the graph carries any, their metadata: a ring
 * that doubles when it is full. Whoever pushes sees to a bound.
 */
export class Queue<T = unknown> {
  #items: (T | undefined)[] = new Array(16);
  #tags: Tag[] | undefined;
  #head = 0;
  /** Number of elements that wait. */
  size = 0;

  /** Adds an element. */
  push(value: T, tag?: Tag): void {
    if (this.size === this.#items.length) this.#grow();
    const tail = (this.#head + this.size) & (this.#items.length - 1);
    this.#items[tail] = value;
    if (this.#tags !== undefined) this.#tags[tail] = tag;
    this.size++;
  }

  /** Takes out the oldest element; only where `size` is not 0. */
  shift(): T {
    const head = this.#head;
    const value = this.#items[head] as T;
    this.#items[head] = undefined;
    if (this.#tags !== undefined) this.#tags[head] = undefined;
    this.#head = (head + 1) & (this.#items.length - 1);
    this.size--;
    return value;
  }

  /** The oldest element; only where `size` is not 0. */
  head(): T {
    return this.#items[this.#head] as T;
  }

  /** The element that `index` others are before; only where `size` is more than that. */
  at(index: number): T {
    return this.#items[(this.#head + index) & (this.#items.length - 1)] as T;
  }

  /** Metadata of the oldest element. */
  headTag(): Tag {
    return this.#tags?.[this.#head];
  }

  /** The elements, oldest first. */
  toArray(): T[] {
    return this.#inOrder(this.#items).slice(0, this.size) as T[];
  }

  /** Metadata of the elements, oldest first. */
  toTags(): Tag[] {
    return this.#tags === undefined ? [] : this.#inOrder(this.#tags).slice(0, this.size);
  }

  /** Takes out everything, and gives the metadata. */
  clear(): Tag[] {
    const tags = this.toTags();
    while (this.size > 0) this.shift();
    return tags;
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
