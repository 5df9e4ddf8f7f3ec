import { quiesce, reopen } from '../graph/lifecycle.ts';
import type { EmitOptions, StopOptions } from '../graph/node.ts';
import type { ErrorHandler } from '../graph/uncaught.ts';
import { Stream, type StreamOptions } from '../stream.ts';
import type { TimerHandle } from '../time/clock.ts';

/**
 * Where a source stands: `idle` before its first start, `running`, `stopping` while a stop waits for
 * the element in flight, then `stopped`, `ended` (nothing left to read) or `failed`.
 */
export type SourceState = 'idle' | 'running' | 'stopping' | 'stopped' | 'ended' | 'failed';

/** What every source accepts. */
export interface SourceOptions extends StreamOptions {
  /**
   * Told of an element that fails, downstream or in being made, besides those that `onError` of any
   * stream is told of. Returning (or resolving) skips it and goes on; throwing fails the source with
   * what was thrown. Without it the source fails with the error.
   */
  readonly onError?: ErrorHandler;
  /**
   * When there is nothing left to read, end the input: partitions and windows that are incomplete are
   * emitted as they are, see `Stream.end`. Default: true.
   */
  readonly end?: boolean;
}

/** The names of {@link SourceOptions}, to check what was given against. */
export const SOURCE_OPTIONS: readonly string[] = ['name', 'clock', 'onError', 'end'];

/** What a running source may use; see {@link Source.run}. */
export interface SourceRun<T> {
  /** Aborted by `stop()`: a source returns soon after. */
  readonly signal: AbortSignal;
  /**
   * Sends one element downstream. A promise comes back only when something has to be waited for,
   * and waiting for it is what holds the source back. `options.acknowledge` is called when every
   * branch has settled, sinks that write in batches among them.
   */
  emit(element: T, options?: EmitOptions): undefined | Promise<void>;
  /**
   * Reports an element that could not be made, say a line that is too long: it is skipped where
   * `onError` says so, else this rejects, and with it the run is to end.
   */
  fail(error: unknown): Promise<void>;
  /**
   * Reports what is no failure of the source, say a client that broke off: to `onError`, where there is
   * one. What that throws fails the source.
   */
  report(error: unknown): void;
  /** Waits `milliseconds` on the source's clock, less if the source is stopped meanwhile. */
  sleep(milliseconds: number): Promise<void>;
  /** What `promise` gives, or nothing as soon as the source is stopped: it is then left alone. */
  wait<R>(promise: Promise<R>): Promise<R | undefined>;
}

/**
 * A stream that brings its own elements: it is started and stopped, and started again as often as
 * wanted, also after an error.
 *
 * Elements go out one at a time, the next when everything downstream has accepted the one before, so
 * a slow graph holds its source back and nothing piles up. After `stop()` or a failure, `start()`
 * goes on with the element after the last one sent; after the end, which is the end of the graph's
 * input, it begins anew.
 *
 * A new source is a subclass with a {@link Source.run}:
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Source, type SourceRun } from 'millrace';
 *
 * class Countdown extends Source<number> {
 *   #left = 3;
 *
 *   protected override async run({ emit, signal }: SourceRun<number>): Promise<void> {
 *     while (this.#left > 0 && !signal.aborted) await emit(this.#left--);
 *   }
 * }
 *
 * const countdown = new Countdown();
 * const seen = countdown.sinkToList();
 * await countdown.start();
 * assert.deepEqual(seen, [3, 2, 1]);
 * assert.equal(countdown.state, 'ended');
 * ```
 */
export abstract class Source<T> extends Stream<T> {
  readonly #endsInput: boolean;
  #state: SourceState = 'idle';
  #abort: AbortController | undefined;
  #running: Promise<void> | undefined;
  /** What a handler threw that was told of an error which is not the source's. */
  #thrown: { readonly error: unknown } | undefined;
  /** What to call when the source is stopped: whatever waits for something else. */
  readonly #waiting = new Set<() => void>();

  constructor(options: SourceOptions = {}) {
    const { name, clock, onError, end = true } = options;
    // Options of the subclass are none of a stream's.
    super({
      ...(name !== undefined && { name }),
      ...(clock !== undefined && { clock }),
      ...(onError !== undefined && { onError }),
    });
    this.#endsInput = end;
  }

  /** Where the source stands. */
  get state(): SourceState {
    return this.#state;
  }

  /**
   * Reads and sends elements until there are no more or `run.signal` is aborted; what it opened it
   * closes before it settles. What it throws fails the source.
   */
  protected abstract run(run: SourceRun<T>): Promise<void>;

  /**
   * Starts the source, or goes on after a stop. The promise settles when this run is over: it
   * resolves at the end or after `stop()`, it rejects with the error that failed the source. A
   * source that already runs is left alone and its promise returned. Nothing is sent before this call
   * has returned.
   */
  override start(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#start();
    } else if (this.#state === 'stopping') {
      return this.#running.then(() => this.start());
    }
    return this.#running;
  }

  /**
   * Stops the source. Resolves when the element in flight has been accepted and what the source had
   * open is closed; nothing is sent after that. An error of the run rejects `start()`'s promise, not
   * this one. A callback downstream may call it, but not wait for it: it waits for the callback.
   *
   * @param options what is done with elements that the graph has accepted, see `Stream.stop`
   */
  override stop(options: StopOptions = {}): Promise<void> {
    return quiesce(this.node, options, this.#halt());
  }

  /** As for any stream; a source that runs is stopped. */
  override destroy(): void {
    void this.#halt();
    super.destroy();
  }

  async #halt(): Promise<void> {
    if (this.#running === undefined) return;
    this.#state = 'stopping';
    if (this.#abort !== undefined) this.#abandonRun(this.#abort);
    await this.#running.catch(() => undefined);
  }

  async #start(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#thrown = undefined;
    this.#state = 'running';
    reopen(this.node);
    try {
      // Nothing is sent before start() has returned, whatever kind of source this is.
      await undefined;
      await this.run({
        signal: abort.signal,
        emit: (element, options) => this.#send(element, options),
        fail: (error) => this.#failed(error, undefined),
        report: (error) => this.#report(error, abort),
        sleep: (milliseconds) => this.#sleep(milliseconds, abort.signal),
        wait: (promise) => this.#wait(promise, abort.signal),
      });
      this.#rethrow();
      if (this.#endsInput && !abort.signal.aborted) await this.end();
      this.#state = abort.signal.aborted ? 'stopped' : 'ended';
    } catch (error) {
      this.#state = 'failed';
      throw error;
    } finally {
      this.#running = undefined;
      this.#abort = undefined;
    }
  }

  #send(element: T, options: EmitOptions | undefined): undefined | Promise<void> {
    try {
      const accepted = this.emit(element, options);
      if (accepted === undefined) return undefined;
      return accepted.catch((error) => this.#failed(error, element));
    } catch (error) {
      return this.#failed(error, element);
    }
  }

  async #failed(error: unknown, element: unknown): Promise<void> {
    const { onError } = this.node.environment;
    if (onError === undefined) throw error;
    await onError(error, { element, operator: this.node.operator.name, stream: this.name });
  }

  #report(error: unknown, abort: AbortController): void {
    if (this.node.environment.onError === undefined) return;
    this.#failed(error, undefined).catch((thrown: unknown) => {
      this.#thrown ??= { error: thrown };
      this.#abandonRun(abort);
    });
  }

  #rethrow(): void {
    if (this.#thrown !== undefined) throw this.#thrown.error;
  }

  #abandonRun(abort: AbortController): void {
    abort.abort();
    for (const wake of this.#waiting) wake();
  }

  #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const { clock } = this.node.environment;
      let timer: TimerHandle | undefined;
      const wake = () => {
        if (timer !== undefined) clock.clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      timer = clock.setTimeout(wake, milliseconds);
    });
  }

  #wait<R>(promise: Promise<R>, signal: AbortSignal): Promise<R | undefined> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve(undefined);
      const wake = () => {
        this.#waiting.delete(wake);
        resolve(undefined);
      };
      this.#waiting.add(wake);
      promise.then(
        (result) => {
          this.#waiting.delete(wake);
          resolve(result);
        },
        (error) => {
          this.#waiting.delete(wake);
          reject(error);
        },
      );
    });
  }
}
