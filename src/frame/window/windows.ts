import { adapterChoice, openGpu } from '../../device/gpu.ts';
import { checkDeviceOptions, type DeviceOptions } from '../../device/options.ts';
import type { Duration } from '../../time/duration.ts';
import type { Aggregator, Over, Request } from '../aggregate/aggregate.ts';
import { checkCount, checkNanoseconds, checkOptions, shown } from '../checks.ts';
import { type TimeColumn, timeColumn } from './time-column.ts';

/** How far a rolling window reaches back: a number of rows, or a span of time such as `'5s'`. */
export type RollingExtent = number | Exclude<Duration, number>;

/**
 * Options of `rolling`. `device`, `precision` and `adapter` say where windows of `n` rows are computed, in
 * place of those of the source.
 */
export interface RollingOptions extends DeviceOptions {
  /**
   * How many values a window must hold to have a result: by default all `n` rows, over a span of
   * time 1, and 0 for `count()` and `size()`.
   */
  readonly minPeriods?: number;
  /**
   * Over a span of time: the times of the rows, which must not decrease. By default the one
   * timestamp column there is.
   */
  readonly on?: TimeColumn;
  /**
   * Over a span of time: how much later than the latest row one may come, see {@link Duration}. Rows wait
   * for so long and go on in order of time, later ones are dropped and counted in `lateRows`; so there
   * is a result for every row but those, in their order, and not beside the rows that came.
   */
  readonly lateness?: Duration;
}

/** Options of `window`: the last `n` rows, or those of the span `value` up to the latest time. */
export type WindowOptions =
  | { readonly n: number }
  | {
      readonly value: Duration;
      /** The times of the rows, which must not decrease; by default the one timestamp column. */
      readonly on?: TimeColumn;
      /** As of {@link RollingOptions}. */
      readonly lateness?: Duration;
    };

/** Options of `slidingWindow`. */
export interface FullWindowOptions {
  /** Whether windows that are not full yet, at the beginning, count too. Default false. */
  readonly returnPartial?: boolean;
  /**
   * How many rows there are from one window to the next, default 1; partial windows are as many apart.
   * Where it is more than `n`, some rows are in no window.
   */
  readonly step?: number;
}

/** The last rows, at every row: `n` of them, or those of a span of time. */
export function rolling(
  over: Over,
  extent: RollingExtent,
  options: RollingOptions = {},
): Aggregator {
  if (typeof extent === 'string' || (typeof extent === 'object' && extent !== null)) {
    return rollingSpan(over, extent, options);
  }
  const n = checkCount('rolling', 'n', extent);
  const device = rollingDevice(options);
  const given = options.minPeriods;
  if (given !== undefined && checkCount('rolling', 'minPeriods', given, 0) > n) {
    throw new RangeError(`Cannot create rolling: minPeriods must be at most n, ${n}, got ${given}`);
  }
  return {
    operator: 'rolling',
    op: 'rolling',
    argsFor: (requests) => ({
      n,
      minPeriods: given ?? (countsOnly(requests) ? 0 : n),
      ...(device !== undefined && { device }),
    }),
    yields: 'rows',
  };
}

/** The device that is asked for here, if one is. */
function rollingDevice(given: RollingOptions): DeviceOptions | undefined {
  checkDeviceOptions('rolling', given, ['minPeriods']);
  const { minPeriods, ...options } = given;
  const { device, precision, adapter } = options;
  if (device === undefined && precision === undefined && adapter === undefined) return undefined;
  if (device === 'gpu') openGpu(adapterChoice(options));
  return options;
}

function rollingSpan(
  over: Over,
  duration: Exclude<Duration, number>,
  options: RollingOptions,
): Aggregator {
  const span = checkNanoseconds('rolling', duration);
  checkOptions('rolling', options, ['minPeriods', 'on']);
  const on = timeColumn('rolling', over, options.on);
  const given = options.minPeriods;
  if (given !== undefined) checkCount('rolling', 'minPeriods', given, 0);
  return {
    operator: 'rolling',
    op: 'rollingSpan',
    argsFor: (requests) => ({
      span,
      on,
      minPeriods: given ?? (countsOnly(requests) ? 0 : 1),
    }),
    yields: 'rows',
  };
}

function countsOnly(requests: readonly Request[]): boolean {
  return requests.every(({ fn }) => fn === 'count' || fn === 'size');
}

/** The other ways in which a window moves over rows. */
export const windows = {
  /** The last rows, once per batch: `n` of them, or those of a span of time. */
  window(over: Over, options: WindowOptions): Aggregator {
    checkOptions('window', options ?? null, ['n', 'value', 'on']);
    if ('n' in options === 'value' in options) {
      throw new TypeError(
        `Cannot create window: expected either n or value, got ${shown(options)}`,
      );
    }
    const window = { operator: 'window', op: 'window', yields: 'value' } as const;
    if ('value' in options) {
      const span = checkNanoseconds('window', options.value);
      return { ...window, args: { span, on: timeColumn('window', over, options.on) } };
    }
    checkOptions('window', options, ['n']);
    return { ...window, args: { n: checkCount('window', 'n', options.n) } };
  },

  /** Every `n` consecutive rows. */
  sliding(n: number, options: FullWindowOptions = {}): Aggregator {
    checkCount('slidingWindow', 'n', n);
    checkOptions('slidingWindow', options, ['returnPartial', 'step']);
    const returnPartial = options.returnPartial ?? false;
    const step = checkCount('slidingWindow', 'step', options.step ?? 1);
    return {
      operator: 'slidingWindow',
      op: 'slidingWindow',
      args: { n, returnPartial, step },
      yields: 'windows',
    };
  },

  /** Every `n` rows, none in two of them. */
  partition(n: number, options?: unknown): Aggregator {
    checkCount('partition', 'n', n);
    checkOptions('partition of n rows', options, []);
    return { operator: 'partition', op: 'partition', args: { n }, yields: 'windows' };
  },

  /** All rows so far, once per batch. */
  expanding(operator: string): Aggregator {
    return { operator, op: 'aggregate', args: { over: 'all' }, yields: 'value' };
  },
};
