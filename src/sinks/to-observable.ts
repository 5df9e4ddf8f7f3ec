import { type Outlet, outlet } from './outlet.ts';

/** Ends a branch in an observer. */
export const toObservable = outlet('toObservable');

/** What an observable calls; each method may be missing. */
export interface Observer<T> {
  next?(value: T): void;
  error?(error: unknown): void;
  complete?(): void;
}

/** What `subscribe` returns. */
export interface Subscription {
  unsubscribe(): void;
}

/** The interoperable part of an Observable, as RxJS, xstream and others take and give it. */
export interface InteropObservable<T> {
  subscribe(observer: Observer<T>): Subscription;
}

/**
 * The keys under which libraries look for an observable: the symbol, where someone has defined it,
 * and the string that stands for it elsewhere.
 */
export const OBSERVABLE_KEYS: readonly PropertyKey[] = [
  ...('observable' in Symbol ? [Symbol.observable as symbol] : []),
  '@@observable',
];

/** Passes elements on to an observer. Observers cannot hold anyone back: nothing is waited for. */
export class ObserverOutlet implements Outlet {
  readonly #observer: Observer<unknown>;
  #ended = false;

  constructor(observer: Observer<unknown>) {
    this.#observer = observer;
  }

  /** Takes an element in. */
  receive(value: unknown): undefined {
    if (!this.#ended) this.#observer.next?.(value);
    return undefined;
  }

  /** Completes the observer, once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#observer.complete?.();
  }

  /** Says no more, not even that it is over. */
  silence(): void {
    this.#ended = true;
  }
}
