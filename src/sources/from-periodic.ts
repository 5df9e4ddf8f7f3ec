import { requireFunction, requireOptions } from '../graph/arguments.ts';
import { isThenable } from '../graph/delivery.ts';
import { requireInterval } from '../operators/ticker.ts';
import type { Duration } from '../time/duration.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/**
 * A source of what a function gives, called at fixed times: at once, then every `interval`.
 *
 * `f`: called without arguments; a promise is waited for. `interval`: above 0. Emits each result. A call
 * or a graph that takes longer than the interval is never overlapped: the times that it covers are left
 * out, those after it stay where they were. Never ends by itself.
 *
 * An error of `f` is reported to `onError`, and the next call comes at its time; without `onError` it
 * fails the source. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromPeriodic, VirtualClock } from 'millrace';
 *
 * const clock = new VirtualClock();
 * const ticks = fromPeriodic(() => clock.now(), '10s', { clock });
 * const seen = ticks.sinkToList();
 * void ticks.start();
 * await clock.advance('25s');
 * await ticks.stop();
 * assert.deepEqual(seen, [0, 10_000, 20_000]);
 * ```
 */
export function fromPeriodic<T>(
  f: () => T | PromiseLike<T>,
  interval: Duration,
  options: SourceOptions = {},
): PeriodicSource<T> {
  return new PeriodicSource(f, interval, options);
}

/** What {@link fromPeriodic} returns. */
export class PeriodicSource<T> extends Source<T> {
  readonly #f: () => T | PromiseLike<T>;
  readonly #interval: number;

  constructor(f: () => T | PromiseLike<T>, interval: Duration, options: SourceOptions = {}) {
    requireFunction('fromPeriodic', 'f', f);
    const milliseconds = requireInterval('fromPeriodic', interval);
    requireOptions('fromPeriodic', options, SOURCE_OPTIONS);
    super(options);
    this.#f = f;
    this.#interval = milliseconds;
  }

  protected override async run(run: SourceRun<T>): Promise<void> {
    const { clock } = this.node.environment;
    let next = clock.now();
    while (!run.signal.aborted) {
      await this.#call(run);
      const now = clock.now();
      next += this.#interval * Math.max(1, Math.ceil((now - next) / this.#interval));
      await run.sleep(next - now);
    }
  }

  async #call(run: SourceRun<T>): Promise<void> {
    let result: T;
    try {
      const given = this.#f();
      if (isThenable(given)) {
        const answer = await run.wait(Promise.resolve(given).then((value) => ({ value })));
        if (answer === undefined) return;
        result = answer.value;
      } else {
        result = given;
      }
    } catch (error) {
      return run.fail(error);
    }
    await run.emit(result);
  }
}
