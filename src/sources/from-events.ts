import { describe, requireOptions } from '../graph/arguments.ts';
import { PUSH_OPTIONS, type PushOptions, PushSource, type Receiver } from './push-source.ts';

type Listener = (...values: unknown[]) => void;

/** A Node `EventEmitter`, or whatever has its two methods. */
export interface EventEmitterLike {
  on(event: string | symbol, listener: Listener): unknown;
  off(event: string | symbol, listener: Listener): unknown;
}

/** A Web `EventTarget`, or whatever has its two methods. */
export interface EventTargetLike {
  addEventListener(event: string, listener: Listener): void;
  removeEventListener(event: string, listener: Listener): void;
}

/** Options of {@link fromEvents}. */
export interface EventsOptions<T = unknown> extends PushOptions<T> {
  /** The event after which no more come, such as `'end'` or `'close'`. Default: none. */
  readonly endEvent?: string;
  /** The event that fails the source with its argument. Default: `'error'` for an EventEmitter. */
  readonly errorEvent?: string;
}

/**
 * A source of the events of one name of an `EventEmitter` or `EventTarget`: of the listener's
 * argument, or of an array where an event has several.
 *
 * Emitters cannot be held back, so events wait in a queue of at most `capacity` (default 1024) while
 * the graph is busy, and `overflow` says what happens beyond. Listens between `start()` and `stop()`.
 *
 * Throws a TypeError for what is no emitter and for options it does not know.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { EventEmitter } from 'node:events';
 * import { fromEvents } from 'millrace';
 *
 * const emitter = new EventEmitter();
 * const source = fromEvents<number>(emitter, 'reading', { endEvent: 'end' });
 * const seen = source.sinkToList();
 * const done = source.start();
 * await undefined; // it listens from here on
 * emitter.emit('reading', 20);
 * emitter.emit('reading', 21);
 * emitter.emit('end');
 * await done;
 * assert.deepEqual(seen, [20, 21]);
 * ```
 */
export function fromEvents<T>(
  emitter: EventEmitterLike | EventTargetLike,
  event: string,
  options: EventsOptions<T> = {},
): EventSource<T> {
  return new EventSource(emitter, event, options);
}

/** What {@link fromEvents} returns. */
export class EventSource<T> extends PushSource<T> {
  readonly #listen: (event: string, listener: Listener) => () => void;
  readonly #event: string;
  readonly #endEvent: string | undefined;
  readonly #errorEvent: string | undefined;

  constructor(
    emitter: EventEmitterLike | EventTargetLike,
    event: string,
    options: EventsOptions<T> = {},
  ) {
    requireOptions('fromEvents', options, [...PUSH_OPTIONS, 'endEvent', 'errorEvent']);
    const listen = listening(emitter);
    const { endEvent, errorEvent, ...pushOptions } = options;
    super('fromEvents', pushOptions);
    this.#listen = listen;
    this.#event = event;
    this.#endEvent = endEvent;
    this.#errorEvent = errorEvent ?? ('on' in emitter ? 'error' : undefined);
  }

  protected override subscribe(receiver: Receiver<T>): () => void {
    const listening = [
      this.#listen(this.#event, (...values: unknown[]) =>
        receiver.next((values.length === 1 ? values[0] : values) as T),
      ),
    ];
    if (this.#endEvent !== undefined) {
      listening.push(this.#listen(this.#endEvent, () => receiver.complete()));
    }
    if (this.#errorEvent !== undefined && this.#errorEvent !== this.#event) {
      listening.push(this.#listen(this.#errorEvent, (error: unknown) => receiver.error(error)));
    }
    return () => {
      for (const stop of listening) stop();
    };
  }
}

function listening(
  emitter: EventEmitterLike | EventTargetLike,
): (event: string, listener: Listener) => () => void {
  if (hasMethods(emitter, 'on', 'off')) {
    const { on, off } = emitter as EventEmitterLike;
    return (event, listener) => {
      on.call(emitter, event, listener);
      return () => off.call(emitter, event, listener);
    };
  }
  if (hasMethods(emitter, 'addEventListener', 'removeEventListener')) {
    const target = emitter as EventTargetLike;
    return (event, listener) => {
      target.addEventListener(event, listener);
      return () => target.removeEventListener(event, listener);
    };
  }
  throw new TypeError(
    `Cannot create fromEvents: an EventEmitter or EventTarget is wanted, got ${describe(emitter)}`,
  );
}

function hasMethods(value: unknown, ...names: string[]): boolean {
  return names.every((name) => typeof Object(value)[name] === 'function');
}
