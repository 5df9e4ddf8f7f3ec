import { inspect } from 'node:util';
import { toDataFrame } from './frame/crossing.ts';
import type { DataFrame } from './frame/data-frame.ts';
import type { ColumnSourceOptions } from './frame/input/column-source.ts';
import type { Schema } from './frame/types.ts';
import { describe, requireFunction, requireIterable } from './graph/arguments.ts';
import { drawGraph } from './observe/draw-graph.ts';
import { jupyterDisplay, type MimeBundle } from './observe/jupyter.ts';
import { propertyOf } from './operators/key.ts';
import { Stream } from './stream.ts';

/**
 * A stream of batches, seen as the elements in them: what `partition`, `timedWindow` or a batched
 * source emits. Made by `stream.toBatch()`.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Stream } from 'millrace';
 *
 * const source = new Stream<{ price: number }>();
 * const total = source
 *   .partition(2)
 *   .toBatch()
 *   .pluck('price')
 *   .filter((price) => price > 0)
 *   .sum()
 *   .sinkToList();
 * source.emitMany([{ price: 1 }, { price: 2 }, { price: -1 }, { price: 4 }]);
 * assert.deepEqual(total, [3, 7]);
 * ```
 */
export class Batch<out T> {
  /** The stream of the batches. */
  readonly stream: Stream<Iterable<T>>;

  /** `stream`: whose elements are arrays or other iterables; another element is an error. */
  constructor(stream: Stream<Iterable<T>>) {
    if (!(stream instanceof Stream)) {
      throw new TypeError(`Cannot create Batch: a Stream is wanted, got ${describe(stream)}`);
    }
    this.stream = stream;
  }

  /** Batches of what a function makes of each element. */
  map<U>(f: (x: T) => U): Batch<U> {
    requireFunction('Batch.map', 'f', f);
    return this.#each('Batch.map', (xs) => Array.from(xs, (x) => f(x)));
  }

  /** Batches of the elements for which a predicate is true; a batch may become empty. */
  filter(predicate: (x: T) => unknown): Batch<T> {
    requireFunction('Batch.filter', 'predicate', predicate);
    return this.#each('Batch.filter', (xs) => Array.from(xs).filter((x) => predicate(x)));
  }

  /** Batches of one property of each element; one that has no such property is a `RangeError`. */
  pluck<K extends keyof T>(key: K): Batch<T[K]> {
    return this.#each('Batch.pluck', (xs) =>
      Array.from(xs, (x) => propertyOf('Batch.pluck', x, key) as T[K]),
    );
  }

  /** The sum of all elements so far, emitted at every batch. Numbers only. */
  sum(this: Batch<number>): Stream<number> {
    return this.stream.accumulate(
      (sum: number, xs) => {
        let total = sum;
        for (const x of requireIterable('Batch.sum', xs)) total += x as number;
        return total;
      },
      { start: 0 },
    );
  }

  /** The elements, one after the other. */
  toStream(): Stream<T> {
    return this.stream.flatten();
  }

  /** The elements as rows of a frame, each batch as one batch of rows. */
  toDataFrame<S extends Schema>(schema: S, options?: ColumnSourceOptions): DataFrame<S> {
    return toDataFrame(this.stream, schema, options);
  }

  /** Shows the stream of batches, in `console.log`. */
  [inspect.custom](): string {
    return `Batch of ${inspect(this.stream)}`;
  }

  /** Shows the graph in a notebook. */
  [Symbol.for('Jupyter.display')](): Promise<MimeBundle> {
    return jupyterDisplay(inspect(this), drawGraph(this.stream.node));
  }

  #each<U>(operator: string, f: (xs: Iterable<T>) => U[]): Batch<U> {
    return new Batch(this.stream.map((xs) => f(requireIterable(operator, xs) as Iterable<T>)));
  }
}
