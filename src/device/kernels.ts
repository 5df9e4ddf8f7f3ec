import { checkCount, checkOptions, shown } from '../frame/checks.ts';
import type { KernelInput, KernelOutput, StepSpec } from './chains.ts';
import { KernelRun } from './kernel-run.ts';
import { type Elements, type Elementwise, type MapOptions, mapStep } from './map-step.ts';
import { checkDeviceOptions, type DeviceOptions } from './options.ts';

/** The aggregates of {@link Kernels.reduce}. */
export type Reduction = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'var' | 'std';

const REDUCTIONS: readonly unknown[] = [
  'count',
  'sum',
  'mean',
  'min',
  'max',
  'var',
  'std',
] satisfies Reduction[];

/** The aggregates of {@link Kernels.rolling}. */
export interface RollingKernels {
  /** The sum of each window. */
  sum(): Kernels<Float32Array>;
  /** The mean. */
  mean(): Kernels<Float32Array>;
  /** The least value; NaN if one is. */
  min(): Kernels<Float32Array>;
  /** The largest value; NaN if one is. */
  max(): Kernels<Float32Array>;
  /** The variance of a sample; NaN for windows of one row. */
  var(): Kernels<Float32Array>;
  /** Its square root. */
  std(): Kernels<Float32Array>;
  /** The median; NaN if one value is. */
  median(): Kernels<Float32Array>;
  /** The value below which the share `q`, from 0 to 1, lies, interpolated between two. */
  quantile(q: number): Kernels<Float32Array>;
  /**
   * The sum of the rows times `taps`, the first for the oldest row: a filter of finite response. There
   * must be `n` taps, at most 65,536. On a GPU it is within 2⁻¹⁵ of the sum of magnitudes.
   */
  weighted(taps: ArrayLike<number>): Kernels<Float32Array>;
}

/** Options of {@link Kernels.sort}. */
export interface SortOptions {
  /** Rows that are sorted together, from 1 to 2^30; by default those of each batch. */
  readonly n?: number;
  /** The largest first. Default false. */
  readonly descending?: boolean;
}

/** Options of {@link Kernels.topK}. */
export interface TopKOptions {
  /** Rows that are chosen from, from `k` to 2^30; by default those of each batch. */
  readonly n?: number;
  /** The smallest instead of the largest. Default false. */
  readonly smallest?: boolean;
}

/** What {@link Kernels.topK} yields: values, and the rows they stood in. */
export interface TopRows {
  readonly values: Float32Array;
  readonly rows: Uint32Array;
}

/** Options of {@link Kernels.correlation}. */
export interface CorrelationOptions {
  /** Values of a row, from 1 to 4,096. */
  readonly columns: number;
  /** Rows of a window, from 2. */
  readonly n: number;
  /** Rows from one window to the next, from 1 to `n`; by default `n`, so that none is in two. */
  readonly every?: number;
}

/** Options of {@link Kernels.assign}. */
export interface AssignOptions {
  /** Coordinates of a point. */
  readonly dimensions: number;
}

/** Options of {@link Kernels.nearest}. */
export interface NearestOptions extends AssignOptions {
  /** How many are found, from 1 to 64 and not more than there are. */
  readonly k: number;
}

/** What {@link Kernels.nearest} yields: for each point `k` numbers of points and squared distances. */
export interface Neighbours {
  readonly rows: Uint32Array;
  readonly distances: Float32Array;
}

/** Options of {@link Kernels.histogram}. */
export interface HistogramOptions {
  /** Where the first bin begins. */
  readonly low: number;
  /** Where the last bin ends. */
  readonly high: number;
  /** How many there are, from 1 to 2^20. */
  readonly bins: number;
}

/**
 * Kernels over whole columns, one after another: what {@link kernels} begins. Each step makes a new
 * chain and leaves this one as it is. `R` is what a batch yields.
 *
 * The results are the same on every device within the tolerance of each step, and do not depend on how
 * the rows are cut into batches. A NaN is a value: it orders after infinity, and makes what is computed
 * from it NaN.
 */
export class Kernels<R> {
  readonly #options: DeviceOptions;
  readonly #steps: readonly StepSpec[];
  readonly #read: (columns: readonly KernelOutput[]) => R;

  /** Chains begin with {@link kernels}. */
  constructor(
    options: DeviceOptions,
    steps: readonly StepSpec[],
    read: (columns: readonly KernelOutput[]) => R,
  ) {
    this.#options = options;
    this.#steps = steps;
    this.#read = read;
  }

  /** Whether a batch yields one column of f32. */
  get yieldsSeries(): boolean {
    return this.#read === (first as unknown);
  }

  /**
   * What an expression makes of each row: of one column, or of as many as `columns` says, all of f32.
   * Of a list of expressions a column each. Steps that follow on each other are computed at once.
   *
   * Comparisons, choices (`when`), bounds (`clip`), `least`, `greatest`, `abs`, `neg`, `floor` and `ceil` are
   * exact. On a GPU a sum or product is within 2⁻²² of what it is made of, a quotient or root within 2⁻²¹
   * of itself, a logarithm within 2⁻²⁰ of itself or of 1, and `exp` of x within 2⁻²¹ · (2 + |x|). There is
   * no GPU's kernel for `mod`, `pow`, `round` and casts.
   *
   * Throws a TypeError for an expression that reads other rows, as those of `shift` are, or that yields
   * another type.
   *
   * @param f makes an expression, or a list of them, of the columns
   * @param options `columns`: how many there are
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels, when } from 'millrace';
   *
   * const roots = kernels().map((x) => when(x.gt(0)).then(x.sqrt()).otherwise(0));
   * assert.deepEqual([...roots.run(Float32Array.of(9, -4))], [3, 0]);
   * const products = kernels().map((price, size) => price.mul(size), { columns: 2 });
   * assert.deepEqual([...products.run(Float32Array.of(2, 3), Float32Array.of(5, 4))], [10, 12]);
   * ```
   */
  map<T extends Elements>(
    f: Elementwise<T>,
    options: MapOptions = {},
  ): Kernels<T extends readonly unknown[] ? Float32Array[] : Float32Array> {
    const { step, isList } = mapStep(f, options);
    const read = isList ? (columns: readonly KernelOutput[]) => columns : first;
    return this.#then(step, read as (columns: readonly KernelOutput[]) => never);
  }

  /**
   * Aggregates over all rows so far: after each batch a number for each. The variance is that of a
   * sample, NaN of fewer than two values; `mean`, `min` and `max` of nothing are NaN.
   *
   * On a GPU a sum is within 2⁻¹⁹ of the sum of magnitudes; count, minimum and maximum are exact.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const spread = kernels().reduce(['min', 'mean', 'max']);
   * assert.deepEqual(spread.run(Float32Array.of(1, 2, 6)), { min: 1, mean: 3, max: 6 });
   * ```
   */
  reduce<const F extends Reduction>(fns: readonly F[]): Kernels<Record<F, number>> {
    if (!Array.isArray(fns) || fns.length === 0) {
      throw new TypeError(
        `Cannot create reduce: expected a list of aggregates such as ['mean'], got ${shown(fns)}`,
      );
    }
    for (const fn of fns) {
      if (!REDUCTIONS.includes(fn)) {
        throw new TypeError(
          `Cannot create reduce: the aggregate must be one of ${REDUCTIONS.join(', ')}, got ${shown(fn)}`,
        );
      }
    }
    const read = (columns: readonly KernelOutput[]) =>
      Object.fromEntries(fns.map((fn, index) => [fn, columns[index]![0]!])) as Record<F, number>;
    return this.#then({ op: 'reduce', fns }, read);
  }

  /**
   * The running sum. On a GPU it is within 2⁻²⁰ of the sum of magnitudes so far.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const run = kernels().cumsum().start();
   * assert.deepEqual([...run.push(Float32Array.of(1, 2))], [1, 3]);
   * assert.deepEqual([...run.push(Float32Array.of(3))], [6]);
   * ```
   */
  cumsum(): Kernels<Float32Array> {
    return this.#then({ op: 'cumulative', fn: 'sum' }, first);
  }

  /** The running minimum; exact. */
  cummin(): Kernels<Float32Array> {
    return this.#then({ op: 'cumulative', fn: 'min' }, first);
  }

  /** The running maximum; exact. */
  cummax(): Kernels<Float32Array> {
    return this.#then({ op: 'cumulative', fn: 'max' }, first);
  }

  /**
   * Windows of the last `n` rows, from 1 to 2^30: a value for each full window, so `n - 1` fewer than
   * rows. Results are put together from the rows of the window alone: nothing drifts, and what is not
   * finite is gone when it has left.
   *
   * On a GPU a sum or mean is within 2⁻¹⁸ of that of magnitudes, a variance within 2⁻¹⁶ of itself plus
   * 2⁻⁴⁰ of the largest square; minima and maxima are exact; a quantile that lies between two values is
   * within 2⁻²² of the larger one. Medians and quantiles cost the same for every `n` there.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const medians = kernels().rolling(3).median().run(Float32Array.of(5, 1, 3, 2));
   * assert.deepEqual([...medians], [3, 2]);
   * ```
   */
  rolling(n: number): RollingKernels {
    checkCount('rolling', 'n', n);
    const over = (fn: unknown) => this.#then({ op: 'rolling', fn, n }, first);
    return {
      sum: () => over('sum'),
      mean: () => over('mean'),
      min: () => over('min'),
      max: () => over('max'),
      var: () => over('var'),
      std: () => over('std'),
      median: () => over({ quantile: { q: 0.5 } }),
      quantile: (q) => over({ quantile: { q: checkShare(q) } }),
      weighted: (taps) => this.#then({ op: 'weighted', taps: checkTaps(taps, n) }, first),
    };
  }

  /**
   * How the power of each `n` rows is spread over frequencies, as they become whole: the squared
   * magnitudes of their Fourier transform for frequencies 0 to `n / 2`, so `n / 2 + 1` values for each `n`
   * rows. On a GPU they are within 2⁻¹⁶ · n of the sum of squares.
   *
   * @param n a power of two from 2 to 2^20
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const powers = kernels().powerSpectrum(4).run(Float32Array.of(1, -1, 1, -1));
   * assert.deepEqual([...powers], [0, 0, 16]);
   * ```
   */
  powerSpectrum(n: number): Kernels<Float32Array> {
    checkCount('powerSpectrum', 'n', n);
    return this.#then({ op: 'powerSpectrum', n }, first);
  }

  /**
   * The `k` nearest of given points, by squared distance, of each point in the column: its coordinates
   * one after another, in whichever batches. For each its neighbours' numbers and squared distances from
   * the nearest on, of equally near ones the first; where fewer have a distance that is a number, the
   * number is 2³² − 1 and the distance NaN.
   *
   * Every point is compared with every other. On a GPU a distance is within 2⁻¹⁸ of itself, and of points
   * that are as near as that either may come. The points are kept on the device.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const corners = Float32Array.of(0, 0, 0, 9, 9, 0);
   * const nearest = kernels().nearest(corners, { dimensions: 2, k: 1 });
   * const { rows, distances } = nearest.run(Float32Array.of(8, 1, 1, 7));
   * assert.deepEqual([...rows], [2, 1]);
   * assert.deepEqual([...distances], [2, 5]);
   * ```
   */
  nearest(points: Float32Array, options: NearestOptions): Kernels<Neighbours> {
    const read = (columns: readonly KernelOutput[]) => ({
      rows: columns[0] as Uint32Array,
      distances: columns[1] as Float32Array,
    });
    return this.#then(nearestStep('nearest', points, options), read);
  }

  /**
   * To which of given centres each point in the column is nearest, as k-means assigns them: a number for
   * each; see {@link Kernels.nearest}.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const clusters = kernels().assign(Float32Array.of(0, 10), { dimensions: 1 });
   * assert.deepEqual([...clusters.run(Float32Array.of(1, 8, 4))], [0, 1, 0]);
   * ```
   */
  assign(centres: Float32Array, options: AssignOptions): Kernels<Uint32Array> {
    checkOptions('assign', options ?? null, ['dimensions']);
    const step = nearestStep('assign', centres, { ...options, k: 1 });
    return this.#then(step, (columns) => columns[0] as Uint32Array);
  }

  /**
   * How columns go together: for each window of `n` rows the matrix of their correlations (Pearson's), row
   * by row, so `columns²` values a window. The column that comes in holds rows of `columns` values, one after
   * another, in whichever batches; a window begins every `every` rows. NaN for a column that does not vary
   * or has a value that is not finite.
   *
   * On a GPU within 2⁻¹⁴, for columns whose spread is more than 2⁻¹⁰ of their mean.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const matrices = kernels().correlation({ columns: 2, n: 3 });
   * const [, ab] = matrices.run(Float32Array.of(1, 9, 2, 8, 3, 7));
   * assert.equal(Math.round(ab! * 1000), -1000);
   * ```
   */
  correlation(options: CorrelationOptions): Kernels<Float32Array> {
    checkOptions('correlation', options ?? null, ['columns', 'n', 'every']);
    const { columns, n, every = n } = options;
    checkCount('correlation', 'columns', columns);
    checkCount('correlation', 'n', n, 2);
    checkCount('correlation', 'every', every);
    return this.#then({ op: 'correlation', columns, n, every }, first);
  }

  /**
   * The rows in ascending order, every NaN last; with `descending: true` the other way round. `n` rows at
   * a time where it is given, as they become whole; else those of each batch. Exact.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const run = kernels().sort({ n: 3 }).start();
   * assert.deepEqual([...run.push(Float32Array.of(3, 1))], []);
   * assert.deepEqual([...run.push(Float32Array.of(2, 9))], [1, 2, 3]);
   * ```
   */
  sort(options: SortOptions = {}): Kernels<Float32Array> {
    checkOptions('sort', options, ['n', 'descending']);
    const { n, descending = false } = options;
    checkRows('sort', n);
    checkBoolean('sort', 'descending', descending);
    return this.#then({ op: 'sort', n, descending }, first);
  }

  /**
   * The `k` largest values from the largest on, every NaN before all; with `smallest: true` the smallest.
   * Of equal ones those that came first. Of each `n` rows as they become whole, or of each batch. With
   * each value the row it stood in, counted from the first of its `n` or of its batch. Exact.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const { values, rows } = kernels().topK(2).run(Float32Array.of(4, 9, 1, 9));
   * assert.deepEqual([...values], [9, 9]);
   * assert.deepEqual([...rows], [1, 3]);
   * ```
   */
  topK(k: number, options: TopKOptions = {}): Kernels<TopRows> {
    checkCount('topK', 'k', k);
    checkOptions('topK', options, ['n', 'smallest']);
    const { n, smallest = false } = options;
    checkRows('topK', n);
    checkBoolean('topK', 'smallest', smallest);
    const read = (columns: readonly KernelOutput[]) => ({
      values: columns[0] as Float32Array,
      rows: columns[1] as Uint32Array,
    });
    return this.#then({ op: 'topK', n, k, smallest }, read);
  }

  /**
   * How many of all values so far lie in each of `bins` bins of one width, from `low` on and below
   * `high`; what lies elsewhere, NaN too, is left out. Borders and bins are those of f32. Exact.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const counts = kernels().histogram({ low: 0, high: 10, bins: 2 });
   * assert.deepEqual([...counts.run(Float32Array.of(1, 4.9, 5, 12))], [2, 1]);
   * ```
   */
  histogram(options: HistogramOptions): Kernels<Float64Array> {
    checkOptions('histogram', options ?? null, ['low', 'high', 'bins']);
    const { low, high, bins } = options;
    checkCount('histogram', 'bins', bins);
    if (!Number.isFinite(low) || !Number.isFinite(high)) {
      throw new RangeError(
        `Cannot create histogram: low and high must be finite numbers, got ${shown(low)} and ${shown(high)}`,
      );
    }
    return this.#then({ op: 'histogram', low, high, bins }, counted);
  }

  /**
   * How often each whole number from 0 to `bins - 1` has come so far, in columns of u32; what is beyond
   * is left out. Exact.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels } from 'millrace';
   *
   * const counts = kernels().frequencies(3).run(Uint32Array.of(2, 0, 2, 7));
   * assert.deepEqual([...counts], [1, 0, 2]);
   * ```
   */
  frequencies(bins: number): Kernels<Float64Array> {
    checkCount('frequencies', 'bins', bins);
    return this.#then({ op: 'frequencies', bins }, counted);
  }

  /**
   * Computes columns as a whole, of one length each, with nothing before them.
   *
   * Throws a MillraceError with code `ERR_NO_GPU` where a GPU is asked for and there is none,
   * `ERR_GPU_LIMIT` for what does not fit the device, `ERR_GPU_UNSUPPORTED` for what it cannot
   * compute, each naming the adapter; a TypeError for a column that the first step does not take.
   */
  run(...columns: readonly KernelInput[]): R {
    return this.start().push(...columns);
  }

  /** Computes batch after batch: windows and sums go on from one to the next. Throws as `run` does. */
  start(): KernelRun<R> {
    return new KernelRun(this.#steps, this.#options, this.#read);
  }

  #then<S>(step: StepSpec, read: (columns: readonly KernelOutput[]) => S): Kernels<S> {
    return new Kernels(this.#options, [...this.#steps, step], read);
  }
}

/**
 * Begins a chain of kernels over whole columns of f32, on the CPU or on a GPU. What one step yields stays on the
 * device for the next; only the results of the last come back.
 *
 * @param options `device`, `precision` and `adapter`
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { kernels } from 'millrace';
 *
 * const highest = kernels({ device: 'cpu' }).cumsum().reduce(['max']);
 * assert.deepEqual(highest.run(Float32Array.of(2, -1, 3)), { max: 4 });
 * ```
 */
export function kernels(options: DeviceOptions = {}): Omit<Kernels<never>, 'run' | 'start'> {
  checkDeviceOptions('kernels', options);
  return new Kernels<never>(options, [], () => {
    throw new TypeError('Cannot run kernels: there is no step');
  });
}

function first(columns: readonly KernelOutput[]): Float32Array {
  return columns[0] as Float32Array;
}

function counted(columns: readonly KernelOutput[]): Float64Array {
  return columns[0] as Float64Array;
}

function checkRows(operator: string, n: number | undefined): void {
  if (n !== undefined) checkCount(operator, 'n', n);
}

function checkBoolean(operator: string, name: string, value: unknown): void {
  if (typeof value !== 'boolean') {
    throw new TypeError(
      `Cannot create ${operator}: ${name} must be true or false, got ${shown(value)}`,
    );
  }
}

function nearestStep(operator: string, points: Float32Array, options: NearestOptions): StepSpec {
  checkOptions(operator, options ?? null, ['dimensions', 'k']);
  const { dimensions, k } = options;
  checkCount(operator, 'dimensions', dimensions);
  checkCount(operator, 'k', k);
  if (!(points instanceof Float32Array)) {
    throw new TypeError(
      `Cannot create ${operator}: expected a Float32Array of coordinates, got ${shown(points)}`,
    );
  }
  const bytes = Buffer.from(points.buffer, points.byteOffset, points.byteLength);
  return { op: 'nearest', points: bytes.toString('base64'), dimensions, k };
}

function checkTaps(taps: ArrayLike<number>, n: number): number[] {
  const list = Array.from(taps ?? []);
  if (list.length !== n || !list.every((tap) => Number.isFinite(tap))) {
    throw new RangeError(
      `Cannot create rolling.weighted: taps must be ${n} finite numbers, got ${shown(taps)}`,
    );
  }
  return list;
}

function checkShare(q: unknown): number {
  if (typeof q === 'number' && q >= 0 && q <= 1) return q;
  const Type = typeof q === 'number' ? RangeError : TypeError;
  throw new Type(`Cannot create rolling.quantile: q must be a number from 0 to 1, got ${shown(q)}`);
}
