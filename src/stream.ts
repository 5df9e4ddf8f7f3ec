import { Readable, type ReadableOptions, type Writable, type WritableOptions } from 'node:stream';
import { inspect } from 'node:util';
import { Batch } from './batch.ts';
import { MillraceError } from './errors.ts';
import { type NodeClass, type RegisterOptions, registerApi } from './extension/register-api.ts';
import { toDataFrame, toSeries } from './frame/crossing.ts';
import type { DataFrame } from './frame/data-frame.ts';
import type { ColumnSourceOptions } from './frame/input/column-source.ts';
import type { Series } from './frame/series.ts';
import type { ColumnType, Schema } from './frame/types.ts';
import {
  describe,
  isOptions,
  requireClock,
  requireFunction,
  requireName,
  requireOptions,
} from './graph/arguments.ts';
import { createNode, restoreState } from './graph/compile.ts';
import { checkPolicy, type ErrorPolicy } from './graph/error-policy.ts';
import { Guard } from './graph/guard.ts';
import { hasRoom } from './graph/has-room.ts';
import { endInput, originsOf, quiesce, reopen } from './graph/lifecycle.ts';
import {
  connect,
  destroy,
  disconnect,
  type EmitOptions,
  invalidate,
  Node,
  type Owner,
  type StopOptions,
} from './graph/node.ts';
import type { Operator } from './graph/operator.ts';
import { type ErrorHandler, reportUncaught } from './graph/uncaught.ts';
import { toDot } from './observe/dot.ts';
import { drawGraph } from './observe/draw-graph.ts';
import type { DrawingAttributes } from './observe/drawing.ts';
import { explainGraph } from './observe/explain.ts';
import { jupyterDisplay, type MimeBundle } from './observe/jupyter.ts';
import { labelOf } from './observe/label.ts';
import { toMermaid } from './observe/mermaid.ts';
import { dotToSvg } from './observe/svg.ts';
import { visualize } from './observe/visualize.ts';
import { type AccumulateOptions, accumulate, accumulateParams } from './operators/accumulate.ts';
import type { AsyncContext } from './operators/async-call.ts';
import { type BufferOptions, buffer, bufferParams } from './operators/buffer.ts';
import { callback } from './operators/callback.ts';
import {
  type CollectorOptions,
  type CollectState,
  collect,
  collectParams,
  flushCollected,
} from './operators/collect.ts';
import { combineLatest, combineLatestParams } from './operators/combine-latest.ts';
import { type DelayOptions, delay, delayParams } from './operators/delay.ts';
import { filter, filterParams, remove } from './operators/filter.ts';
import { flatten } from './operators/flatten.ts';
import {
  type FrequenciesOptions,
  frequencies,
  frequenciesParams,
} from './operators/frequencies.ts';
import type { FrequencyTable } from './operators/frequency-table.ts';
import { latest } from './operators/latest.ts';
import {
  type Learner,
  type Metric,
  modelCallback,
  type Predictor,
  predict,
  type Sample,
  type Transformer,
  train,
  trainParams,
  transform,
} from './operators/learning.ts';
import { Literal } from './operators/literal.ts';
import { map } from './operators/map.ts';
import { type MapAsyncOptions, mapAsync, mapAsyncParams } from './operators/map-async.ts';
import { type PartitionOptions, partition, partitionParams } from './operators/partition.ts';
import {
  type PartitionUniqueOptions,
  partitionUnique,
  partitionUniqueParams,
} from './operators/partition-unique.ts';
import { pluck, pluckParams } from './operators/pluck.ts';
import { rateLimit } from './operators/rate-limit.ts';
import { slice, sliceParams } from './operators/slice.ts';
import {
  type SlidingWindowOptions,
  slidingWindow,
  slidingWindowParams,
} from './operators/sliding-window.ts';
import { source } from './operators/source.ts';
import { starmap } from './operators/starmap.ts';
import {
  type TimedWindowOptions,
  timedWindow,
  timedWindowParams,
} from './operators/timed-window.ts';
import {
  type TimedWindowUniqueOptions,
  timedWindowUnique,
  timedWindowUniqueParams,
} from './operators/timed-window-unique.ts';
import { union } from './operators/union.ts';
import { type UniqueOptions, unique, uniqueParams } from './operators/unique.ts';
import { ZIP_OPTIONS, type ZipOptions, zip, zipParams } from './operators/zip.ts';
import { type ZipLatestOptions, zipLatest, zipLatestParams } from './operators/zip-latest.ts';
import { Sink } from './sinks/batch-sink.ts';
import { sink } from './sinks/sink.ts';
import { sinkToList } from './sinks/sink-to-list.ts';
import { Handoff, toAsyncIterator } from './sinks/to-async-iterator.ts';
import {
  type InteropObservable,
  OBSERVABLE_KEYS,
  ObserverOutlet,
  toObservable,
} from './sinks/to-observable.ts';
import { type IntakeOptions, webWritableInto, writableInto } from './sinks/to-writable.ts';
import { writeBatches } from './sinks/write-batches.ts';
import { type Clock, currentClock } from './time/clock.ts';
import { type Duration, parseDuration } from './time/duration.ts';

/** Options of a stream. */
export interface StreamOptions {
  /** Name in graph drawings, profiles and stack traces. */
  readonly name?: string;
  /** What the timers of the graph run on. Default: the machine's clock, see `setDefaultClock`. */
  readonly clock?: Clock;
  /**
   * Told of the errors of elements that a queue, a timer or an asynchronous call had accepted, whose
   * emitter has gone on. Without it such an error is an uncaught exception of the process.
   */
  readonly onError?: ErrorHandler;
}

/** A stream's state, as {@link Stream.snapshot} gives it. */
export interface StreamSnapshot {
  /** The operator that it belongs to. */
  readonly operator: string;
  /** Version of the form of `state`. */
  readonly version: number;
  /** Plain data, and the user's own values as they are. */
  readonly state: unknown;
}

/** What a joined argument contributes to the joined element: a stream its elements, else itself. */
export type Joined<A> = A extends Stream<infer T> ? T : A extends Literal<infer T> ? T : A;

/** {@link Joined} of each argument of a join. */
export type JoinedAll<A extends readonly unknown[]> = { readonly [I in keyof A]: Joined<A[I]> };

/** Options of `combineLatest`. */
export interface CombineLatestOptions {
  /**
   * The streams whose elements cause an emission, by themselves or by position, where 0 is the stream
   * that `combineLatest` is called on. Default: all of them.
   */
  readonly emitOn?: Stream<unknown> | number | readonly (Stream<unknown> | number)[];
}

/**
 * A stream of values of any kind. Elements put in by `emit` go through everything downstream, depth
 * first and in order of subscription, before `emit` returns; a connected graph is compiled into one
 * generated function per source when it is first used, and again after it was changed.
 *
 * Methods that name an operator add it downstream and return the new stream. A stream stays
 * connected for as long as what it is connected to is in use, or until `destroy`.
 *
 * Errors: whatever a callback throws comes out of `emit`, after all other branches have been
 * delivered; if several branches fail, as an `AggregateError`. The graph can be used afterwards. Wrong
 * arguments throw a `TypeError` or `RangeError` while the graph is being built.
 *
 * @example
 * ```ts
 * import { Stream } from 'millrace'
 * import assert from 'node:assert/strict'
 *
 * const source = new Stream<number>()
 * const totals = source
 *   .map((x) => x + 1)
 *   .filter((x) => x % 2 === 0)
 *   .accumulate((sum, x) => sum + x, { start: 0 })
 *   .sinkToList()
 * for (let i = 0; i < 6; i++) source.emit(i)
 * assert.deepEqual(totals, [2, 6, 12])
 * ```
 */
export class Stream<out T> {
  /** The node of the graph behind this stream; for plugins, drawings and metrics. */
  readonly node: Node;

  /** @param origin options of a new source; operators pass their node */
  constructor(origin: StreamOptions | Node = {}) {
    if (origin instanceof Node) {
      this.node = origin;
    } else {
      requireOptions('Stream', origin, ['name', 'clock', 'onError']);
      const { name, clock = currentClock(), onError } = origin;
      if (name !== undefined) requireName('Stream', name);
      requireClock('Stream', clock);
      if (onError !== undefined) requireFunction('Stream', 'onError', onError);
      this.node = createNode(source, undefined, [], name, { clock, onError });
    }
    this.node.owner = this as Owner;
    const { emit, emitMany } = Stream.prototype;
    this.node.isInstalled = this.emit === emit && this.emitMany === emitMany;
  }

  /** Name, as given. */
  get name(): string | undefined {
    return this.node.name;
  }

  /**
   * Gives this stream a name, for drawings, profiles, stack traces and what is told of errors.
   *
   * @param name shown before the operator
   * @returns this stream
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const lines = new Stream<string>()
   * const parsed = lines.map(JSON.parse).named('parsed')
   * assert.equal(parsed.name, 'parsed')
   * assert.match(lines.explain(), /parsed; map: parse/)
   * ```
   */
  named(name: string): this {
    requireName('named', name);
    this.node.name = name;
    invalidate(this.node);
    return this;
  }

  /** The streams that feed this one, in order of connection. */
  get upstreams(): readonly Stream<unknown>[] {
    return this.node.inputs.flatMap((edge) => ownerOf(edge.from));
  }

  /** The streams that this one feeds, in order of delivery. */
  get downstreams(): readonly Stream<unknown>[] {
    return this.node.outputs.flatMap((edge) => ownerOf(edge.to));
  }

  // Elements in

  /**
   * Puts an element in and delivers it. Constant cost beside that of the operators: a few
   * nanoseconds.
   *
   * @param x the element
   * @param options metadata that travels with it
   * @returns undefined when everything ran synchronously, else a promise: it resolves when every
   * branch has finished with the element, or has accepted it where a branch has a queue, and rejects
   * when one has failed. Wait for it, and a slow branch holds you back.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<string>()
   * const seen: string[] = []
   * source.sink((x) => void seen.push(x))
   * assert.equal(source.emit('now'), undefined)
   * source.sink(async (x) => void seen.push(`${x}, later`))
   * await source.emit('first')
   * assert.deepEqual(seen, ['now', 'first', 'first, later'])
   * ```
   */
  emit(x: T, options?: EmitOptions): Promise<void> | undefined {
    return this.node.emit(x, options);
  }

  /**
   * Puts the elements of an iterable in, one after the other: the same as an `emit` for each, which
   * is waited for where it returns a promise, in one generated loop. It ends at the first element that
   * fails, with its error.
   *
   * @param xs array, typed array or any other iterable
   * @returns undefined when everything ran synchronously, else a promise for the end
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const squares = source.map((x) => x * x).sinkToList()
   * source.emitMany([1, 2, 3])
   * source.emitMany(new Set([4, 5]))
   * assert.deepEqual(squares, [1, 4, 9, 16, 25])
   * ```
   */
  emitMany(xs: Iterable<T>): Promise<void> | undefined {
    return this.node.emitMany(xs);
  }

  /**
   * Puts an element in unless it would have to wait: emits it only if every queue that it can reach
   * without passing another one has room for one more element. Asynchronous sinks are no queues.
   *
   * @param x the element
   * @param options metadata that travels with it
   * @returns false if a queue ahead is full; nothing has happened then. True once it was emitted: what
   * a callback throws meanwhile is thrown here, what fails later goes to the graph's `onError`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const seen = source.buffer(2).sinkToList()
   * assert.deepEqual([1, 2, 3].map((x) => source.tryEmit(x)), [true, true, false])
   * await source.end()
   * assert.deepEqual(seen, [1, 2])
   * ```
   */
  tryEmit(x: T, options?: EmitOptions): boolean {
    if (!hasRoom(this.node)) return false;
    this.emit(x, options)?.catch((error) => reportUncaught(this.node, error, x));
    return true;
  }

  // Element by element

  /**
   * Emits what a function makes of each element, `undefined` included. A promise is not waited for
   * but emitted.
   *
   * @param f called with the element and `args`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const powers = source.map((x, exponent: number) => x ** exponent, 3).sinkToList()
   * source.emitMany([1, 2, 3])
   * assert.deepEqual(powers, [1, 8, 27])
   * ```
   */
  map<U, A extends unknown[]>(f: (x: T, ...args: A) => U, ...args: A): Stream<U> {
    return this.#next(map, callback('map', 'f', f, args));
  }

  /**
   * Emits what a function makes of the items of each element, spread over its parameters.
   *
   * @param f called with the items of the element and `args`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const pairs = new Stream<[number, number]>()
   * const sums = pairs.starmap((a, b) => a + b).sinkToList()
   * pairs.emit([1, 2])
   * assert.deepEqual(sums, [3])
   * ```
   */
  starmap<V extends readonly unknown[], U, A extends unknown[]>(
    this: Stream<V>,
    f: (...values: [...V, ...A]) => U,
    ...args: A
  ): Stream<U>;
  starmap<V, U, A extends unknown[]>(
    this: Stream<Iterable<V>>,
    f: (...values: [...V[], ...A]) => U,
    ...args: A
  ): Stream<U>;
  starmap(f: (...values: never[]) => unknown, ...args: unknown[]): Stream<unknown> {
    return this.#next(starmap, callback('starmap', 'f', f, args));
  }

  /**
   * Passes on the elements for which a predicate is true, or, without one, those that are truthy.
   *
   * @param predicate called with the element and `args`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const large = source.filter((x, than: number) => x > than, 10).sinkToList()
   * source.emitMany([5, 15, 25])
   * assert.deepEqual(large, [15, 25])
   * ```
   */
  filter<U extends T>(predicate: (x: T) => x is U): Stream<U>;
  filter<A extends unknown[]>(
    predicate?: ((x: T, ...args: A) => unknown) | null,
    ...args: A
  ): Stream<T>;
  filter(predicate?: ((...values: never[]) => unknown) | null, ...args: unknown[]): Stream<T> {
    return this.#next(filter, filterParams('filter', predicate, args, true));
  }

  /**
   * Passes on the elements for which a predicate is false.
   *
   * @param predicate called with the element and `args`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const odd = source.remove((x) => x % 2 === 0).sinkToList()
   * source.emitMany([1, 2, 3])
   * assert.deepEqual(odd, [1, 3])
   * ```
   */
  remove<U extends T>(predicate: (x: T) => x is U): Stream<Exclude<T, U>>;
  remove<A extends unknown[]>(predicate: (x: T, ...args: A) => unknown, ...args: A): Stream<T>;
  remove(predicate: (...values: never[]) => unknown, ...args: unknown[]): Stream<unknown> {
    requireFunction('remove', 'predicate', predicate);
    return this.#next(remove, filterParams('remove', predicate, args, false));
  }

  /**
   * Emits a property of each element, or an array of several.
   *
   * @param pick name or index of the property, or a list of them
   * @throws from `emit`: `RangeError` where an element has no such property
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const trades = new Stream<{ symbol: string; price: number; size: number }>()
   * const prices = trades.pluck('price').sinkToList()
   * const pairs = trades.pluck(['symbol', 'size']).sinkToList()
   * trades.emit({ symbol: 'A', price: 1.5, size: 10 })
   * assert.deepEqual(prices, [1.5])
   * assert.deepEqual(pairs, [['A', 10]])
   * ```
   */
  pluck<K extends keyof T>(pick: K): Stream<T[K]>;
  pluck<const K extends readonly (keyof T)[]>(
    pick: K,
  ): Stream<{ readonly [I in keyof K]: T[K[I]] }>;
  pluck(pick: unknown): Stream<unknown> {
    return this.#next(pluck, pluckParams(pick));
  }

  /**
   * Passes on the elements at some positions, counted from the moment of connection, as slicing a list
   * does: from `start`, before `end`, every `step`-th of them. After the last one it disconnects itself.
   *
   * @param start first position, 0 or more; default 0
   * @param end position after the last, 0 or more; default: no end
   * @param step 1 or more; default 1
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<string>()
   * const some = source.slice(1, 6, 2).sinkToList()
   * source.emitMany('abcdefgh')
   * assert.deepEqual(some, ['b', 'd', 'f'])
   * ```
   */
  slice(start = 0, end?: number, step = 1): Stream<T> {
    return this.#next(slice, sliceParams(start, end, step));
  }

  /**
   * Passes on the elements that have not come before; with `maxsize`, not among the latest distinct
   * ones.
   *
   * @param options `maxsize`, `key`, `hashable`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const distinct = source.unique().sinkToList()
   * const changes = source.unique({ maxsize: 1 }).sinkToList()
   * source.emitMany([1, 1, 2, 2, 1])
   * assert.deepEqual(distinct, [1, 2])
   * assert.deepEqual(changes, [1, 2, 1])
   * ```
   */
  unique(options?: UniqueOptions<T>): Stream<T> {
    return this.#next(unique, uniqueParams(options));
  }

  /**
   * Folds the elements into a state and emits the state at every element. The first element
   * becomes the state, and is emitted as it is, when there is no `start`.
   *
   * @param f called with the state and the element; returns the new state, or with `returnsState`
   * `[state, result]`, of which the result is emitted, or with `withState` both
   * @param options `start`, `returnsState`, `withState`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const largest = source.accumulate((most, x) => Math.max(most, x)).sinkToList()
   * const steps = source
   *   .accumulate((last: number, x) => [x, x - last] as const, { start: 0, returnsState: true })
   *   .sinkToList()
   * source.emitMany([2, 7, 4])
   * assert.deepEqual(largest, [2, 7, 7])
   * assert.deepEqual(steps, [2, 5, -3])
   * ```
   */
  accumulate(f: (state: T, x: T) => T): Stream<T>;
  accumulate<S, R>(
    f: (state: S, x: T) => readonly [S, R],
    options: { readonly start: S; readonly returnsState: true; readonly withState: true },
  ): Stream<readonly [S, R]>;
  accumulate<S, R>(
    f: (state: S, x: T) => readonly [S, R],
    options: { readonly start: S; readonly returnsState: true; readonly withState?: false },
  ): Stream<R>;
  accumulate<S>(
    f: (state: S, x: T) => S,
    options: { readonly start: S; readonly returnsState?: false; readonly withState: true },
  ): Stream<readonly [S, S]>;
  accumulate<S>(
    f: (state: S, x: T) => S,
    options: { readonly start: S; readonly returnsState?: false; readonly withState?: false },
  ): Stream<S>;
  accumulate<R>(
    f: (state: T, x: T) => readonly [T, R],
    options: { readonly returnsState: true; readonly withState: true },
  ): Stream<readonly [T, T | R]>;
  accumulate<R>(
    f: (state: T, x: T) => readonly [T, R],
    options: { readonly returnsState: true; readonly withState?: false },
  ): Stream<T | R>;
  accumulate(
    f: (state: T, x: T) => T,
    options: { readonly returnsState?: false; readonly withState: true },
  ): Stream<readonly [T, T]>;
  accumulate(f: (...values: never[]) => unknown, options?: AccumulateOptions): Stream<unknown> {
    return this.#next(accumulate, accumulateParams(f, options));
  }

  /** Another name of `accumulate`. */
  get scan(): Stream<T>['accumulate'] {
    return this.accumulate.bind(this) as Stream<T>['accumulate'];
  }

  /**
   * Emits the items of each element, one after the other: of arrays, of strings (by code point), of
   * any iterable. All items are delivered, also after one that fails.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const lines = new Stream<string>()
   * const words = lines.map((line) => line.split(' ')).flatten().sinkToList()
   * lines.emit('call me Ishmael')
   * assert.deepEqual(words, ['call', 'me', 'Ishmael'])
   * ```
   */
  flatten<I>(this: Stream<Iterable<I>>): Stream<I> {
    return this.#next(flatten, undefined);
  }

  /** Another name of `flatten`. */
  concat<I>(this: Stream<Iterable<I>>): Stream<I> {
    return this.flatten();
  }

  /**
   * Emits how often each distinct element has come: a {@link FrequencyTable} that never changes, at
   * every element, in constant time; or, with `{ emit: 'changes' }`, `[element, count]`. Elements are
   * equal as in a `Map`. What is held grows with the number of distinct elements.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const words = new Stream<string>()
   * const tables = words.frequencies().sinkToList()
   * const changes = words.frequencies({ emit: 'changes' }).sinkToList()
   * words.emitMany(['sea', 'ship', 'sea'])
   * assert.deepEqual([...tables.at(-1)!], [['sea', 2], ['ship', 1]])
   * assert.deepEqual(changes, [['sea', 1], ['ship', 1], ['sea', 2]])
   * ```
   */
  frequencies(options: { readonly emit: 'changes' }): Stream<readonly [T, number]>;
  frequencies(options?: FrequenciesOptions): Stream<FrequencyTable<T>>;
  frequencies(options?: FrequenciesOptions): Stream<unknown> {
    return this.#next(frequencies, frequenciesParams(options));
  }

  // Several elements together

  /**
   * Emits the last n elements, oldest first, at every element: an array of its own each time.
   * Copying it costs about a quarter of a nanosecond per element of the window.
   *
   * @param n length of the window, a positive integer
   * @param options `returnPartial`: emit shorter windows too while the first one fills; default true
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const windows = source.slidingWindow(2, { returnPartial: false }).sinkToList()
   * source.emitMany([1, 2, 3])
   * assert.deepEqual(windows, [[1, 2], [2, 3]])
   * ```
   */
  slidingWindow(n: number, options?: SlidingWindowOptions): Stream<readonly T[]> {
    return this.#next(slidingWindow, slidingWindowParams(n, options));
  }

  /**
   * Emits the elements n at a time, as arrays; with a `key`, n of the same key at a time. `emit` has
   * finished when the partition that it completes was delivered, and at once otherwise.
   *
   * @param n size of a partition, a positive integer
   * @param options `key`: one partition for each; `timeout`: emit what there is this long after the
   * first element of a partition; `flush`: emit what there is at the end of input, default true
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const pairs = source.partition(2).sinkToList()
   * const alike = source.partition(2, { key: (x) => x % 2 }).sinkToList()
   * source.emitMany([1, 2, 3, 4])
   * assert.deepEqual(pairs, [[1, 2], [3, 4]])
   * assert.deepEqual(alike, [[1, 3], [2, 4]])
   * ```
   */
  partition(n: number, options?: PartitionOptions<T>): Stream<readonly T[]> {
    return this.#next(partition, partitionParams(n, options));
  }

  /**
   * Emits arrays of n elements that differ, by their keys; of elements with the same key one stays.
   *
   * @param n number of distinct keys, a positive integer
   * @param options `key`; `keep`: `first` (default) or `last`, which then also counts for the order
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<string>()
   * const key = (word: string) => word[0]
   * const first = source.partitionUnique(2, { key }).sinkToList()
   * const last = source.partitionUnique(2, { key, keep: 'last' }).sinkToList()
   * source.emitMany(['ash', 'alder', 'beech'])
   * assert.deepEqual(first, [['ash', 'beech']])
   * assert.deepEqual(last, [['alder', 'beech']])
   * ```
   */
  partitionUnique(n: number, options?: PartitionUniqueOptions<T>): Stream<readonly T[]> {
    return this.#next(partitionUnique, partitionUniqueParams(n, options));
  }

  /**
   * Keeps the elements until its `flush` is called, which emits them as an array. What is held is
   * bounded only by a `cache` that bounds itself.
   *
   * @param options `cache`: where to keep them, shared with you
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const collector = source.collect()
   * const seen = collector.sinkToList()
   * source.emitMany([1, 2])
   * collector.flush()
   * collector.flush()
   * assert.deepEqual(seen, [[1, 2], []])
   * ```
   */
  collect(options?: CollectorOptions<T>): Collector<T> {
    return new Collector<T>(createNode(collect, collectParams(options), [this.node]));
  }

  // Over time

  /**
   * Emits each element a fixed time after it came, in order. `emit` has been accepted once the
   * element is held; when `maxsize` are, it returns a promise for the time when there is room.
   * A delivery that takes long holds up the next one; errors of a delivery go to the graph's `onError`.
   *
   * @param t how long
   * @param options `maxsize`: how many elements are held at most, default 10,000; `maxBytes`, `sizeOf`:
   * how much in bytes
   *
   * @example
   * ```ts
   * import { Stream, VirtualClock } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const clock = new VirtualClock()
   * const source = new Stream<string>({ clock })
   * const seen = source.delay('2s').sinkToList()
   * source.emit('a')
   * await clock.advance('1s')
   * assert.deepEqual(seen, [])
   * await clock.advance('1s')
   * assert.deepEqual(seen, ['a'])
   * ```
   */
  delay(t: Duration, options?: DelayOptions<T>): Stream<T> {
    return this.#next(delay, delayParams(t, options));
  }

  /**
   * Lets at least a time pass between two elements. An element that comes too soon waits, and so does
   * its `emit`: the promise settles when the element has gone out and every branch has finished with
   * it. What waits is bounded by who waits for it; `tryEmit` is false meanwhile.
   *
   * @param t least time between two elements
   *
   * @example
   * ```ts
   * import { Stream, VirtualClock } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const clock = new VirtualClock()
   * const source = new Stream<number>({ clock })
   * const seen = source.rateLimit('1s').sinkToList()
   * const emitted = source.emitMany([1, 2, 3])
   * assert.deepEqual(seen, [1])
   * await clock.advance('2s')
   * await emitted
   * assert.deepEqual(seen, [1, 2, 3])
   * ```
   */
  rateLimit(t: Duration): Stream<T> {
    return this.#next(rateLimit, { milliseconds: parseDuration(t, 'rateLimit') });
  }

  /**
   * Takes elements into a queue and delivers them by itself, one after the other, so that what follows
   * can be slower than the source for a while. `emit` has been accepted once the element has one of
   * the n places, which it gives back when its delivery has settled. Errors of a delivery go to the
   * graph's `onError`, and the next element is delivered.
   *
   * @param n how many elements are held at most, the one that is being delivered included; with
   * `dropNewest` and `dropOldest`, how many wait at most; a positive integer
   * @param options `maxBytes`, `sizeOf`: a limit in bytes as well; `overflow`: what a full buffer does: `'wait'` (default) makes `emit` return a promise
   * for the time when there is room, `'dropNewest'` and `'dropOldest'` drop an element and acknowledge
   * it, `'error'` lets `emit` fail with `ERR_BUFFER_FULL`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const seen = source.buffer(2, { overflow: 'dropOldest' }).sinkToList()
   * source.emitMany([1, 2, 3])
   * assert.deepEqual(seen, [])
   * await source.end()
   * assert.deepEqual(seen, [2, 3])
   * ```
   */
  buffer(n: number, options?: BufferOptions<T>): Stream<T> {
    return this.#next(buffer, bufferParams(n, options));
  }

  /**
   * Delivers the newest element whenever the delivery before has settled. `emit` never waits: an
   * element that was not delivered yet is replaced by the next one, and acknowledged. The last element
   * is always delivered. Errors of a delivery go to the graph's `onError`.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const seen = source.latest().sinkToList()
   * source.emitMany([1, 2, 3])
   * await source.end()
   * assert.deepEqual(seen, [3])
   * ```
   */
  latest(): Stream<T> {
    return this.#next(latest, undefined);
  }

  /**
   * Emits at fixed intervals an array of the elements that came since, the first time at once, and
   * also when none came. `emit` has been accepted once the element is in the window; while the window
   * before is being delivered, and when there are `maxsize`, it returns a promise. Its timer runs
   * until the end of input or `destroy`. Errors of a delivery go to the graph's `onError`.
   *
   * @param interval length of a window, above 0
   * @param options `flush`: emit the last window at the end of input, if there is anything in it,
   * default true; `maxsize`: how many elements a window holds at most, default 1,000,000; `maxBytes`,
   * `sizeOf`: how much in bytes
   *
   * @example
   * ```ts
   * import { Stream, VirtualClock } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const clock = new VirtualClock()
   * const source = new Stream<number>({ clock })
   * const windows = source.timedWindow('1s').sinkToList()
   * await clock.advance('500ms')
   * source.emitMany([1, 2])
   * await clock.advance('2s')
   * assert.deepEqual(windows, [[], [1, 2], []])
   * source.destroy()
   * ```
   */
  timedWindow(interval: Duration, options?: TimedWindowOptions<T>): Stream<readonly T[]> {
    return this.#next(timedWindow, timedWindowParams(interval, options));
  }

  /**
   * As {@link timedWindow}, but keeps one element of each key in a window.
   *
   * @param interval length of a window, above 0
   * @param options `key`: what has to be distinct, default the element; `keep`: the `'first'` of a key
   * (default) or the `'last'`, then at the place of its own arrival; `flush`, `maxsize` and `maxBytes` as there
   *
   * @example
   * ```ts
   * import { Stream, VirtualClock } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const clock = new VirtualClock()
   * const source = new Stream<string>({ clock })
   * const windows = source.timedWindowUnique('1s', { key: 'length', keep: 'last' }).sinkToList()
   * source.emitMany(['a', 'bb', 'c'])
   * await source.end()
   * assert.deepEqual(windows, [['bb', 'c']])
   * ```
   */
  timedWindowUnique(
    interval: Duration,
    options?: TimedWindowUniqueOptions<T>,
  ): Stream<readonly T[]> {
    return this.#next(timedWindowUnique, timedWindowUniqueParams(interval, options));
  }

  /**
   * Emits what an asynchronous function makes of each element, with several calls in flight. `emit` has
   * been accepted once the call is made; while `parallelism` calls are in flight, it returns a promise
   * for the time when its own is made. An element whose call fails is left out: the error goes to the
   * graph's `onError` and the element is acknowledged negatively, as do errors of a delivery.
   *
   * After `restore` the calls that were in flight are made again, so `f` should bear that.
   *
   * @param f called with the element and `{ signal }`, which is aborted when the call timed out or is
   * no longer wanted
   * @param options `parallelism`: most calls in flight, default 1; `ordered`: emit in the order of the
   * elements (default), where a result waits for those before it and keeps its place among the calls,
   * or as results come; `key`: in order within each key only; `maxBytes`, `sizeOf`: most bytes of
   * elements in flight; `stopOnError`: after a failed call stop the sources upstream, and let `emit` fail
   * with `ERR_STOPPED`, until `start`; `timeout`: most time for a call, which then fails with
   * `ERR_TIMEOUT` and counts as over; `signal`: when aborted, gives up all calls
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const squares = source.mapAsync(async (x) => x * x, { parallelism: 2 }).sinkToList()
   * await source.emitMany([1, 2, 3])
   * await source.end()
   * assert.deepEqual(squares, [1, 4, 9])
   * ```
   */
  mapAsync<U>(
    f: (x: T, context: AsyncContext) => PromiseLike<U> | U,
    options?: MapAsyncOptions<T>,
  ): Stream<U> {
    return this.#next(mapAsync, mapAsyncParams(f, options));
  }

  /** This stream: its elements are here already. So a pipeline may be written for a cluster too. */
  gather(): Stream<T> {
    return this;
  }

  // Several streams together

  /**
   * Emits arrays of the first elements of this and other streams, of the second ones, and so on. What
   * has no counterpart yet waits; when more than `maxsize` wait, `emit` returns a promise for the time
   * when there is room. Anything that is not a stream is packed as it is, at its position.
   *
   * @param others streams and constants; `{ maxsize, maxBytes, sizeOf }` may come last
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const left = new Stream<number>()
   * const right = new Stream<string>()
   * const both = left.zip(right, '!').sinkToList()
   * left.emitMany([1, 2])
   * right.emit('a')
   * assert.deepEqual(both, [[1, 'a', '!']])
   * ```
   */
  zip<const A extends readonly unknown[]>(
    ...others: readonly [...A, ZipOptions]
  ): Stream<readonly [T, ...JoinedAll<A>]>;
  zip<const A extends readonly unknown[]>(...others: A): Stream<readonly [T, ...JoinedAll<A>]>;
  zip(...others: unknown[]): Stream<unknown> {
    const options = isOptions(others.at(-1), ZIP_OPTIONS) ? (others.pop() as ZipOptions) : {};
    const streams = others.filter((other) => other instanceof Stream);
    const literals = others.flatMap((other, i) =>
      other instanceof Stream
        ? []
        : [[i + 1, other instanceof Literal ? other.value : other] as const],
    );
    return this.#next(zip, zipParams(options, literals), streams);
  }

  /**
   * Emits an array of the latest elements of this and other streams, whenever one of them emits, once
   * all of them have.
   *
   * @param others streams; `{ emitOn }`, the streams whose elements cause an emission, may come last
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const price = new Stream<number>()
   * const size = new Stream<number>()
   * const both = price.combineLatest(size).sinkToList()
   * const trades = price.combineLatest(size, { emitOn: size }).sinkToList()
   * price.emitMany([1, 2])
   * size.emit(10)
   * price.emit(3)
   * assert.deepEqual(both, [[2, 10], [3, 10]])
   * assert.deepEqual(trades, [[2, 10]])
   * ```
   */
  combineLatest<const A extends readonly Stream<unknown>[]>(
    ...others: readonly [...A, CombineLatestOptions]
  ): Stream<readonly [T, ...JoinedAll<A>]>;
  combineLatest<const A extends readonly Stream<unknown>[]>(
    ...others: A
  ): Stream<readonly [T, ...JoinedAll<A>]>;
  combineLatest(...others: unknown[]): Stream<unknown> {
    const options = isOptions(others.at(-1), ['emitOn'])
      ? (others.pop() as CombineLatestOptions)
      : {};
    const { emitOn } = options;
    const streams = requireStreams('combineLatest', others);
    const nodes = (Array.isArray(emitOn) ? emitOn : [emitOn]).map((one: unknown) =>
      one instanceof Stream ? one.node : one,
    );
    const inputs = [this.node, ...streams.map((other) => other.node)];
    const params = combineLatestParams(emitOn === undefined ? undefined : nodes, inputs);
    return this.#next(combineLatest, params, streams);
  }

  /**
   * Emits an array for every element of this stream, with the latest elements of others. Until all of
   * those have spoken, this stream's elements wait; when more than `maxsize` wait, `emit` returns a
   * promise for the time when there is room.
   *
   * @param others streams; `{ maxsize, maxBytes, sizeOf }` may come last
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const orders = new Stream<string>()
   * const rates = new Stream<number>()
   * const priced = orders.zipLatest(rates).sinkToList()
   * orders.emit('a')
   * rates.emitMany([1.1, 1.2])
   * orders.emit('b')
   * assert.deepEqual(priced, [['a', 1.1], ['b', 1.2]])
   * ```
   */
  zipLatest<const A extends readonly Stream<unknown>[]>(
    ...others: readonly [...A, ZipLatestOptions]
  ): Stream<readonly [T, ...JoinedAll<A>]>;
  zipLatest<const A extends readonly Stream<unknown>[]>(
    ...others: A
  ): Stream<readonly [T, ...JoinedAll<A>]>;
  zipLatest(...others: unknown[]): Stream<unknown> {
    const options = isOptions(others.at(-1), ZIP_OPTIONS) ? (others.pop() as ZipLatestOptions) : {};
    return this.#next(zipLatest, zipLatestParams(options), requireStreams('zipLatest', others));
  }

  /**
   * Passes on the elements of this and other streams as they come.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const left = new Stream<number>()
   * const right = new Stream<string>()
   * const all = left.union(right).sinkToList()
   * left.emit(1)
   * right.emit('a')
   * assert.deepEqual(all, [1, 'a'])
   * ```
   */
  union<const A extends readonly Stream<unknown>[]>(...others: A): Stream<T | Joined<A[number]>> {
    requireStreams('union', others);
    return this.#next(union, undefined, others);
  }

  // Elements out

  /**
   * Calls a function with each element and ends the branch. Where it returns a promise, `emit` returns
   * one too, which settles when it has: finished, not just accepted.
   *
   * @param f called with the element and `args`
   * @returns the sink, to be destroyed when it is no longer wanted
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const seen = new Set<number>()
   * const sink = source.sink((x) => void seen.add(x))
   * source.emit(1)
   * sink.destroy()
   * source.emit(2)
   * assert.deepEqual([...seen], [1])
   * ```
   */
  sink<A extends unknown[]>(f: (x: T, ...args: A) => unknown, ...args: A): Stream<never> {
    return this.#next(sink, callback('sink', 'f', f, args));
  }

  /**
   * Collects the elements in an array, which grows as they come.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const list = source.sinkToList()
   * source.emit(1)
   * assert.deepEqual(list, [1])
   * ```
   */
  sinkToList(): T[] {
    const list: T[] = [];
    this.#next(sinkToList, list);
    return list;
  }

  /**
   * Writes the elements to a {@link Sink}: in batches, with retry, backpressure and acknowledgement once
   * they are durable.
   *
   * @param sink one of millrace's or a subclass of yours; it can be put in one place only
   * @returns what the sink answered for each element, or the elements, once they are written
   * @throws `MillraceError`, code `ERR_SINK_IN_USE`, if the sink is in use
   *
   * @example
   * ```ts
   * import { Sink, type SinkBatch, Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * class Pages extends Sink<string> {
   *   readonly pages: string[] = []
   *   constructor() { super('toPages', { batch: { size: 2 } }) }
   *   async write({ elements }: SinkBatch<string>) { this.pages.push(elements.join(' ')) }
   * }
   * const pages = new Pages()
   * const words = new Stream<string>()
   * words.to(pages)
   * words.emitMany(['to', 'be', 'or'])
   * await words.end()
   * assert.deepEqual(pages.pages, ['to be', 'or'])
   * ```
   */
  to<R>(sink: Sink<T, R, unknown>): Stream<R> {
    if (!(sink instanceof Sink)) {
      throw new TypeError(`Cannot create to: a Sink is wanted, got ${describe(sink)}`);
    }
    return this.#next<Sink<unknown, unknown, unknown>, unknown, R>(
      writeBatches(sink as Sink<unknown, unknown, unknown>),
      sink as Sink<unknown, unknown, unknown>,
    ).onError(sink.policy);
  }

  // Other kinds of streams

  /**
   * The elements from now on as an async iterator, for `for await`. An element is accepted when it is
   * asked for, so the loop's body holds back whoever waits for `emit`. It is done when the input
   * ends; leaving the loop detaches it from the stream. Cost: two promises per element.
   *
   * @example
   * ```ts
   * import { fromIterable } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = fromIterable([1, 2, 3])
   * const doubled = source.map((x) => 2 * x)[Symbol.asyncIterator]()
   * void source.start().then(() => source.end())
   * const seen: number[] = []
   * for await (const x of doubled) seen.push(x)
   * assert.deepEqual(seen, [2, 4, 6])
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    const leave = () => branch.destroy();
    const handoff = new Handoff<T>(leave);
    const branch = this.#next(toAsyncIterator, handoff);
    return handoff;
  }

  /**
   * The elements from now on as a Node `Readable`, in object mode unless told otherwise. It holds
   * back whoever waits for `emit`, ends when the input ends, and leaves the graph when destroyed.
   *
   * @param options of the `Readable`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<string>()
   * const readable = source.map((line) => `${line}\n`).toReadable()
   * void Promise.resolve(source.emitMany(['a', 'b'])).then(() => source.end())
   * assert.deepEqual(await readable.toArray(), ['a\n', 'b\n'])
   * ```
   */
  toReadable(options: ReadableOptions = {}): Readable {
    return Readable.from(this[Symbol.asyncIterator](), { objectMode: true, ...options });
  }

  /**
   * The elements from now on as a Web `ReadableStream`. It holds back whoever waits for `emit`,
   * closes when the input ends, and leaves the graph when cancelled.
   *
   * @param strategy how much it reads ahead; by default nothing
   */
  toReadableStream(strategy: QueuingStrategy<T> = { highWaterMark: 0 }): ReadableStream<T> {
    const handoff = this[Symbol.asyncIterator]();
    return new ReadableStream<T>(
      {
        async pull(controller) {
          const step = await handoff.next();
          if (step.done === true) controller.close();
          else controller.enqueue(step.value);
        },
        async cancel() {
          await handoff.return?.();
        },
      },
      strategy,
    );
  }

  /**
   * A Node `Writable`, in object mode unless told otherwise, whose chunks become elements. Writing is
   * held back until the graph has accepted the chunk; an element that fails destroys the `Writable`
   * with its error; finishing it ends this stream's input, unless `end` is false.
   *
   * @param options `end`, and those of the `Writable`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   * import { Readable } from 'node:stream'
   * import { pipeline } from 'node:stream/promises'
   *
   * const source = new Stream<number>()
   * const seen = source.map((x) => x + 1).sinkToList()
   * await pipeline(Readable.from([1, 2]), source.toWritable())
   * assert.deepEqual(seen, [2, 3])
   * ```
   */
  toWritable(options: IntakeOptions & WritableOptions = {}): Writable {
    return writableInto<T>(this, options);
  }

  /**
   * A Web `WritableStream` whose chunks become elements. Writing is held back until the graph has
   * accepted the chunk; closing it ends this stream's input, unless `end` is false.
   *
   * @param options `end`
   */
  toWritableStream(options: IntakeOptions = {}): WritableStream<T> {
    requireOptions('toWritableStream', options, ['end']);
    return webWritableInto<T>(this, options);
  }

  /**
   * The elements from each subscription on as an Observable that RxJS, xstream and others take; also
   * found under `Symbol.observable`. Completes when the input ends. Observers hold nobody back.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   * import { from, map } from 'rxjs'
   *
   * const source = new Stream<number>()
   * const seen: number[] = []
   * from(source).pipe(map((x) => -x)).subscribe((x) => seen.push(x))
   * source.emitMany([1, 2])
   * assert.deepEqual(seen, [-1, -2])
   * ```
   */
  toObservable(): InteropObservable<T> & { '@@observable'(): InteropObservable<T> } {
    const observable = {
      subscribe: (observer: Parameters<InteropObservable<T>['subscribe']>[0]) => {
        const observed = new ObserverOutlet(
          observer as ConstructorParameters<typeof ObserverOutlet>[0],
        );
        const branch = this.#next(toObservable, observed);
        return {
          unsubscribe() {
            observed.silence();
            branch.destroy();
          },
        };
      },
      '@@observable': () => observable,
    };
    for (const key of OBSERVABLE_KEYS)
      Object.defineProperty(observable, key, { value: () => observable });
    return observable;
  }

  // The other plane

  /**
   * Down to the column plane: the elements as a series, each a value, or an array or typed array of
   * values that is a batch. Single values collect as `options` say.
   *
   * @param type of the column, such as `'f64'`
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number[]>()
   * const means = source.toSeries('f64').mean().sinkToList()
   * source.emitMany([[1, 2], [6]])
   * assert.deepEqual(means, [1.5, 3])
   * ```
   */
  toSeries<D extends ColumnType>(type: D, options?: ColumnSourceOptions): Series<D> {
    return toSeries(this, type, options);
  }

  /**
   * Down to the column plane: the elements as rows of a frame, each a row, or rows or columns that
   * are a batch. Single rows collect as `options` say.
   *
   * @param schema names and types of the columns
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<{ key: string; value: number }>()
   * const sums = source.partition(3).toDataFrame({ key: 'utf8', value: 'f64' }).groupBy('key').value.sum()
   * const seen = sums.sinkToList()
   * source.emitMany([{ key: 'a', value: 1 }, { key: 'b', value: 2 }, { key: 'a', value: 3 }])
   * assert.deepEqual(seen[0]?.toRows(), [{ key: 'a', value: 4 }, { key: 'b', value: 2 }])
   * ```
   */
  toDataFrame<S extends Schema>(schema: S, options?: ColumnSourceOptions): DataFrame<S> {
    return toDataFrame(this, schema, options);
  }

  /** The elements, which are batches, seen as what is in them; see {@link Batch}. */
  toBatch<I>(this: Stream<Iterable<I>>): Batch<I> {
    return new Batch(this);
  }

  // Online learning

  /**
   * Emits what a model's `transformOne` makes of each element.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const scaled = source.transform({ transformOne: (x: number) => x / 10 }).sinkToList()
   * source.emit(5)
   * assert.deepEqual(scaled, [0.5])
   * ```
   */
  transform<U>(model: Transformer<T, U>): Stream<U> {
    return this.#next(transform, modelCallback('transform', model, 'transformOne'));
  }

  /**
   * Emits what a model's `predictOne` predicts for each element.
   */
  predict<P>(model: Predictor<T, P>): Stream<P> {
    return this.#next(predict, modelCallback('predict', model, 'predictOne'));
  }

  /**
   * Has a model learn from each element `[x, y, weight]`. Emits nothing; with `metric` the value of
   * that metric, updated with the model's prediction from before it learned the sample; with
   * `passModel` the model.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * let mean = 0
   * let n = 0
   * const model = {
   *   learnOne(_x: null, y: number) { mean += (y - mean) / ++n },
   *   predictOne: () => mean,
   * }
   * let error = 0
   * const metric = { update: (y: number, p: number) => { error += Math.abs(y - p) }, get: () => error }
   * const samples = new Stream<readonly [null, number]>()
   * const errors = samples.train(model, { metric }).sinkToList()
   * samples.emitMany([[null, 4], [null, 6]])
   * assert.deepEqual(errors, [4, 6])
   * ```
   */
  train<X, Y, P>(
    this: Stream<Sample<X, Y>>,
    model: Learner<X, Y> & Predictor<X, P>,
    options: { readonly metric: Metric<Y, P> },
  ): Stream<number>;
  train<X, Y, M extends Learner<X, Y>>(
    this: Stream<Sample<X, Y>>,
    model: M,
    options: { readonly passModel: true },
  ): Stream<M>;
  train<X, Y>(this: Stream<Sample<X, Y>>, model: Learner<X, Y>): Stream<never>;
  train(model: unknown, options?: object): Stream<unknown> {
    return this.#next(train, trainParams(model, options));
  }

  // Extension

  /**
   * Gives streams a method that adds a node of a class of yours, or with `static` gives `Stream` a
   * method that makes a source of yours. Declare its type by merging into the module `millrace`.
   *
   * @param name of the method
   * @param nodeClass whose constructor takes the stream (not with `static`) and then the arguments
   * @param options `static`; `plugin`: who registers, for the message of a clash
   *
   * Throws a `MillraceError`, code `ERR_NAME_TAKEN`, naming both, if the name is taken.
   *
   * @example
   * ```ts
   * import { CustomNode, Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * class Every<T> extends CustomNode<T, T> {
   *   #left = 0
   *   readonly #n: number
   *   constructor(upstream: Stream<T>, n: number) {
   *     super(upstream)
   *     this.#n = n
   *   }
   *   protected override update(x: T) {
   *     if (this.#left-- > 0) return
   *     this.#left = this.#n - 1
   *     this.push(x)
   *   }
   * }
   * declare module 'millrace' {
   *   interface Stream<T> { every(n: number): Stream<T> }
   * }
   * Stream.registerApi('every', Every)
   *
   * const source = new Stream<number>()
   * const seen = source.every(2).sinkToList()
   * source.emitMany([1, 2, 3])
   * assert.deepEqual(seen, [1, 3])
   * ```
   */
  static registerApi(name: string, nodeClass: NodeClass, options?: RegisterOptions): void {
    registerApi(Stream, name, nodeClass, options);
  }

  // Seeing the graph

  /**
   * How this graph is compiled, as text: the segments, the operators that are fused in each in order
   * of delivery, the boundaries where one ends, and where the column plane begins.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * source.map((x) => x + 1).buffer(10).sink(() => {})
   * assert.match(source.explain(), /boundary: accepts here, delivers later/)
   * ```
   */
  explain(): string {
    return explainGraph(this.node);
  }

  /**
   * Writes a drawing of the whole graph that this stream is in, both planes of it, with the shapes
   * of streamz and edges numbered in order of delivery.
   *
   * @param filename ends in `.svg`, `.png`, `.dot` or `.mmd`
   * @param attributes of the graph, under Graphviz' names
   * @returns a promise for the time when it is written. SVG needs the package `@viz-js/viz`, PNG also
   * `@resvg/resvg-wasm` and `dejavu-fonts-ttf`: no binary. Rejects with `ERR_MISSING_PEER` without.
   */
  visualize(filename: string, attributes?: DrawingAttributes): Promise<void> {
    return visualize(drawGraph(this.node), filename, attributes);
  }

  /**
   * The drawing in Graphviz' DOT language.
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>({ name: 'ticks' })
   * source.accumulate((sum, x) => sum + x).sink(() => {})
   * assert.match(source.toDot({ rankdir: 'LR' }), /rankdir="LR"[^]*shape=box/)
   * ```
   */
  toDot(attributes?: DrawingAttributes): string {
    return toDot(drawGraph(this.node), attributes);
  }

  /** The drawing as a Mermaid flowchart; of the attributes, `rankdir` is used. */
  toMermaid(attributes?: DrawingAttributes): string {
    return toMermaid(drawGraph(this.node), attributes);
  }

  /** The drawing as SVG text; needs the package `@viz-js/viz`. */
  toSVG(attributes?: DrawingAttributes): Promise<string> {
    return dotToSvg(this.toDot(attributes));
  }

  /** Shows what it is, in `console.log`. */
  [inspect.custom](): string {
    return `${this.constructor.name} <${labelOf(this.node)}>`;
  }

  /** Shows the graph in a notebook. */
  [Symbol.for('Jupyter.display')](): Promise<MimeBundle> {
    return jupyterDisplay(inspect(this), drawGraph(this.node));
  }

  // The graph

  /**
   * Feeds an existing stream from this one too, from the next element on. A stream with one input so
   * far then takes from both; a join grows by one input. Connecting back to a stream upstream makes a
   * loop: elements go round it through a queue, not on the stack.
   *
   * The type of a stream says what comes out of it, and not what its operator takes: whether that fits
   * is yours to see to.
   *
   * @param downstream the stream to feed; nothing happens if this one feeds it already
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const halves = source.map((x) => x / 2).filter(Number.isInteger)
   * const seen = halves.sinkToList()
   * halves.connect(source)
   * source.emit(12)
   * assert.deepEqual(seen, [6, 3])
   * ```
   */
  connect(downstream: Stream<unknown>): void {
    requireStreams('connect', [downstream]);
    connect(this.node, downstream.node);
  }

  /**
   * Stops feeding a stream, from the next element on. A join loses that input, with what it held.
   *
   * @param downstream a stream fed by this one; nothing happens if it is not
   */
  disconnect(downstream: Stream<unknown>): void {
    requireStreams('disconnect', [downstream]);
    disconnect(this.node, downstream.node);
  }

  /**
   * Detaches this stream from what feeds it, and with it everything that only it feeds; frees their
   * timers. What they still hold is given up and acknowledged negatively; `emit` throws afterwards.
   */
  destroy(): void {
    destroy(this.node);
  }

  /**
   * Says what becomes of an element that fails in this node: in its function, its predicate, its
   * sink, also later if that returned a promise; with `mapAsync`, in a call. Errors of nodes
   * downstream are theirs. Other branches get the element in any case.
   *
   * A node with a policy other than `'fail'` is called instead of fused. While an element waits for
   * its next attempt its emitter is held back; one that does not wait lets later elements overtake.
   *
   * @param policy `'fail'` (default): the emitter gets the error. `'skip'`: the element is left out,
   * and acknowledged. `{ deadLetter: stream }`: it is emitted into a stream as a `DeadLetter`, and
   * acknowledged when that is. `{ retry: { attempts, backoff, maxBackoff, jitter, timeout }, then }`:
   * it is tried again, and if all attempts fail dealt with as `then` says, by default `'fail'`
   * @returns this stream
   *
   * @example
   * ```ts
   * import { type DeadLetter, Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const lines = new Stream<string>()
   * const letters = new Stream<DeadLetter>()
   * const bad = letters.map(({ element, operator }) => `${operator}: ${element}`).sinkToList()
   * const parsed = lines.map((line) => JSON.parse(line)).onError({ deadLetter: letters }).sinkToList()
   * lines.emitMany(['1', '{', '2'])
   * assert.deepEqual(parsed, [1, 2])
   * assert.deepEqual(bad, ['map: {'])
   * ```
   */
  onError(policy: ErrorPolicy): this {
    const checked = checkPolicy(policy);
    this.node.guard?.cancel();
    this.node.guard = checked === undefined ? undefined : new Guard(this.node, checked);
    invalidate(this.node);
    return this;
  }

  /**
   * Starts the sources that feed this stream; resolves when all of them have ended or were stopped.
   * A graph whose input has ended takes elements again.
   */
  async start(): Promise<void> {
    if (this.node.isOrigin) reopen(this.node);
    await Promise.all(this.#origins().map((owner) => owner.start()));
  }

  /**
   * Stops the sources that feed this stream; resolves when all of them have stopped and what queues,
   * delays and asynchronous calls hold was dealt with as told. Partitions and windows that are
   * incomplete stay as they are: the graph can go on.
   *
   * @param options `drain`: wait for what they hold (true), give it up (false: it is acknowledged
   * negatively) or leave it alone (default); `signal`: wait, but give up when it is aborted
   *
   * @example
   * ```ts
   * import { Stream, VirtualClock } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const clock = new VirtualClock()
   * const source = new Stream<string>({ clock })
   * const seen = source.delay('1s').sinkToList()
   * source.emit('kept')
   * const stopped = source.stop({ drain: true })
   * await clock.advance('1s')
   * await stopped
   * source.emit('given up')
   * await source.stop({ drain: false })
   * await clock.advance('1s')
   * assert.deepEqual(seen, ['kept'])
   * ```
   */
  async stop(options: StopOptions = {}): Promise<void> {
    requireOptions('stop', options, ['drain', 'signal']);
    if (this.node.isOrigin) await quiesce(this.node, options, undefined);
    await Promise.all(this.#origins().map((owner) => owner.stop(options)));
  }

  /**
   * Ends the input: of the sources that feed this stream, and of everything that only they feed, in
   * order. Queues, delays and asynchronous calls deliver what they hold, then partitions and windows
   * that are incomplete are emitted as they are, except where made with `flush: false`, whose
   * elements are dropped and acknowledged. A join or union ends with the last of its inputs. From
   * now on `emit` throws. A callback downstream may call it, but not wait for it: it waits for the
   * callback.
   *
   * @returns a promise for the time when all of that has settled. It rejects if a partition or window
   * emitted for the end has failed, after everything else was delivered
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const source = new Stream<number>()
   * const pairs = source.buffer(10).partition(2).sinkToList()
   * source.emitMany([1, 2, 3])
   * await source.end()
   * assert.deepEqual(pairs, [[1, 2], [3]])
   * assert.throws(() => source.emit(4), { code: 'ERR_ENDED' })
   * ```
   */
  async end(): Promise<void> {
    await endInput(this.node);
  }

  /** For `await using`: ends the input if this is a source, then destroys the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.node.isOrigin && !this.node.isDestroyed) await this.end();
    } finally {
      this.destroy();
    }
  }

  // State

  /** This stream's own state, to be given to {@link restore}; undefined where it has none. */
  snapshot(): StreamSnapshot | undefined {
    const { operator, state } = this.node;
    if (operator.snapshot === undefined) return undefined;
    const { name, version } = operator;
    return { operator: name, version, state: operator.snapshot(state) };
  }

  /**
   * Puts a state in place of this stream's own. Elements that it held are forgotten.
   *
   * @param snapshot from {@link snapshot} of a stream of the same operator
   *
   * @example
   * ```ts
   * import { Stream } from 'millrace'
   * import assert from 'node:assert/strict'
   *
   * const first = new Stream<number>()
   * const sums = first.accumulate((sum, x) => sum + x)
   * first.emitMany([1, 2, 3])
   *
   * const second = new Stream<number>()
   * const more = second.accumulate((sum, x) => sum + x)
   * const seen = more.sinkToList()
   * more.restore(sums.snapshot()!)
   * second.emit(4)
   * assert.deepEqual(seen, [10])
   * ```
   */
  restore(snapshot: StreamSnapshot): void {
    const { operator } = this.node;
    const wanted = `${operator.name} version ${operator.version}`;
    if (operator.restore === undefined) {
      throw new MillraceError('ERR_NO_STATE', `Cannot restore ${operator.name}: it has no state`);
    }
    if (snapshot.operator !== operator.name || snapshot.version !== operator.version) {
      throw new MillraceError(
        'ERR_STATE_MISMATCH',
        `Cannot restore ${wanted}: got a snapshot of ${snapshot.operator} version ${snapshot.version}`,
      );
    }
    restoreState(this.node, snapshot.state);
  }

  /** The other streams upstream that elements are put into. */
  #origins(): Owner[] {
    const others = originsOf(this.node).filter((node) => node !== this.node);
    return others.flatMap((node) => node.owner ?? []);
  }

  #next<P, S, U>(
    operator: Operator<P, S>,
    params: P,
    others: readonly Stream<unknown>[] = [],
  ): Stream<U> {
    return new Stream<U>(
      createNode(operator, params, [this.node, ...others.map((other) => other.node)]),
    );
  }
}

for (const key of OBSERVABLE_KEYS) {
  Object.defineProperty(Stream.prototype, key, {
    value: Stream.prototype.toObservable,
    configurable: true,
    writable: true,
  });
}

/** The stream that `collect` returns. */
export class Collector<T> extends Stream<readonly T[]> {
  /**
   * Emits the elements kept so far as an array, even if there are none, and forgets them. It can be
   * handed on as a callback: `other.sink(collector.flush)` flushes at every element of another stream.
   *
   * @returns as `emit` does
   */
  readonly flush = (): Promise<void> | undefined =>
    flushCollected(this.node as Node<unknown, CollectState>);
}

function ownerOf(node: Node): Stream<unknown>[] {
  return node.owner instanceof Stream ? [node.owner] : [];
}

function requireStreams(operator: string, values: readonly unknown[]): Stream<unknown>[] {
  return values.map((value) => {
    if (value instanceof Stream) return value;
    throw new TypeError(`Cannot ${operator}: a Stream is wanted, got ${describe(value)}`);
  });
}
