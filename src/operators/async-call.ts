import type { Tag } from '../graph/metadata.ts';
import type { TimerHandle } from '../time/clock.ts';

/** What the function of `mapAsync` gets after the element. */
export interface AsyncContext {
  /** Aborted when the call timed out or its result is no longer wanted. */
  readonly signal: AbortSignal;
}

/**
 * Where a call stands; one that is `failed` or `forgotten` emits nothing, and one that is `waiting`
 * for another of its key has not been made.
 */
export type CallStatus = 'waiting' | 'running' | 'done' | 'failed' | 'forgotten';

/** One call of an asynchronous function. */
export class AsyncCall implements AsyncContext {
  readonly value: unknown;
  tag: Tag;
  /** Of the element; 0 where they do not count. */
  readonly bytes: number;
  /** Calls of one key are made one after the other, where there are keys. */
  key: unknown = undefined;
  result: unknown = undefined;
  status: CallStatus = 'waiting';
  timer: TimerHandle | undefined = undefined;
  /** Made when it is asked for: most functions do without. */
  #controller: AbortController | undefined = undefined;
  #reason: Error | undefined = undefined;

  constructor(value: unknown, tag: Tag, bytes: number) {
    this.value = value;
    this.tag = tag;
    this.bytes = bytes;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
