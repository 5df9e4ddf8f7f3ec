import { inspect } from 'node:util';
import type { MimeBundle } from '../../observe/jupyter.ts';
import { type Clock, currentClock, type TimerHandle } from '../../time/clock.ts';
import { type Duration, parseDuration } from '../../time/duration.ts';
import { checkFunction, checkOptions } from '../checks.ts';
import { Column } from './column.ts';
import { htmlTable } from './format-table.ts';
import { Table } from './table.ts';

/** Options of `live`. */
export interface LiveOptions {
  /** The least time from one view to the next, see {@link Duration}; default 100 ms. */
  readonly interval?: Duration;
  /** Where that time comes from; by default the process's clock. */
  readonly clock?: Clock;
}

/** Where a view gets its results from: calls `receive` with each, until what it returns is called. */
type Subscribe = (receive: (result: unknown) => void) => () => void;

/**
 * The latest result of live columns, shown again when it changes: made by `live()`. A notebook shows
 * it as a table of HTML, and so does a page that is given {@link LiveView.bundle}.
 */
export class LiveView {
  readonly #display: (bundle: MimeBundle) => unknown;
  readonly #interval: number;
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;
  #latest: unknown;
  #timer: TimerHandle | undefined;
  #isDue = false;
  #errors: unknown[] = [];

  /** Made by `live()`; there is no need to make one. */
  constructor(
    subscribe: Subscribe,
    display: (bundle: MimeBundle) => unknown,
    options: LiveOptions | undefined,
  ) {
    checkFunction('live', display);
    checkOptions('live', options, ['interval', 'clock']);
    this.#display = display;
    this.#interval = parseDuration(options?.interval ?? 100, 'live');
    this.#clock = options?.clock ?? currentClock();
    this.#unsubscribe = subscribe((result) => this.#receive(result));
  }

  /** The latest result as text and as HTML, by MIME type. */
  bundle(): MimeBundle {
    const result = this.#latest;
    const text = this.toString();
    if (result instanceof Table) return { 'text/plain': text, 'text/html': htmlTable(result) };
    if (result instanceof Column) {
      const shown = { numRows: result.length, columns: [result as Column] };
      return { 'text/plain': text, 'text/html': htmlTable(shown) };
    }
    return { 'text/plain': text };
  }

  /** The latest result as text: a table in aligned columns. */
  toString(): string {
    const result = this.#latest;
    if (result === undefined) return '(no results yet)';
    return result instanceof Table ? String(result) : inspect(result);
  }

  /** Ends it: what is there stays. */
  destroy(): void {
    this.#unsubscribe();
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** Shows the latest result in a notebook. */
  [Symbol.for('Jupyter.display')](): MimeBundle {
    return this.bundle();
  }

  #receive(result: unknown): void {
    this.#latest = result;
    if (this.#errors.length > 0) throw this.#errors.shift();
    if (this.#timer !== undefined) {
      this.#isDue = true;
      return;
    }
    this.#wait();
    this.#display(this.bundle());
  }

  /** Holds views back for as long as there may be no other. */
  #wait(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isDue) return;
      this.#isDue = false;
      this.#wait();
      try {
        this.#display(this.bundle());
      } catch (error) {
        // Nobody waits here: it comes out of the next emission.
        this.#errors.push(error);
      }
    }, this.#interval);
  }
}
