import { requireFunction, requireOneOf, requireOptions } from '../graph/arguments.ts';
import { Sink, type SinkBatch } from './batch-sink.ts';

/** Options of {@link toConsole}. */
export interface ConsoleOptions<T> {
  /** Method of `console`. Default: `'log'`. */
  readonly level?: 'log' | 'info' | 'warn' | 'error' | 'debug';
  /** What is printed for an element. Default: the element, as the console shows it. */
  readonly format?: (element: T) => unknown;
}

/**
 * A sink that prints elements, for `stream.to`; it passes them on.
 *
 * Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import { Stream, toConsole } from 'millrace';
 *
 * const prices = new Stream<number>();
 * prices.to(toConsole({ format: (price) => `price: ${price}` }));
 * prices.emit(12);
 * await prices.end();
 * console.log('done');
 * // => price: 12
 * // => done
 * ```
 */
export function toConsole<T>(options: ConsoleOptions<T> = {}): ConsoleSink<T> {
  return new ConsoleSink(options);
}

/** What {@link toConsole} returns. */
export class ConsoleSink<T> extends Sink<T, T, unknown> {
  readonly #level: 'log' | 'info' | 'warn' | 'error' | 'debug';
  readonly #format: ((element: T) => unknown) | undefined;

  constructor(options: ConsoleOptions<T> = {}) {
    requireOptions('toConsole', options, ['level', 'format']);
    const { level = 'log', format } = options;
    requireOneOf('toConsole', 'level', level, ['log', 'info', 'warn', 'error', 'debug']);
    if (format !== undefined) requireFunction('toConsole', 'format', format);
    super('toConsole', {}, { size: 100 });
    this.#level = level;
    this.#format = format;
  }

  override encode(element: T): unknown {
    return this.#format === undefined ? element : this.#format(element);
  }

  override async write({ elements }: SinkBatch<unknown>): Promise<void> {
    for (const element of elements) console[this.#level](element);
  }
}
