import { describe, requireOptions, requireStep } from '../graph/arguments.ts';
import { reportUncaught } from '../graph/uncaught.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

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
  readonly #isAsync: boolean;
  #iterator: Iterator<T> | AsyncIterator<T> | undefined;
  /** An item asked for when the source was stopped; the next start waits for it. */
  #asked: Promise<IteratorResult<T>> | undefined;

  constructor(iterable: Iterable<T> | AsyncIterable<T>, options: SourceOptions = {}) {
    const isAsync = hasMethod(iterable, Symbol.asyncIterator);
    if (!isAsync && !hasMethod(iterable, Symbol.iterator)) {
      throw new TypeError(
        `Cannot create fromIterable: iterable must have Symbol.iterator or Symbol.asyncIterator, got ${describe(iterable)}`,
      );
    }
    requireOptions('fromIterable', options, SOURCE_OPTIONS);
    super(options);
    this.#iterable = iterable;
    this.#isAsync = isAsync;
  }

  protected override async run(run: SourceRun<T>): Promise<void> {
    this.#iterator ??= this.#iterate();
    const iterator = this.#iterator;
    for (let sent = 1; !run.signal.aborted; sent++) {
      const given = this.#isAsync
        ? await this.#nextAsync(iterator as AsyncIterator<T>, run)
        : this.#next(iterator as Iterator<T>);
      if (given === undefined && run.signal.aborted) return;
      const step = requireStep('fromIterable', given);
      if (step.done === true) {
        this.#forget();
        return;
      }
      const accepted = run.emit(step.value);
      if (accepted !== undefined) await accepted;
      else if (sent % ITEMS_PER_TURN === 0) await new Promise(setImmediate);
    }
  }

  /** As for any stream; the iteration is ended early (`return`), so that it frees what it holds. */
  override destroy(): void {
    const iterator = this.#iterator;
    this.#forget();
    super.destroy();
    this.stop()
      .then(() => iterator?.return?.())
      .catch((error) => reportUncaught(this.node, error, undefined));
  }

  #iterate(): Iterator<T> | AsyncIterator<T> {
    return this.#isAsync
      ? (this.#iterable as AsyncIterable<T>)[Symbol.asyncIterator]()
      : (this.#iterable as Iterable<T>)[Symbol.iterator]();
  }

  #next(iterator: Iterator<T>): IteratorResult<T> {
    try {
      return iterator.next();
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** The next step, or nothing where the source is stopped before it comes. */
  async #nextAsync(
    iterator: AsyncIterator<T>,
    run: SourceRun<T>,
  ): Promise<IteratorResult<T> | undefined> {
    try {
      // An asynchronous iterator may return any thenable.
      this.#asked ??= Promise.resolve(iterator.next());
      const step = await run.wait(this.#asked);
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

function hasMethod(value: unknown, name: string | symbol): boolean {
  return typeof Object(value)[name] === 'function';
}
