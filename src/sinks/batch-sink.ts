import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import type { ErrorPolicy } from '../graph/error-policy.ts';
import type { Clock } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** When the elements that a sink was given are written. */
export interface SinkBatchOptions {
  /** Most elements of a batch; 1 or more. */
  readonly size?: number;
  /** Most bytes of a batch, by the sink's own count; one element that is larger goes alone. */
  readonly bytes?: number;
  /**
   * How long an element may wait for the rest of its batch. 0: no longer than for the batches before
   * it, so that what comes meanwhile is written together.
   */
  readonly linger?: Duration;
}

/** What every sink accepts. */
export interface BatchingOptions {
  /** Batches; each sink says its defaults. */
  readonly batch?: SinkBatchOptions;
  /** How many batches are written at once; with more than 1 they may overtake each other. Default: 1. */
  readonly concurrency?: number;
}

/** The names of {@link BatchingOptions}, to check what was given against. */
export const BATCHING_OPTIONS: readonly string[] = ['batch', 'concurrency'];

/** {@link BatchingOptions}, checked; `linger` in milliseconds. */
export interface SinkSettings {
  readonly size: number;
  readonly bytes: number;
  readonly linger: number;
  readonly concurrency: number;
}

/** Elements that are written together. */
export interface SinkBatch<E> {
  /** At least one, in the order in which they came, as {@link Sink.encode} made them. */
  readonly elements: readonly E[];
  /** The same for every attempt at these elements, and for no others: an idempotency key. */
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted when the result is no longer wanted: the stream was destroyed, or the attempt timed out. */
  readonly signal: AbortSignal;
}

/** What a sink is told when it is opened. */
export interface SinkContext {
  /** The clock of the graph, for whatever the sink waits for. */
  readonly clock: Clock;
  /** The connection is gone: the sink is closed, and opened again for the next batch. */
  lost(): void;
  /** Reports an error that belongs to no element, to the graph's `onError`. */
  report(error: unknown): void;
}

/**
 * Thrown by {@link Sink.write} where some elements of a batch are durable and others are not: those
 * are acknowledged, these are tried again or disposed of, each with its own error.
 */
export class PartialWriteError extends Error {
  /** By index in the batch, why an element was not written. */
  readonly errors: ReadonlyMap<number, unknown>;
  /** By index in the batch, results of those that were; as `write` would have returned them. */
  readonly results: readonly unknown[] | undefined;

  /**
   * @param errors at least one; indices of the batch that `write` was given
   * @param results of the whole batch, where the sink has any; those of failed elements are ignored
   */
  constructor(errors: ReadonlyMap<number, unknown>, results?: readonly unknown[]) {
    const [first] = errors.values();
    super(`Cannot write ${errors.size} elements of a batch: ${String(first)}`, { cause: first });
    this.errors = errors;
    this.results = results;
  }

  override get name(): string {
    return 'PartialWriteError';
  }
}

/**
 * Where elements leave the graph for something that takes its time: a file, a server, a broker. A
 * sink says how a batch is written; the rest is the same for all of them, once it is put at the end of
 * a branch by `stream.to(sink)`:
 *
 * - **Batches** by number, bytes and time, see {@link SinkBatchOptions}.
 * - **Backpressure**: `emit` returns a promise while `concurrency` batches are being written and
 *   another one is full, in elements or in bytes. Memory is bounded by that.
 * - **Acknowledgement**: an element is acknowledged when `write` has resolved, which is to mean that it
 *   is durable, and what is downstream of the sink has settled.
 * - **Errors**: the sink's `policy`, or the one that `onError` of its stream was given, says whether a
 *   batch is tried again, skipped or sent to a dead-letter stream. A batch that fails for good is
 *   acknowledged negatively and reported to the graph's `onError`; the sink goes on. A batch that is
 *   refused for what is in it ({@link Sink.isPermanent}) is not tried again but halved until the
 *   elements that are at fault stand alone.
 * - **Results**: its stream emits what `write` returned for each element, or else the element, once it
 *   is written.
 * - **The end**: `end()` and `stop({ drain: true })` write what waits and close the sink; the next
 *   element opens it again. `stop({ drain: false })` and `destroy()` give up what was not written.
 *
 * `T` is what comes in, `R` what goes on, `E` what is written, where `encode` makes something else of an
 * element.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Sink, type SinkBatch, Stream } from 'millrace';
 *
 * class Table extends Sink<{ id: number }, number> {
 *   readonly rows: number[] = [];
 *
 *   constructor() {
 *     super('toTable', { batch: { size: 2 } });
 *   }
 *
 *   async write({ elements }: SinkBatch<{ id: number }>): Promise<number[]> {
 *     return elements.map(({ id }) => this.rows.push(id));
 *   }
 * }
 *
 * const table = new Table();
 * const source = new Stream<{ id: number }>();
 * const counts = source.to(table).sinkToList();
 * source.emitMany([{ id: 7 }, { id: 8 }, { id: 9 }]);
 * await source.end();
 * assert.deepEqual(table.rows, [7, 8, 9]);
 * assert.deepEqual(counts, [1, 2, 3]);
 * ```
 */
export abstract class Sink<in T, out R = T, E = T> {
  /** What drawings and errors call it. */
  readonly name: string;
  /** When batches are written. */
  readonly settings: SinkSettings;
  /** What becomes of a batch that fails, unless `onError` of its stream says otherwise. */
  readonly policy: ErrorPolicy = 'fail';

  /**
   * @param name such as `toHttp`
   * @param options as the user gave them; other names than those of {@link BatchingOptions} are the
   * subclass' own, and its to check
   * @param defaults of the batches; where they say nothing, `size` is 1, `bytes` 1 MiB and `linger` 0
   */
  constructor(name: string, options: BatchingOptions = {}, defaults: SinkBatchOptions = {}) {
    this.name = name;
    this.settings = checkSettings(name, options, defaults);
  }

  /**
   * Connects, or opens what is written to. Called before the first batch, and before the next one
   * after `close`. Where it fails, so does the attempt at the batch.
   */
  open(_context: SinkContext): void | Promise<void> {}

  /**
   * Writes a batch, and resolves when it is durable: with nothing, or with one result for each element,
   * in order. Rejects where it was not written, with a {@link PartialWriteError} where some of it was.
   */
  abstract write(batch: SinkBatch<E>): Promise<readonly R[]> | Promise<void>;

  /** Lets go of what `open` opened; called once nothing is being written. */
  close(): void | Promise<void> {}

  /**
   * What is written for an element. Called when it arrives, so that one that cannot be encoded fails by
   * itself. Default: the element.
   */
  encode(element: T): E {
    return element as unknown as E;
  }

  /** Bytes that an encoded element counts for. Default: those of text (as UTF-16) and of buffers. */
  sizeOf(encoded: E): number {
    if (typeof encoded === 'string') return 2 * encoded.length;
    return ArrayBuffer.isView(encoded) ? encoded.byteLength : 0;
  }

  /**
   * Whether trying again is of no use after an error of `write`: true where it lies in the elements, so
   * that some of the batch may be written without the others, `'whole'` where it would meet any part of
   * the batch, such as a wrong password. Default: never.
   */
  isPermanent(_error: unknown): boolean | 'whole' {
    return false;
  }
}

function checkSettings(
  name: string,
  options: BatchingOptions,
  defaults: SinkBatchOptions,
): SinkSettings {
  const { batch, concurrency = 1 } = options;
  requireOptions(name, batch, ['size', 'bytes', 'linger']);
  const { size = 1, bytes = 1_048_576, linger = 0 } = { ...defaults, ...batch };
  requirePositiveInteger(name, 'batch.size', size);
  requirePositiveInteger(name, 'batch.bytes', bytes);
  requirePositiveInteger(name, 'concurrency', concurrency);
  return { size, bytes, linger: parseDuration(linger, name), concurrency };
}
