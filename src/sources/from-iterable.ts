import { describe, requireOptions } from '../graph/arguments.ts';
import {
  SOURCE_OPTIONS,
  Source,
  type SourceOptions,
  type SourceRun,
  untilAborted,
} from './source.ts';

/**
 * A source of the items of an iterable: an array, a Set, a generator, an async generator, a Node or
 * Web stream.
 *
 * `iterable`: anything with `Symbol.iterator` or `Symbol.asyncIterator`; a string gives its
 * characters. Emits each item, the next when the graph has accepted the one before, and ends with
 * the iterable. After `stop()` or a failed element, `start()` goes on with the next item of the same
 * iteration; after the end it iterates anew (a generator is then exhausted: nothing is emitted).
 *
 * Throws a TypeError if `iterable` is none; an error of the iteration fails the source.
 * Cost: one call per item, no queue; a promise is made only for an item that has to be waited for.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromIterable } from 'millrace';
 *
 * const source = fromIterable([1, 2, 3]);
 * const squares = source.map((x) => x * x).sinkToList();
 * await source.start();
 * assert.deepEqual(squares, [1, 4, 9]);
 * ```
 */
export function fromIterable<T>(
  iterable: Iterable<T> | AsyncIterable<T>,
  options: SourceOptions = {},
): IterableSource<T> {
  return new IterableSource(iterable, options);
}

/** Items sent at one go before the event loop gets a turn: a stop, a timer, a socket. */
const ITEMS_PER_TURN = 1024;

/** What {@link fromIterable} returns. */
export class IterableSource<T> extends Source<T> {
  readonly #iterable: Iterable<T> | AsyncIterable<T>;
  #iterator: Iterator<T> | AsyncIterator<T> | undefined;
  /** An item asked for when the source was stopped; the next start waits for it. */
  #asked: Promise<IteratorResult<T>> | undefined;

  constructor(iterable: Iterable<T> | AsyncIterable<T>, options: SourceOptions = {}) {
    if (!hasMethod(iterable, Symbol.asyncIterator) && !hasMethod(iterable, Symbol.iterator)) {
      throw new TypeError(
        `Cannot create fromIterable: iterable must have Symbol.iterator or Symbol.asyncIterator, got ${describe(iterable)}`,
      );
    }
    requireOptions('fromIterable', options, SOURCE_OPTIONS);
    super(options);
    this.#iterable = iterable;
  }

  protected override async run({ emit, signal }: SourceRun<T>): Promise<void> {
    this.#iterator ??= iterate(this.#iterable);
    for (let sent = 1; !signal.aborted; sent++) {
      const next = this.#next(this.#iterator, signal);
      const step = next instanceof Promise ? await next : next;
      if (step === undefined) return;
      if (step.done === true) {
        this.#forget();
        return;
      }
      const accepted = emit(step.value);
      if (accepted !== undefined) await accepted;
      else if (sent % ITEMS_PER_TURN === 0) await new Promise(setImmediate);
    }
  }

  /** As for any stream; the iteration is ended early (`return`), so that it frees what it holds. */
  override destroy(): void {
    const iterator = this.#iterator;
    this.#forget();
    super.destroy();
    void this.stop().then(() => iterator?.return?.());
  }

  /** The next step of the iteration, or nothing where the source is stopped before it comes. */
  #next(
    iterator: Iterator<T> | AsyncIterator<T>,
    signal: AbortSignal,
  ): IteratorResult<T> | Promise<IteratorResult<T> | undefined> {
    try {
      if (this.#asked === undefined) {
        const step = iterator.next();
        if (!hasMethod(step, 'then')) return step as IteratorResult<T>;
        // An asynchronous iterator may return any thenable.
        this.#asked = Promise.resolve(step);
      }
      return this.#await(this.#asked, signal);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  async #await(asked: Promise<IteratorResult<T>>, signal: AbortSignal) {
    try {
      const step = await untilAborted(asked, signal);
      if (step !== undefined) this.#asked = undefined;
      return step;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#iterator = undefined;
    this.#asked = undefined;
  }
}

function iterate<T>(iterable: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  return Symbol.asyncIterator in Object(iterable)
    ? (iterable as AsyncIterable<T>)[Symbol.asyncIterator]()
    : (iterable as Iterable<T>)[Symbol.iterator]();
}

function hasMethod(value: unknown, name: string | symbol): boolean {
  return typeof Object(value)[name] === 'function';
}
