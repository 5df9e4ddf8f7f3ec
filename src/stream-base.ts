import { inspect } from 'node:util';
import { MillraceError } from './errors.ts';
import {
  describe,
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
import { source } from './operators/source.ts';
import type { Stream } from './stream.ts';
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
/**
 * What every stream has, whatever its operator is: elements go in, its place in the graph can be seen
 * and changed, and its state taken out and put back. The operators are methods of {@link Stream}, which
 * every one of these is.
 */
export class StreamBase<out T> {
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
    const { emit, emitMany } = StreamBase.prototype;
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
}

function ownerOf(node: Node): Stream<unknown>[] {
  return node.owner instanceof StreamBase ? [node.owner as Stream<unknown>] : [];
}

/** The streams among the arguments of an operator, which have to be nothing else. */
export function requireStreams(operator: string, values: readonly unknown[]): Stream<unknown>[] {
  return values.map((value) => {
    if (value instanceof StreamBase) return value as Stream<unknown>;
    throw new TypeError(`Cannot ${operator}: a Stream is wanted, got ${describe(value)}`);
  });
}
