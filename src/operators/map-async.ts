import { MillraceError } from '../errors.ts';
import { Admission } from '../graph/admission.ts';
import { append } from '../graph/append.ts';
import {
  describe,
  requireBoolean,
  requireFunction,
  requireOptions,
  requirePositiveInteger,
} from '../graph/arguments.ts';
import {
  BYTE_LIMIT,
  type ByteLimit,
  byteLimit,
  type CheckedByteLimit,
} from '../graph/byte-limit.ts';
import { type Delivery, isThenable } from '../graph/delivery.ts';
import { disposeHeld } from '../graph/dispose.ts';
import { originsOf } from '../graph/lifecycle.ts';
import { abandon, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';
import { Pump, type Supply } from '../graph/pump.ts';
import { Queue } from '../graph/queue.ts';
import type { TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import { AsyncCall, type AsyncContext } from './async-call.ts';
import { type ElementKey, type KeyOf, keyFunction } from './key.ts';

/** Options of `mapAsync`. */
export interface MapAsyncOptions<T = unknown> extends ByteLimit<T> {
  /** How many calls are in flight at most; default 1. `maxBytes` bounds their elements as well. */
  readonly parallelism?: number;
  /** Emit results in the order of the elements (default), or as they come. */
  readonly ordered?: boolean;
  /**
   * A function of the element, or the name of a property: elements of one key are called one after
   * the other, so that their results are in order, and overtake those of other keys. One whose key
   * is busy waits in a place of its own among the `parallelism`. Instead of `ordered`.
   */
  readonly key?: ElementKey<T>;
  /**
   * After a call that fails, take no more elements and stop the sources upstream, until `start`.
   * By default the failed element is left out.
   */
  readonly stopOnError?: boolean;
  /** How long a call may take; after that it fails with `ERR_TIMEOUT` and its signal is aborted. */
  readonly timeout?: Duration;
  /** When aborted, gives up all calls; elements that come later fail with `ERR_ABORTED`. */
  readonly signal?: AbortSignal;
}

/** The function of `mapAsync` and its options, checked. */
export interface MapAsyncParams {
  readonly f: (value: unknown, context: AsyncContext) => unknown;
  readonly parallelism: number;
  readonly ordered: boolean;
  readonly key: KeyOf | undefined;
  readonly stopOnError: boolean;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly bytes: CheckedByteLimit | undefined;
}

/**
 * The calls whose results were not delivered yet, never more than `parallelism` of them, and the
 * elements that wait for a call to be over. In order, a call keeps its place until the results
 * before it are out.
 */
class MapAsyncState implements Supply {
  readonly pump: Pump;
  readonly waiting = new Queue();
  /** Bytes of the elements that wait, where they count. */
  readonly #waitingBytes: Queue<number> | undefined;
  /** Bytes of the elements of all calls. */
  #bytes = 0;
  readonly #admission = new Admission();
  readonly #node: Node;
  readonly #params: MapAsyncParams;
  /** All calls, in the order of the elements. */
  readonly #calls = new Set<AsyncCall>();
  /** Results to be emitted: of all calls when in order, else of those that are done. */
  readonly #results = new Queue<AsyncCall>();
  /** By key, the calls that wait for the one that is running. */
  readonly #lanes = new Map<unknown, Queue<AsyncCall>>();
  #refusal: MillraceError | undefined;

  constructor(node: Node, params: MapAsyncParams) {
    this.#node = node;
    this.#params = params;
    this.#waitingBytes = params.bytes === undefined ? undefined : new Queue();
    this.pump = new Pump(node, this);
  }

  get size(): number {
    return this.#calls.size + this.waiting.size;
  }

  get isFull(): boolean {
    const { parallelism, bytes } = this.#params;
    if (this.#calls.size >= parallelism) return true;
    return bytes !== undefined && this.#bytes >= bytes.maxBytes;
  }

  accept(value: unknown, tag: Tag): Delivery {
    if (this.#refusal !== undefined) throw this.#refusal;
    const bytes = this.#measure(value);
    retain(tag);
    // Called while places are being filled, an element must not overtake those that wait.
    if (!this.isFull && this.waiting.size === 0) {
      this.#call(value, tag, bytes);
      return undefined;
    }
    this.#wait(value, tag, bytes);
    return this.#admission.wait();
  }

  /** Puts an element of a snapshot in, to be called after the start. */
  load(value: unknown): void {
    this.#wait(value, undefined, this.#measure(value));
  }

  start(): void {
    this.#refusal = undefined;
    this.pump.start();
    const { signal } = this.#params;
    if (signal?.aborted) this.#aborted();
    signal?.addEventListener('abort', this.#aborted);
    this.#fill();
  }

  stop(): void {
    this.#params.signal?.removeEventListener('abort', this.#aborted);
    this.pump.stop();
  }

  isReady(): boolean {
    return this.#results.size > 0 && this.#results.head().status === 'done';
  }

  nextTag(): Tag {
    return this.#results.head().tag;
  }

  take(): unknown {
    const call = this.#results.shift();
    this.#leave(call);
    this.#skipFailed();
    this.#fill();
    return call.result;
  }

  /** The elements whose calls were not delivered yet, then those that wait. */
  inputs(): unknown[] {
    const calls = [...this.#calls].filter((call) => call.status !== 'failed');
    return [...calls.map((call) => call.value), ...this.waiting.toArray()];
  }

  forget(): readonly Tag[] {
    const tags = Array.from(this.#calls, (call) => call.tag);
    for (const call of this.#calls) this.#end(call, 'forgotten');
    this.#calls.clear();
    this.#bytes = 0;
    this.#lanes.clear();
    this.#results.clear();
    append(tags, this.#clearWaiting());
    this.#admission.admitAll();
    this.pump.wake();
    return tags;
  }

  #measure(value: unknown): number {
    const { bytes } = this.#params;
    return bytes === undefined ? 0 : bytes.measure(value);
  }

  #wait(value: unknown, tag: Tag, bytes: number): void {
    this.waiting.push(value, tag);
    this.#waitingBytes?.push(bytes);
  }

  #clearWaiting(): readonly Tag[] {
    this.#waitingBytes?.clear();
    return this.waiting.clear();
  }

  #call(value: unknown, tag: Tag, bytes: number): void {
    const call = new AsyncCall(value, tag, bytes);
    this.#calls.add(call);
    this.#bytes += bytes;
    if (this.#params.ordered) this.#results.push(call);
    if (this.#params.key === undefined || this.#enterLane(call, this.#params.key))
      this.#begin(call);
  }

  /** A call gives its place up. */
  #leave(call: AsyncCall): void {
    if (this.#calls.delete(call)) this.#bytes -= call.bytes;
  }

  /** Whether the call is to be made now: none of its key is under way. */
  #enterLane(call: AsyncCall, key: KeyOf): boolean {
    try {
      call.key = key(call.value);
    } catch (error) {
      call.status = 'running';
      call.key = call; // One of its own, so that nothing else waits for it.
      this.#failed(call, error);
      return false;
    }
    const lane = this.#lanes.get(call.key);
    if (lane === undefined) this.#lanes.set(call.key, new Queue());
    else lane.push(call);
    return lane === undefined;
  }

  /** The next call of a key may be made. */
  #leaveLane({ key }: AsyncCall): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    if (lane.size === 0) {
      this.#lanes.delete(key);
      return;
    }
    const next = lane.shift();
    // Not from here: functions that answer at once would take turns on the stack.
    queueMicrotask(() => {
      if (next.status === 'waiting') this.#begin(next);
    });
  }

  #begin(call: AsyncCall): void {
    const { value } = call;
    const { f, timeout } = this.#params;
    call.status = 'running';
    if (timeout !== undefined) call.timer = this.#limit(call, timeout);
    let result: unknown;
    try {
      const { guard } = this.#node;
      result = guard === undefined ? f(value, call) : guard.call(() => f(value, call));
      if (isThenable(result)) {
        // What `then` of anything but a promise does wrong is made a rejection.
        const promise = result instanceof Promise ? result : Promise.resolve(result);
        promise.then(
          (settled) => {
            if (this.#done(call, settled)) this.pump.run();
          },
          (error) => this.#failed(call, error),
        );
        return;
      }
    } catch (error) {
      this.#failed(call, error);
      return;
    }
    if (this.#done(call, result)) this.pump.wake();
  }

  #limit(call: AsyncCall, timeout: number): TimerHandle {
    return this.#node.environment.clock.setTimeout(() => {
      const message = `Cannot mapAsync an element: the call took longer than ${timeout} milliseconds`;
      const error = new MillraceError('ERR_TIMEOUT', message);
      this.#failed(call, error);
      call.abort(error);
    }, timeout);
  }

  /** Notes a result; true if there is something to emit now. */
  #done(call: AsyncCall, result: unknown): boolean {
    if (call.status !== 'running') return false;
    this.#end(call, 'done');
    call.result = result;
    if (!this.#params.ordered) this.#results.push(call);
    if (this.#params.key !== undefined) this.#leaveLane(call);
    return this.isReady();
  }

  #failed(call: AsyncCall, error: unknown): void {
    if (call.status !== 'running') return;
    this.#end(call, 'failed');
    this.#dispose(call, error);
    if (!this.#params.ordered) this.#leave(call);
    if (this.#params.key !== undefined) this.#leaveLane(call);
    this.#skipFailed();
    if (this.#params.stopOnError) this.#stopped(error);
    else this.#fill();
    this.pump.wake();
  }

  /** Does with an element that failed for good as the node's policy says: by default reports it. */
  #dispose(call: AsyncCall, error: unknown): void {
    const { value, tag } = call;
    call.tag = undefined;
    void disposeHeld(this.#node, error, value, tag);
  }

  #end(call: AsyncCall, status: 'done' | 'failed' | 'forgotten'): void {
    if (call.timer !== undefined) this.#node.environment.clock.clearTimeout(call.timer);
    call.timer = undefined;
    if (status === 'forgotten' && call.status === 'running') {
      call.abort(new MillraceError('ERR_ABORTED', 'Cannot finish the call: it was given up'));
    }
    call.status = status;
  }

  /** Failed calls give their place up when they are the oldest. */
  #skipFailed(): void {
    while (this.#results.size > 0 && this.#results.head().status === 'failed') {
      this.#leave(this.#results.shift());
    }
  }

  #fill(): void {
    while (this.waiting.size > 0 && !this.isFull) this.#next();
  }

  #next(): void {
    const tag = this.waiting.headTag();
    const value = this.waiting.shift();
    const bytes = this.#waitingBytes?.shift() ?? 0;
    this.#admission.admit();
    this.#call(value, tag, bytes);
  }

  #stopped(error: unknown): void {
    const message = 'Cannot mapAsync an element: an earlier one failed, and stopOnError is set';
    this.#refuse(new MillraceError('ERR_STOPPED', message, { cause: error }));
    for (const { owner } of originsOf(this.#node)) void owner?.stop();
  }

  readonly #aborted = (): void => {
    const error = new MillraceError('ERR_ABORTED', 'Cannot mapAsync an element: aborted', {
      cause: this.#params.signal?.reason,
    });
    this.#refuse(error);
    abandon(this.forget(), error);
  };

  /** Takes no more elements; those that wait are given up. */
  #refuse(error: MillraceError): void {
    this.#refusal = error;
    abandon(this.#clearWaiting(), error);
    this.#admission.refuseAll(error);
  }
}

/** Emits what an asynchronous function makes of each element, several at a time. */
export const mapAsync = defineOperator<MapAsyncParams, MapAsyncState>({
  name: 'mapAsync',
  version: 1,
  boundary: true,
  holds: true,
  create: (params, node) => new MapAsyncState(node, params),
  link:
    ({ state }) =>
    (value, tag) =>
      state.accept(value, tag),
  track: (state) => state.waiting.track(),
  isFull: ({ state }) => state.isFull,
  start: ({ state }) => state.start(),
  stop: ({ state }) => state.stop(),
  drain: ({ state }) => state.pump.drained(),
  forget: ({ state }) => state.forget(),
  snapshot: (state) => state.inputs(),
  restore(data, params, node) {
    const state = new MapAsyncState(node, params);
    for (const value of data as unknown[]) state.load(value);
    return state;
  },
});

/** Checks the arguments of `mapAsync`. */
export function mapAsyncParams<T>(
  f: (x: T, context: AsyncContext) => unknown,
  options: MapAsyncOptions<T> = {},
): MapAsyncParams {
  requireFunction('mapAsync', 'f', f);
  const known = [
    'parallelism',
    'ordered',
    'key',
    'stopOnError',
    'timeout',
    'signal',
    ...BYTE_LIMIT,
  ];
  requireOptions('mapAsync', options, known);
  const { parallelism = 1, key, stopOnError = false, timeout, signal } = options;
  const { ordered = key === undefined } = options;
  requirePositiveInteger('mapAsync', 'parallelism', parallelism);
  requireBoolean('mapAsync', 'ordered', ordered);
  requireBoolean('mapAsync', 'stopOnError', stopOnError);
  if (ordered && key !== undefined) {
    throw new RangeError('Cannot create mapAsync: ordered must be left out with a key, got true');
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(
      `Cannot create mapAsync: signal must be an AbortSignal, got ${describe(signal)}`,
    );
  }
  return {
    f: f as MapAsyncParams['f'],
    parallelism,
    ordered,
    key: key === undefined ? undefined : keyFunction('mapAsync', key),
    stopOnError,
    timeout: timeout === undefined ? undefined : parseDuration(timeout, 'mapAsync'),
    signal,
    bytes: byteLimit('mapAsync', options),
  };
}
