import { MillraceError } from './errors.ts';
import { describe, isOptions, requireOptions } from './graph/arguments.ts';
import { createNode, restoreState } from './graph/compile.ts';
import { hasRoom } from './graph/has-room.ts';
import { endInput, originsOf, quiesce, reopen } from './graph/lifecycle.ts';
import {
  connect,
  destroy,
  disconnect,
  type EmitOptions,
  Node,
  type Owner,
  type StopOptions,
} from './graph/node.ts';
import type { Operator } from './graph/operator.ts';
import { type ErrorHandler, reportUncaught } from './graph/uncaught.ts';
import { type AccumulateOptions, accumulate, accumulateParams } from './operators/accumulate.ts';
import { callback } from './operators/callback.ts';
import { filter, filterParams } from './operators/filter.ts';
import { flatten } from './operators/flatten.ts';
import {
  type FrequenciesOptions,
  frequencies,
  frequenciesParams,
} from './operators/frequencies.ts';
import type { FrequencyTable } from './operators/frequency-table.ts';
import { Literal } from './operators/literal.ts';
import { map } from './operators/map.ts';
import { type PartitionOptions, partition, partitionParams } from './operators/partition.ts';
import {
  type SlidingWindowOptions,
  slidingWindow,
  slidingWindowParams,
} from './operators/sliding-window.ts';
import { source } from './operators/source.ts';
import { union } from './operators/union.ts';
import { type ZipOptions, zip, zipParams } from './operators/zip.ts';
import { sink } from './sinks/sink.ts';
import { sinkToList } from './sinks/sink-to-list.ts';
import { type Clock, currentClock } from './time/clock.ts';

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

/** What an element that is iterable is made of. */
export type Item<T> = T extends Iterable<infer I> ? I : never;

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
export class Stream<T> {
  /** The node of the graph behind this stream; for plugins, drawings and metrics. */
  readonly node: Node;

  /** @param origin options of a new source; operators pass their node */
  constructor(origin: StreamOptions | Node = {}) {
    if (origin instanceof Node) {
      this.node = origin;
    } else {
      requireOptions('Stream', origin, ['name', 'clock', 'onError']);
      const { name, clock = currentClock(), onError } = origin;
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
  flatten(): Stream<Item<T>> {
    return this.#next(flatten, undefined);
  }

  /** Another name of `flatten`. */
  concat(): Stream<Item<T>> {
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
   * Emits the elements n at a time, as arrays; with a `key`, n of the same key at a time.
   *
   * @param n size of a partition, a positive integer
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

  // Several streams together

  /**
   * Emits arrays of the first elements of this and other streams, of the second ones, and so on. What
   * has no counterpart yet waits; when more than `maxsize` wait, `emit` returns a promise for the time
   * when there is room. Anything that is not a stream is packed as it is, at its position.
   *
   * @param others streams and constants; `{ maxsize }` may come last
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
    const options = isOptions(others.at(-1), ['maxsize']) ? (others.pop() as ZipOptions) : {};
    const streams = others.filter((other) => other instanceof Stream);
    const literals = others.flatMap((other, i) =>
      other instanceof Stream
        ? []
        : [[i + 1, other instanceof Literal ? other.value : other] as const],
    );
    return this.#next(zip, zipParams(options, literals), streams);
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

  // The graph

  /**
   * Feeds an existing stream from this one too, from the next element on. A stream with one input so
   * far then takes from both; a join grows by one input. Connecting back to a stream upstream makes a
   * loop: elements go round it through a queue, not on the stack.
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
  connect(downstream: Stream<T>): void {
    requireStreams('connect', [downstream]);
    connect(this.node, downstream.node);
  }

  /**
   * Stops feeding a stream, from the next element on. A join loses that input, with what it held.
   *
   * @param downstream a stream fed by this one; nothing happens if it is not
   */
  disconnect(downstream: Stream<T>): void {
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
   * now on `emit` throws.
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

function ownerOf(node: Node): Stream<unknown>[] {
  return node.owner instanceof Stream ? [node.owner] : [];
}

function requireStreams(operator: string, values: readonly unknown[]): void {
  for (const value of values) {
    if (value instanceof Stream) continue;
    throw new TypeError(`Cannot ${operator}: a Stream is wanted, got ${describe(value)}`);
  }
}
