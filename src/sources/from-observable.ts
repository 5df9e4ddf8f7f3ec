import { describe, requireOptions } from '../graph/arguments.ts';
import { type InteropObservable, OBSERVABLE_KEYS } from '../sinks/to-observable.ts';
import { PUSH_OPTIONS, type PushOptions, PushSource, type Receiver } from './push-source.ts';

/** What {@link fromObservable} accepts: something with `subscribe`, or that has an observable. */
export type ObservableInput<T> = InteropObservable<T> | { readonly '@@observable': () => unknown };

/**
 * A source of what an Observable emits: of RxJS, xstream, most, or anything with the interoperable
 * `Symbol.observable`. It subscribes at `start()`, ends when the observable completes, and fails when
 * that fails.
 *
 * Observables cannot be held back, so elements wait in a queue of at most `capacity` (default 1024)
 * while the graph is busy, and `overflow` says what happens beyond.
 *
 * Throws a TypeError for what is no observable and for options it does not know.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromObservable } from 'millrace';
 * import { of } from 'rxjs';
 *
 * const source = fromObservable(of(1, 2, 3));
 * const seen = source.sinkToList();
 * await source.start();
 * assert.deepEqual(seen, [1, 2, 3]);
 * ```
 */
export function fromObservable<T>(
  observable: ObservableInput<T>,
  options: PushOptions<T> = {},
): ObservableSource<T> {
  return new ObservableSource(observable, options);
}

/** What {@link fromObservable} returns. */
export class ObservableSource<T> extends PushSource<T> {
  readonly #observable: InteropObservable<T>;

  constructor(observable: ObservableInput<T>, options: PushOptions<T> = {}) {
    requireOptions('fromObservable', options, PUSH_OPTIONS);
    const found = interop<T>(observable);
    super('fromObservable', options);
    this.#observable = found;
  }

  protected override subscribe(receiver: Receiver<T>): () => void {
    const subscription = this.#observable.subscribe({
      next: (value) => receiver.next(value),
      error: (error) => receiver.error(error),
      complete: () => receiver.complete(),
    });
    return () => subscription.unsubscribe();
  }
}

function interop<T>(given: unknown): InteropObservable<T> {
  for (const key of OBSERVABLE_KEYS) {
    const method: unknown = Object(given)[key];
    if (typeof method === 'function') return method.call(given) as InteropObservable<T>;
  }
  if (typeof Object(given).subscribe === 'function') return given as InteropObservable<T>;
  throw new TypeError(
    `Cannot create fromObservable: an object with Symbol.observable or subscribe is wanted, got ${describe(given)}`,
  );
}
