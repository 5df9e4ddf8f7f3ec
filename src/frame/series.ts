import type { Kernels } from '../device/kernels.ts';
import type { Stream } from '../stream.ts';
import type { Duration } from '../time/duration.ts';
import type { Aggregator, Over } from './aggregate/aggregate.ts';
import {
  ColumnAggregates,
  type QuantileOptions,
  type SpreadOptions,
} from './aggregate/column-aggregates.ts';
import { type CountOptions, checkCountOptions } from './aggregate/count-options.ts';
import { type EwmOptions, ewm, type WeightedMean } from './aggregate/ewm.ts';
import { checkNanoseconds, checkOptions, checkType, shown } from './checks.ts';
import { type Computed, compute } from './compute.ts';
import { toStream } from './crossing.ts';
import { type DataFrame, frameOf } from './data-frame.ts';
import { isIn } from './expression/is-in.ts';
import { rowsBefore, SeriesFunctions } from './expression/series-functions.ts';
import {
  apply,
  checkDomain,
  checkOperand,
  combine,
  type PlainOperand,
  type SeriesLike,
  seriesNode,
  TERM,
  type Term,
} from './expression/term.ts';
import { showTermsAs } from './expression/wrap-term.ts';
import { checkBuffer, isTypedArray } from './input/column-input.ts';
import { ColumnSource, type ColumnSourceOptions } from './input/column-source.ts';
import { zipRows } from './join/zip.ts';
import type { Column } from './output/column.ts';
import { type PlanColumn, PlanNode } from './plan/plan-node.ts';
import { Scalar } from './scalar.ts';
import { Summary } from './summary.ts';
import type {
  ColumnInput,
  ColumnType,
  InputOf,
  Merge,
  NumericType,
  Promoted,
  Schema,
  SumOf,
  TimeType,
  UnsignedType,
  ValueOf,
} from './types.ts';
import { isNumeric, isTemporal } from './types.ts';
import { type Aggregation, userAggregate } from './user/user-aggregate.ts';
import { aggregateWindows } from './user/user-windows.ts';
import { columnPartition } from './window/framed-windows.ts';
import { inOrder, rollingInOrder } from './window/reorder.ts';
import type { TimeColumn, TimeName } from './window/time-column.ts';
import {
  type FullWindowOptions,
  type RollingExtent,
  type RollingOptions,
  rolling,
  type WindowOptions,
  windows,
} from './window/windows.ts';
import { showAs } from './wrap.ts';

/** What may stand beside a series of type `D` in a comparison. */
export type Comparable<D extends ColumnType> =
  | null
  | (D extends NumericType
      ? SeriesLike<NumericType> | number | bigint
      : D extends TimeType
        ? SeriesLike<TimeType> | number | bigint | Date
        : D extends 'duration'
          ? SeriesLike<'duration'> | Duration | bigint
          : SeriesLike<D> | ValueOf<D>);

/** How {@link Series.fillNull} fills. */
export interface FillOptions {
  /** `forward`: by the last value before. */
  readonly method: 'forward';
}

/** The type of roots, logarithms and exponentials of a column. */
export type MathOf<D extends ColumnType> = D extends 'f32' ? 'f32' : 'f64';

/** What may stand beside a number in arithmetic. */
export type Operand = SeriesLike<NumericType> | number | bigint | null;

/** What may stand beside a series of type `D` in arithmetic; a plain span has any form of durations. */
export type OperandOf<D extends ColumnType> = D extends TimeType
  ? SeriesLike<TimeType | 'duration'> | Duration | Date | bigint | null
  : D extends 'duration'
    ? SeriesLike<NumericType | TimeType | 'duration'> | Duration | Date | bigint | null
    : Operand | SeriesLike<'duration'>;

type IsPoint<O> = O extends SeriesLike<TimeType> | Date ? true : false;

/** The type of a sum. */
export type SumType<D extends ColumnType, O> = D extends TimeType
  ? 'timestamp'
  : D extends 'duration'
    ? IsPoint<O> extends true
      ? 'timestamp'
      : 'duration'
    : Arithmetic<D, O>;

/** The type of a difference. */
export type DifferenceType<D extends ColumnType, O> = D extends TimeType
  ? IsPoint<O> extends true
    ? 'duration'
    : 'timestamp'
  : D extends 'duration'
    ? 'duration'
    : Arithmetic<D, O>;

/** The type of a product. */
export type ProductType<D extends ColumnType, O> = D extends 'duration'
  ? 'duration'
  : O extends SeriesLike<'duration'>
    ? 'duration'
    : Arithmetic<D, O>;

/** The type of a quotient. */
export type QuotientType<D extends ColumnType, O> = D extends 'duration'
  ? O extends SeriesLike<NumericType> | number
    ? 'duration'
    : 'f64'
  : PowerType<D, O>;

/** The type of arithmetic that leaves whole numbers: f32 where both are, as in pandas, else f64. */
export type PowerType<D extends ColumnType, O> = MathOf<Arithmetic<D, O>>;

/** The type of arithmetic that keeps integers whole. */
export type Arithmetic<D extends ColumnType, O> =
  O extends SeriesLike<infer E>
    ? Promoted<D, E>
    : O extends number
      ? number extends O
        ? D extends 'f32' | 'f64'
          ? D
          : D | 'i64' | 'f64'
        : `${O}` extends `${bigint}`
          ? D
          : D extends 'f32'
            ? D
            : 'f64'
      : D;

/**
 * A live column of type `D` and name `N`: values flow in by `emit` and through expressions, windows
 * and aggregates, which are computed natively, a batch at a time. Everything reached from one source
 * is compiled to one plan; sinks receive a {@link Column} per batch.
 *
 * A missing value is `null`; arithmetic and comparison with it are missing, aggregates skip it.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series } from 'millrace';
 *
 * const prices = new Series('f64');
 * const seen: (number | null)[] = [];
 * prices.mul(2).rolling(2).mean().sink((means) => {
 *   seen.push(...means);
 * });
 * prices.emit([1, 2, 3]);
 * prices.emit(Float64Array.of(4));
 * assert.deepEqual(seen, [null, 3, 5, 7]);
 * ```
 */
export class Series<
  D extends ColumnType = ColumnType,
  N extends string = string,
> extends SeriesFunctions<D, N> {
  readonly [TERM]: Term;
  readonly type: D;
  /** The name of its column in frames and tables. */
  readonly name: N;
  readonly #source: ColumnSource | null;
  #node: PlanNode | null = null;

  /**
   * A source of values of one type.
   *
   * @param type the type of the values
   * @param options `name` (default `value`); `batch` and `linger` say how single values collect; `thread`
   * runs the plan on a thread of its own; `device` says where what has kernels is computed
   */
  constructor(type: D, options?: ColumnSourceOptions & { readonly name?: N }) {
    const { term, source } = isTerm(type)
      ? { term: type, source: null }
      : sourceTerm(checkType('Series', type), options);
    super(term.graph);
    this[TERM] = term;
    this.type = term.type as D;
    this.name = term.name as N;
    this.#source = source;
  }

  /**
   * Emits values. An array or typed array is one batch: the plan runs once and its results are
   * delivered before this returns. A single value waits until `batch` of them have collected, for
   * `linger`, or for `flush()`. Returns a promise, to await for backpressure, where a sink did.
   *
   * Throws a TypeError for a value that the type does not hold, for shared or detached memory, and on
   * a series that is computed from others; nothing is emitted then.
   */
  emit(values: InputOf<D> | ColumnInput<D>): Promise<void> | undefined {
    const source = this.#source;
    if (source === null) {
      throw new TypeError(
        `Cannot emit into series '${this.name}': it is computed, emit into its source '${this[TERM].graph.name}'`,
      );
    }
    if (values instanceof Float64Array && this.type === 'f64') {
      checkBuffer(this.name, values);
      return source.float64(values);
    }
    if (Array.isArray(values) || isTypedArray(values)) return source.columns([values]);
    return source.value(values);
  }

  /**
   * Emits the words of a text into a series of `utf8`: the runs of anything but ASCII whitespace, one
   * value each, found and counted without a JavaScript string for any of them. One call is one batch.
   * A word that the end of the text may have cut is kept back until the next call brings the rest, or
   * until `flush()`, `end()` or another `emit`; a snapshot does not have it. Returns a promise, to
   * await for backpressure, where a sink did.
   *
   * Throws a TypeError for a series of another type or one that is computed, and for shared or
   * detached memory, a RangeError for a word of more than 16 MiB, and an error with the code
   * `ERR_INVALID_ARGUMENT` for bytes that are no UTF-8; nothing is emitted then.
   *
   * @param text UTF-8 bytes, such as the chunks of a file; cut anywhere
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const words = new Series('utf8', { name: 'word' });
   * const counts = words.frequencies().sinkToList();
   * words.emitWords(Buffer.from('to be or not t'));
   * words.emitWords(Buffer.from('o be'));
   * words.flush();
   * assert.deepEqual(counts.at(-1)?.toRows()[0], { word: 'to', count: 2 });
   * ```
   */
  emitWords(text: Uint8Array): Promise<void> | undefined {
    const source = this.#source;
    if (source === null || this.type !== 'utf8') {
      const what =
        source === null ? 'it is computed, emit into its source' : 'it must be utf8, got';
      const got = source === null ? this[TERM].graph.name : this.type;
      throw new TypeError(`Cannot emit words into series '${this.name}': ${what} '${got}'`);
    }
    if (!(text instanceof Uint8Array)) {
      throw new TypeError(`Cannot emit words: text must be a Uint8Array, got ${shown(text)}`);
    }
    checkBuffer(this.name, text);
    return source.words(text);
  }

  /**
   * `this + other`. Integers stay whole, and overflow is an error. A time and a span make a timestamp,
   * a date counting as its first moment; a plain span beside a time is milliseconds, a text such as
   * `'5m'` or bigint nanoseconds.
   */
  add<const O extends OperandOf<D>>(other: O): Series<SumType<D, O>, N> {
    return this.#with('add', other);
  }

  /** `this - other`; of two times the `duration` between them. */
  sub<const O extends OperandOf<D>>(other: O): Series<DifferenceType<D, O>, N> {
    return this.#with('sub', other);
  }

  /**
   * `this * other`; of a duration and a number a duration, to the nearest nanosecond, missing where a
   * factor that is not whole takes it out of range.
   */
  mul<const O extends OperandOf<D>>(other: O): Series<ProductType<D, O>, N> {
    return this.#with('mul', other);
  }

  /**
   * `this / other`, as f64, of an f32 and another or a plain number as f32; division by zero is infinite
   * or NaN. A duration divided by a number is a duration, missing where that is 0.
   */
  div<const O extends OperandOf<D>>(other: O): Series<QuotientType<D, O>, N> {
    return this.#with('div', other);
  }

  /** The remainder of `this / other`, with the sign of `other`: never negative for a positive one. */
  mod<const O extends OperandOf<D>>(other: O): Series<ProductType<D, O>, N> {
    return this.#with('mod', other);
  }

  /** `this` to the power of `other`, as f64; of an f32 and another or a plain number as f32. */
  pow<const O extends Operand>(other: O): Series<PowerType<D, O>, N> {
    return this.#with('pow', other);
  }

  /** `-this`; of an unsigned integer as i64. */
  neg(): Series<D extends UnsignedType ? 'i64' : D, N> {
    checkOperand('neg', this[TERM], isSigned, 'numeric or a duration');
    const type = this.type.startsWith('u') ? 'i64' : this.type;
    return seriesOf(apply('neg', this[TERM], type));
  }

  /** `this` without its sign. */
  abs(): Series<D, N> {
    checkOperand('abs', this[TERM], isSigned, 'numeric or a duration');
    return seriesOf(apply('abs', this[TERM], this.type));
  }

  /** Rounded half to even at `decimals` places (default 0, may be negative). */
  round(decimals = 0): Series<D, N> {
    if (!Number.isInteger(decimals) || Math.abs(decimals) > 300) {
      throw new RangeError(
        `Cannot create round: decimals must be an integer within ±300, got ${shown(decimals)}`,
      );
    }
    return this.#numeric('round', { decimals });
  }

  /** Whether `this` equals `other`; missing where either is. */
  eq(other: Comparable<D>): Series<'bool', N> {
    return this.#with('eq', other);
  }

  /** Whether `this` differs from `other`. */
  ne(other: Comparable<D>): Series<'bool', N> {
    return this.#with('ne', other);
  }

  /** Whether `this` is greater than `other`. */
  gt(other: Comparable<D>): Series<'bool', N> {
    return this.#with('gt', other);
  }

  /** Whether `this` is at least `other`. */
  ge(other: Comparable<D>): Series<'bool', N> {
    return this.#with('ge', other);
  }

  /** Whether `this` is less than `other`. */
  lt(other: Comparable<D>): Series<'bool', N> {
    return this.#with('lt', other);
  }

  /** Whether `this` is at most `other`. */
  le(other: Comparable<D>): Series<'bool', N> {
    return this.#with('le', other);
  }

  /** Whether both are true; false where one is false, even if the other is missing. */
  and(other: SeriesLike<'bool'> | boolean): Series<'bool', N> {
    return this.#with('and', other);
  }

  /** Whether one is true, even if the other is missing. */
  or(other: SeriesLike<'bool'> | boolean): Series<'bool', N> {
    return this.#with('or', other);
  }

  /** Whether `this` is false. */
  not(): Series<'bool', N> {
    checkOperand('not', this[TERM], (type) => type === 'bool', 'bool');
    return seriesOf(apply('not', this[TERM], 'bool'));
  }

  /** Whether the value is missing. Never missing itself. */
  isNull(): Series<'bool', N> {
    return seriesOf(apply('isNull', this[TERM], 'bool'));
  }

  /**
   * `other` where the value is missing; with `{ method: 'forward' }` the last value before that was
   * there, which is one value of state. What is missing before the first value stays so.
   */
  fillNull(other: Exclude<Comparable<D>, null> | FillOptions): Series<D, N> {
    if (!isFillOptions(other)) return this.#with('fillNull', other);
    checkOptions('fillNull', other, ['method']);
    if (other.method !== 'forward') {
      throw new TypeError(
        `Cannot create fillNull: method must be 'forward', got ${shown(other.method)}`,
      );
    }
    return seriesOf(rowsBefore(this[TERM], { op: 'forwardFill' }));
  }

  /** The values that are there, without the missing ones. */
  dropNulls(): Series<D, N> {
    return this.filter(this.isNotNull());
  }

  /** Whether the value is NaN; missing where it is missing, as NaN is a number and not missing. */
  isNan(): Series<'bool', N> {
    checkOperand('isNan', this[TERM], isNumeric, 'numeric');
    return this.#with('ne', this);
  }

  /** Whether the value is at least `low` and at most `high`; missing as `and` of the two is. */
  isBetween(low: Comparable<D>, high: Comparable<D>): Series<'bool', N> {
    return this.ge(low).and(this.le(high));
  }

  /**
   * Whether the value equals one of `values`, of which there may be 1,000; missing where it is missing,
   * false everywhere for no values. NaN equals nothing. Costs a comparison of the column per value.
   *
   * Throws a TypeError for a list that holds a missing value, a RangeError for one that is too long.
   */
  isIn(values: readonly Exclude<Comparable<D>, null | SeriesLike>[]): Series<'bool', N> {
    return isIn(this, values);
  }

  /** The least whole number that is not below the value; of an integer the integer itself. */
  ceil(): Series<D, N> {
    return this.#numeric('ceil');
  }

  /** The square root, as f64 (of f32 as f32); NaN of a negative number. */
  sqrt(): Series<MathOf<D>, N> {
    return this.#math('sqrt');
  }

  /** The natural logarithm, as f64 (of f32 as f32); NaN of a negative number, -infinity of 0. */
  log(): Series<MathOf<D>, N> {
    return this.#math('log');
  }

  /** e to the power of the value, as f64 (of f32 as f32). */
  exp(): Series<MathOf<D>, N> {
    return this.#math('exp');
  }

  /**
   * Without `every` the greatest whole number that is not above the value. With it, a timestamp cut
   * down to whole multiples of `every` since 1970 UTC: `date.floor('1d')`.
   */
  floor(every?: Duration): Series<D, N> {
    if (every === undefined && this.type !== 'timestamp') return this.#numeric('floor');
    checkOperand('floor', this[TERM], (type) => type === 'timestamp', 'a timestamp');
    const options = { every: checkNanoseconds('floor', every as Duration) };
    return seriesOf(apply('floorTime', this[TERM], 'timestamp', options));
  }

  /** The same values under another name. */
  rename<M extends string>(name: M): Series<D, M> {
    if (typeof name !== 'string') {
      throw new TypeError(`Cannot create rename: the name must be a string, got ${shown(name)}`);
    }
    return seriesOf({ ...this[TERM], name });
  }

  /** The rows for which `predicate` is true; one that is missing drops its row. */
  filter(predicate: SeriesLike<'bool'>): Series<D, N> {
    const condition = termOf('filter', predicate);
    checkOperand('filter', condition, (type) => type === 'bool', 'bool');
    checkDomain('filter', this[TERM], condition);
    const { graph, name, type } = this[TERM];
    const input = seriesNode(this[TERM]);
    const spec = { op: 'filter', input, predicate: condition.expr };
    const node = new PlanNode(graph, 'series', [{ name, type }], spec);
    return seriesOf({ graph, domain: node, expr: { of: node }, name, type });
  }

  /**
   * This series and others as the columns of a frame: those over the same rows as they stand, those of
   * other sources side by side with them, the first value with the first, whatever batches they come in
   * (see {@link DataFrame.zip}). Throws a TypeError where two have one name.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const a = new Series('f64', { name: 'a' });
   * const b = new Series('f64', { name: 'b' });
   * const both = a.zip(b);
   * const sums = both.a.add(both.b).sinkToList();
   * a.emit([1, 2, 3]);
   * b.emit([10, 20]);
   * b.emit([30]);
   * assert.deepEqual(sums.flatMap((column) => column.toArray()), [11, 22, 33]);
   * ```
   */
  zip<E extends ColumnType, M extends string>(
    ...others: SeriesLike<E, M>[]
  ): DataFrame<Merge<{ [P in N]: D }, { [P in M]: E }>> {
    const terms = [this[TERM], ...others.map((other) => termOf('zip', other))];
    if (terms.some(({ graph }) => graph !== this[TERM].graph)) {
      return zipRows(terms.map(seriesNode), undefined) as never;
    }
    const names = new Set<string>();
    for (const term of terms) {
      checkDomain('zip', this[TERM], term);
      if (names.has(term.name)) {
        throw new TypeError(`Cannot create zip: two series are named '${term.name}', rename() one`);
      }
      names.add(term.name);
    }
    const columns = terms.map(({ name, type }) => ({ name, type }));
    const { graph, domain } = this[TERM];
    const spec = { op: 'frame', columns: terms.map(({ name, expr }) => ({ name, expr })) };
    return frameOf(new PlanNode(graph, 'frame', columns, spec, domain));
  }

  /**
   * Aggregates over the last `n` rows, one for every row: missing until `minPeriods` are there. Over a
   * span of time, as `rolling('5s')`, over the rows that are less than it older than the row; a time
   * that is missing or earlier than the one before it is an error, and nothing of its batch is taken.
   */
  rolling(
    extent: RollingExtent,
    options: RollingOptions = {},
  ): ColumnAggregates<D, N, 'rows', Schema> {
    const ordered = rollingInOrder(this[TERM], extent, options);
    return this.#over(rolling(ordered.over, extent, ordered.options), ordered.over);
  }

  /** Aggregates over the last `n` rows, or over those of a span of time, `value`; one per batch. */
  window(options: WindowOptions): ColumnAggregates<D, N, 'scalar', Schema> {
    const ordered = inOrder('window', this[TERM], options);
    return this.#over(windows.window(ordered.over, ordered.options), ordered.over);
  }

  /**
   * Aggregates over windows of `n` rows that overlap: a row for every full window, with
   * `returnPartial: true` from the first row on.
   */
  slidingWindow(n: number, options?: FullWindowOptions): ColumnAggregates<D, N, 'rows', Schema> {
    return this.#over(windows.sliding(n, options));
  }

  /**
   * Aggregates over partitions of `n` rows that do not overlap: sinks receive those that a batch
   * completed, nothing where it completed none. Over partitions of a span of time they are tables, as
   * those of {@link DataFrame.partition}: `on` names the times, by default the one timestamp column there is.
   */
  partition(n: number): ColumnAggregates<D, N, 'rows', Schema>;
  partition<const T extends TimeColumn>(
    every: Exclude<Duration, number>,
    options: { readonly on: T; readonly lateness?: Duration },
  ): ColumnAggregates<D, N, 'keyed', { [P in TimeName<T>]: 'timestamp' }>;
  partition(every: Duration, given?: { on?: TimeColumn; lateness?: Duration }): unknown {
    if (typeof every !== 'string' && (typeof every !== 'object' || every === null)) {
      return this.#over(windows.partition(every, given));
    }
    return columnPartition(this[TERM], every, given);
  }

  /** Aggregates over all rows so far, one per batch: `x.expanding().var()` is `x.var()`. */
  expanding(): ColumnAggregates<D, N, 'scalar', Schema> {
    return this.#over(windows.expanding('expanding'));
  }

  /** Exponentially weighted aggregates, one for every row. */
  ewm(options: EwmOptions): WeightedMean<N> {
    return ewm(this[TERM], options);
  }

  /** The sum of all rows so far, one per batch; exact for integers. */
  sum(): Scalar<SumOf<D>> {
    return this.#running().sum();
  }

  /** The mean of all rows so far, one per batch. */
  mean(): Scalar<'f64'> {
    return this.#running().mean();
  }

  /** How many values there were so far, missing ones not counted. */
  count(): Scalar<'i64'> {
    return this.#running().count();
  }

  /** How many rows there were so far. */
  size(): Scalar<'i64'> {
    return this.#running().size();
  }

  /** The least value so far. */
  min(): Scalar<D> {
    return this.#running().min();
  }

  /** The greatest value so far. */
  max(): Scalar<D> {
    return this.#running().max();
  }

  /** The variance of all rows so far. */
  var(options?: SpreadOptions): Scalar<'f64'> {
    return this.#running().var(options);
  }

  /** The standard deviation of all rows so far. */
  std(options?: SpreadOptions): Scalar<'f64'> {
    return this.#running().std(options);
  }

  /** The median of all rows so far, one per batch. Keeps every distinct value, in 16 to 32 bytes. */
  median(): Scalar<'f64'> {
    return this.#running().median();
  }

  /** The value below which the share `q`, from 0 to 1, of all rows so far lies; as `median`. */
  quantile(q: number, options?: QuantileOptions): Scalar<'f64'> {
    return this.#running().quantile(q, options);
  }

  /** The first value so far that is not missing. */
  first(): Scalar<D> {
    return this.#running().first();
  }

  /** The last value so far that is not missing. */
  last(): Scalar<D> {
    return this.#running().last();
  }

  /** How many distinct values there were so far; all of them are kept. */
  nunique(): Scalar<'i64'> {
    return this.#running().nunique();
  }

  /** The running sum, a row for every row. A missing value stays missing and is passed over. */
  cumsum(): Series<D, N> {
    return this.#cumulative('sum');
  }

  /** The running product. */
  cumprod(): Series<D, N> {
    return this.#cumulative('prod');
  }

  /** The running minimum. */
  cummin(): Series<D, N> {
    return this.#cumulative('min');
  }

  /** The running maximum. */
  cummax(): Series<D, N> {
    return this.#cumulative('max');
  }

  /**
   * How often each value has come so far: a table of the value and its `count`, in the order in which
   * they first came. Its state grows with the number of distinct values, and so does the cost of each
   * table: with `{ emit: 'changes' }` a table has those values alone that the batch had, and with
   * `{ emit: 'end' }` there is one when the input has ended.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const dice = new Series('u8', { name: 'eyes' });
   * const changed = dice.valueCounts({ emit: 'changes' }).sinkToList();
   * dice.emit([6, 1, 6]);
   * dice.emit([6]);
   * assert.deepEqual(changed[1]?.toRows(), [{ eyes: 6, count: 3 }]);
   * ```
   */
  valueCounts(options: CountOptions = {}): Summary<Merge<{ [P in N]: D }, { count: 'i64' }>> {
    const emit = checkCountOptions('valueCounts', options);
    const { graph, name, type } = this[TERM];
    const columns: PlanColumn[] = [
      { name, type },
      { name: 'count', type: 'i64' },
    ];
    const input = seriesNode(this[TERM]);
    return new Summary(
      new PlanNode(graph, 'table', columns, { op: 'valueCounts', input, ...emit }),
    );
  }

  /** The same as {@link Series.valueCounts}, under the name that streams use. */
  frequencies(options?: CountOptions): Summary<Merge<{ [P in N]: D }, { count: 'i64' }>> {
    return this.valueCounts(options);
  }

  /**
   * An aggregate of your own over all rows so far, as a stream with one result per batch. Its functions
   * run in JavaScript, a few calls per batch, and get whole columns; see {@link Aggregation} for
   * what its state is to be for `snapshot()`.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const prices = new Series('f64');
   * const spreads = prices
   *   .aggregate({
   *     initial: () => ({ low: Infinity, high: -Infinity }),
   *     onNew: (state, rows) => {
   *       for (const price of rows.values) {
   *         state.low = Math.min(state.low, price);
   *         state.high = Math.max(state.high, price);
   *       }
   *       return state;
   *     },
   *     result: ({ low, high }) => high - low,
   *   })
   *   .sinkToList();
   * prices.emit([3, 5]);
   * prices.emit([9]);
   * assert.deepEqual(spreads, [2, 6]);
   * ```
   */
  aggregate<State, Result = State>(
    aggregation: Aggregation<Column<D>, State, Result>,
  ): Stream<Result> {
    const { name, type } = this;
    const over = { ...this[TERM], expr: { of: this.node() } };
    const applied = aggregateWindows(over, { name, type }, windows.expanding('expanding'));
    return userAggregate('aggregate', applied, aggregation, name) as Stream<Result>;
  }

  /**
   * What kernels yield of this column, batch by batch, on the CPU or a GPU: a series of f32 of its own
   * where they yield a column of it, else a stream with one result per batch. Its state is in
   * `snapshot()`, and goes over to the CPU where the device is lost; `explain()` says where it runs, and
   * why.
   *
   * Throws a TypeError for a column of another type than f32, f64, i32 or u32; when a batch comes, for
   * a missing value, and for f64 where `precision: 'f32'` does not allow it.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { kernels, Series } from 'millrace';
   *
   * const prices = new Series('f32');
   * const medians = prices.compute(kernels({ device: 'cpu' }).rolling(3).median()).sinkToList();
   * prices.emit([5, 1, 3]);
   * prices.emit([2]);
   * assert.deepEqual(medians.flatMap((column) => column.toArray()), [3, 2]);
   * ```
   */
  compute<R>(kernels: Kernels<R>): Computed<R, N> {
    return compute(this.node(), kernels) as Computed<R, N>;
  }

  /** This series as the one column of a frame. */
  toFrame(): DataFrame<{ [P in N]: D }> {
    return this.zip() as unknown as DataFrame<{ [P in N]: D }>;
  }

  /** The values one by one, as the elements of a stream; missing ones as `null`. */
  toStream(): Stream<ValueOf<D> | null> {
    return toStream<ValueOf<D> | null>(this);
  }

  protected override node(): PlanNode {
    this.#node ??= seriesNode(this[TERM]);
    return this.#node;
  }

  #over<R extends 'rows' | 'scalar'>(
    aggregator: Aggregator,
    over: Over = this[TERM],
  ): ColumnAggregates<D, N, R, Schema> {
    const column = { name: this.name, type: this.type };
    const term = over === this[TERM] ? { ...this[TERM], expr: { of: this.node() } } : over;
    return new ColumnAggregates(term, column, aggregator);
  }

  #running(): ColumnAggregates<D, N, 'scalar', Schema> {
    return this.#over(windows.expanding('aggregate'));
  }

  #with<E extends ColumnType>(op: string, other: unknown): Series<E, N> {
    const right = other instanceof Series ? other[TERM] : (other as PlainOperand);
    return seriesOf(combine(op, this[TERM], right));
  }

  #numeric(op: string, options?: { decimals: number }): Series<D, N> {
    checkOperand(op, this[TERM], isNumeric, 'numeric');
    return seriesOf(apply(op, this[TERM], this.type, options));
  }

  #math(op: string): Series<MathOf<D>, N> {
    checkOperand(op, this[TERM], isNumeric, 'numeric');
    return seriesOf(apply(op, this[TERM], this.type === 'f32' ? 'f32' : 'f64'));
  }

  #cumulative(fn: string): Series<D, N> {
    const { graph, domain, name, type } = this[TERM];
    const ordered = fn === 'min' || fn === 'max';
    const fits = (type: ColumnType) => isNumeric(type) || (ordered && isTemporal(type));
    checkOperand(`cum${fn}`, this[TERM], fits, ordered ? 'numbers or times' : 'numeric');
    const spec = { op: 'cumulative', input: this.node(), fn };
    const node = new PlanNode(graph, 'series', [{ name, type }], spec, domain);
    return seriesOf({ graph, domain, expr: { of: node }, name, type });
  }
}

/** The expression of a series; throws a TypeError for anything else. */
export function termOf(operator: string, series: unknown): Term {
  if (!(series instanceof Series)) {
    throw new TypeError(`Cannot create ${operator}: expected a series, got ${shown(series)}`);
  }
  return series[TERM];
}

/** The series that shows an expression. */
export function seriesOf<D extends ColumnType, N extends string>(term: Term): Series<D, N> {
  return new Series<D, N>(term as unknown as D);
}

function isSigned(type: ColumnType): boolean {
  return isNumeric(type) || type === 'duration';
}

function isFillOptions(value: unknown): value is FillOptions {
  return typeof value === 'object' && value !== null && 'method' in value && !(TERM in value);
}

function isTerm(value: unknown): value is Term {
  return typeof value === 'object' && value !== null && 'expr' in value;
}

function sourceTerm(
  type: ColumnType,
  options: ColumnSourceOptions = {},
): { term: Term; source: ColumnSource } {
  const name = options.name ?? 'value';
  const source = new ColumnSource('Series', [{ name, type }], options);
  const { graph } = source;
  const term = { graph, domain: graph.input, expr: { col: name, of: graph.input }, type, name };
  return { term, source };
}

showTermsAs(seriesOf);
showAs('scalar', (node) => new Scalar(node));
showAs('table', (node) => new Summary(node));
showAs('series', (node) => {
  const { name, type } = node.columns[0]!;
  return seriesOf({ graph: node.graph, domain: node.domain, expr: { of: node }, name, type });
});
