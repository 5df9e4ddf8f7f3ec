import type { Sink } from '../sinks/batch-sink.ts';
import type { Stream } from '../stream.ts';
import type { Duration } from '../time/duration.ts';
import {
  type AggregatedSchema,
  type AggregateProperties,
  type AggregateSpec,
  FrameAggregates,
  findColumn,
  schemaOf,
} from './aggregate/frame-aggregates.ts';
import { checkFunction, checkSchema, shown } from './checks.ts';
import { ColumnNode } from './column-node.ts';
import { defineColumns } from './column-properties.ts';
import { toSink, toStream } from './crossing.ts';
import type { DataFrameConstructor } from './data-frame-constructor.ts';
import { call } from './expression/map-values.ts';
import { parseQuery } from './expression/query.ts';
import { checkDomain, checkOperand, type SeriesLike, type Term } from './expression/term.ts';
import type { CsvOptions, FileFormat } from './files/file-options.ts';
import { type FrameReader, type OpenedReader, openFrame } from './files/open-reader.ts';
import { type RunOptions, type RunResult, runReader } from './files/run-reader.ts';
import { GroupBy, type GroupKey, type KeyColumn, type KeySchema } from './group/group-by.ts';
import { type GroupByOptions, groupArguments } from './group/group-options.ts';
import { isArrowData, readArrow } from './input/arrow-in.ts';
import { ColumnSource, type ColumnSourceOptions } from './input/column-source.ts';
import { type AsofJoinOptions, asofJoin } from './join/asof-join.ts';
import { type JoinLatestOptions, joinLatest } from './join/join-latest.ts';
import { rowsOf } from './join/rows-of.ts';
import { type ZipRowsOptions, zipRows } from './join/zip.ts';
import type { Table } from './output/table.ts';
import { type Expr, type PlanColumn, PlanNode } from './plan/plan-node.ts';
import type { Scalar } from './scalar.ts';
import { type Series, seriesOf, termOf } from './series.ts';
import type { Summary } from './summary.ts';
import type { ColumnType, InputColumns, InputRow, Merge, RowOf, Schema } from './types.ts';
import { type Aggregation, userAggregate } from './user/user-aggregate.ts';
import { aggregateWindows } from './user/user-windows.ts';
import {
  FramedWindow,
  type Groups,
  type TimePartitionOptions,
  timePartition,
} from './window/framed-windows.ts';
import { inOrder, type ReorderOptions, reorder, rollingInOrder } from './window/reorder.ts';
import {
  type FullWindowOptions,
  type RollingExtent,
  type RollingOptions,
  rolling,
  type WindowOptions,
  windows,
} from './window/windows.ts';
import { showAs } from './wrap.ts';

/** Data of `apache-arrow` that a frame takes: a table or a record batch. */
export interface ArrowData {
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  readonly numRows: number;
}

/** The columns of the frame as properties; methods win over columns of their name. */
export type ColumnProperties<S extends Schema> = {
  readonly [P in Exclude<keyof S & string, keyof DataFrameMethods<S>>]: Series<S[P], P>;
};

/** The columns of a projection, in its order. */
export type Selected<S extends Schema, P extends keyof S> = { -readonly [K in P]: S[K] };

/** The columns of `S` under new names. */
export type Renamed<S extends Schema, M> = {
  [P in keyof S as P extends keyof M ? (M[P] extends string ? M[P] : P) : P]: S[P];
};

/** The schema of columns that are given as expressions. */
export type Assigned<A> = {
  [P in keyof A]: A[P] extends SeriesLike<infer D> ? D : never;
};

/**
 * What a {@link DataFrame} can do, its column properties aside.
 */
export class DataFrameMethods<S extends Schema> extends ColumnNode<Table<S>> {
  readonly #node: PlanNode;
  readonly #source: ColumnSource | null;
  readonly #reader: FrameReader | null;
  readonly #series = new Map<string, SeriesLike>();

  /**
   * A source of rows.
   *
   * @param schema the columns: names to types
   * @param options `batch` and `linger` say how single rows collect; `name` is shown in messages; `thread`
   * runs the plan on a thread of its own; `device` says where what has kernels is computed
   */
  constructor(schema: S, options?: ColumnSourceOptions) {
    const { node, source, reader } = isOrigin(schema) ? schema : sourceOrigin(schema, options);
    super(node.graph);
    this.#node = node;
    this.#source = source;
    this.#reader = reader;
    defineColumns(this, this.columnNames, (name) => this.col(name));
  }

  /** The columns: names to types. */
  get schema(): S {
    return schemaOf(this.#node) as S;
  }

  /** The names of the columns, in order. */
  get columnNames(): (keyof S & string)[] {
    return this.#node.columns.map(({ name }) => name);
  }

  /**
   * Emits rows: an array of objects, an object of whole columns (arrays or typed arrays), or a table or
   * record batch of `apache-arrow`, as one batch: the plan runs once and its results are delivered
   * before this returns. A single row waits until `batch` of them have collected, for `linger`, or
   * for `flush()`. Returns a promise, to await for backpressure, where a sink did.
   *
   * Properties of rows that are no columns are passed over. Throws a TypeError for a missing column or
   * a value that its column does not hold, a RangeError for columns of different lengths; nothing
   * of the batch is emitted then.
   */
  emit(
    data: readonly InputRow<S>[] | InputColumns<S> | InputRow<S> | ArrowData,
  ): Promise<void> | undefined {
    const source = this.#source;
    if (source === null) throw this.#notEmittable();
    if (Array.isArray(data)) return source.rows(data);
    if (typeof data !== 'object' || data === null) {
      throw new TypeError(
        `Cannot emit: expected rows, columns or an Arrow table, got ${shown(data)}`,
      );
    }
    // A table has methods by the names of many a column: at, get, filter, schema.
    if (source.isRow(data) && !isArrowData(data)) return source.row(data);
    if (isArrowData(data)) return source.columns(readArrow(data, this.#node.columns));
    if (hasColumns(data)) return source.columns(orderColumns(data, this.#node.columns));
    return source.row(data);
  }

  /**
   * Reads the files or the stream that the frame was made from to the end, a batch at a time, and ends
   * the input. Decoding goes on meanwhile, a few batches ahead. Other work of the process gets its turn
   * every few milliseconds, and sinks that return promises are awaited before the next batch. Sinks have
   * to be there before: what no sink needs is not decoded. Files can be read again, by another call.
   *
   * @param options `onProgress` is called after each turn; `signal` ends reading early
   * @returns the rows and batches read, and how many records were left out; rejects with what a sink or
   * the stream threw, or with a MillraceError where a file is damaged, where a record is no row and
   * `onBadRow` does not say otherwise, or where the frame is not one of a file
   */
  run(options?: RunOptions): Promise<RunResult> {
    return runReader(this.#node.graph, this.#reader, options);
  }

  /** One column; throws a TypeError for a name that the frame has not. */
  col<P extends keyof S & string>(name: P): Series<S[P], P> {
    let series = this.#series.get(name);
    if (series === undefined) {
      series = seriesOf(this.#term(findColumn('col', this.#node, name)));
      this.#series.set(name, series);
    }
    return series as unknown as Series<S[P], P>;
  }

  /** The rows for which `predicate` is true; one that is missing drops its row. */
  filter(predicate: SeriesLike<'bool'>): DataFrame<S> {
    const condition = termOf('filter', predicate);
    checkOperand('filter', condition, (type) => type === 'bool', 'bool');
    checkDomain('filter', this.#term(this.#node.columns[0]!), condition);
    const spec = { op: 'filter', input: this.#node, predicate: condition.expr };
    return frameOf(new PlanNode(this.#node.graph, 'frame', this.#node.columns, spec));
  }

  /**
   * The rows in order of a timestamp column, where they come in another: a row waits until one has come
   * that is `lateness` later, or for `end()`, so that earlier ones can still take their place before
   * it; rows of one time stay as they came. One that comes later than that is late: it is dropped,
   * counted in `lateRows` and shown by {@link DataFrameMethods.late}. Which rows are late depends on their
   * order alone, not on their batches.
   *
   * A time that is missing is an error, and nothing of its batch is taken. Cost: a sort of the rows
   * that wait and of the batch, or next to nothing where all are in order already.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const readings = new DataFrame({ at: 'timestamp', celsius: 'f64' });
   * const inOrder = readings.reorder({ lateness: '1s' });
   * const seen = inOrder.rolling('10s').celsius.max().sinkToList();
   * const late = inOrder.late().sinkToList();
   * readings.emit({ at: [0, 900, 400, 5_000, 3_900], celsius: [10, 12, 11, 14, 13] });
   * assert.deepEqual(seen[0]?.toArray(), [10, 11, 12]);
   * assert.deepEqual(late[0]?.toRows(), [{ at: 3_900, celsius: 13 }]);
   * assert.equal(readings.lateRows, 1);
   * ```
   */
  reorder(options: ReorderOptions<S>): DataFrame<S> {
    return frameOf(reorder('reorder', this.#node, options));
  }

  /** The rows that came too late for {@link DataFrameMethods.reorder}; throws a TypeError for another frame. */
  late(): DataFrame<S> {
    const { graph, kind, columns, op } = this.#node;
    if (op !== 'reorder') {
      throw new TypeError(`Cannot create late: only reorder has rows that are late, got ${op}`);
    }
    return frameOf(new PlanNode(graph, kind, columns, { op: 'late', input: this.#node }));
  }

  /**
   * The rows in which none of these columns is missing, by default none of all columns.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
   * const priced = trades.dropNulls('price').sinkToList();
   * trades.emit({ symbol: ['A', null, 'C'], price: [null, 2, 3] });
   * assert.deepEqual(priced[0]?.toColumns(), { symbol: [null, 'C'], price: [2, 3] });
   * ```
   */
  dropNulls<P extends keyof S & string>(...names: P[]): DataFrame<S> {
    const chosen = names.length === 0 ? this.columnNames : names;
    const there = chosen.map((name) => {
      const column = findColumn('dropNulls', this.#node, name);
      return seriesOf<ColumnType, string>(this.#term(column)).isNotNull();
    });
    return this.filter(there.reduce((all, one) => all.and(one)));
  }

  /**
   * What a function of JavaScript makes of each row, as rows of `schema`. It runs outside of the plan:
   * each batch comes up from Rust as objects and goes down again into a plan of its own, which costs
   * many times what expressions do. The result is a source of its own, which ends with this one.
   *
   * What `f` throws reaches the emitter as an error that names the row of the batch, with the thrown
   * one as its `cause`; nothing of that batch is delivered.
   */
  map<const T extends Schema>(f: (row: RowOf<S>) => InputRow<NoInfer<T>>, schema: T): DataFrame<T> {
    checkFunction('map', f);
    const mapped = new DataFrameMethods(schema, { name: this.#node.graph.name });
    const { name } = this.#node.graph;
    mapped.#node.graph.feedFrom(this.#node, {
      receive: (table) =>
        mapped.emit((table as Table<S>).toRows().map((row, at) => call(name, f, row, at))),
      ended: () => mapped.end(),
      reuse: true,
    });
    return mapped as unknown as DataFrame<T>;
  }

  /**
   * The rows that fulfil a condition written as text: columns, numbers, 'text', `+ - * / %`,
   * comparisons (`= == != <> < <= > >=`), `in`, `between`, `and or not`, `is null`, `is not null`,
   * parentheses, and functions: those of series by their name, with the column first, as
   * `year(at) = 2024` and `startsWith(name, 'A')`, `coalesce`, `least`, `greatest`, `if(condition, a,
   * b)` and `cast(size, 'i32')`. Names that are no plain words stand in backquotes. Throws a SyntaxError for anything else.
   */
  query(condition: string): DataFrame<S> {
    return this.filter(
      parseQuery(condition, (name) => seriesOf(this.#term(findColumn('query', this.#node, name)))),
    );
  }

  /** This frame with columns added or replaced by expressions over it. */
  assign<A extends Readonly<Record<string, SeriesLike>>>(
    columns: A,
  ): DataFrame<Merge<S, Assigned<A>>> {
    if (typeof columns !== 'object' || columns === null) {
      throw new TypeError(
        `Cannot create assign: expected columns such as { value: frame.price.mul(2) }, got ${shown(columns)}`,
      );
    }
    const terms = new Map<string, Term>();
    for (const column of this.#node.columns) terms.set(column.name, this.#term(column));
    for (const [name, series] of Object.entries(columns)) {
      const term = termOf(`assign of '${name}'`, series);
      checkDomain('assign', this.#term(this.#node.columns[0]!), term);
      terms.set(name, { ...term, name });
    }
    return this.#project([...terms.values()]);
  }

  /** Only these columns, in this order. */
  select<P extends keyof S & string>(...names: P[]): DataFrame<Selected<S, P>> {
    if (names.length === 0) {
      throw new TypeError('Cannot create select: expected at least one column name');
    }
    return this.#project(names.map((name) => this.#term(findColumn('select', this.#node, name))));
  }

  /** All columns but these. */
  drop<P extends keyof S & string>(...names: P[]): DataFrame<Omit<S, P>> {
    for (const name of names) findColumn('drop', this.#node, name);
    const kept = this.#node.columns.filter(({ name }) => !names.includes(name as P));
    if (kept.length === 0) {
      throw new TypeError('Cannot create drop: at least one column must be left');
    }
    return this.#project(kept.map((column) => this.#term(column)));
  }

  /** The same columns, some under new names: `rename({ price: 'cost' })`. */
  rename<const M extends { readonly [P in keyof S]?: string }>(names: M): DataFrame<Renamed<S, M>> {
    for (const [name, to] of Object.entries(names)) {
      findColumn('rename', this.#node, name);
      if (typeof to !== 'string') {
        throw new TypeError(
          `Cannot create rename: the new name of '${name}' must be a string, got ${shown(to)}`,
        );
      }
    }
    const renames = new Map(Object.entries(names));
    return this.#project(
      this.#node.columns.map((column) => {
        const name = renames.get(column.name) ?? column.name;
        return { ...this.#term(column), name: String(name) };
      }),
    );
  }

  /**
   * Rows by the values of keys: names of columns, or expressions such as `frame.at.floor('1h')`. Last
   * may come options, which say what is emitted and bound the groups, see {@link GroupByOptions}.
   */
  groupBy<const G extends readonly GroupKey<S>[]>(...keys: G): Groups<S, KeySchema<S, G>>;
  groupBy<const G extends readonly GroupKey<S>[]>(
    ...keysAndOptions: [...G, GroupByOptions<S>]
  ): Groups<S, KeySchema<S, G>>;
  groupBy(...given: readonly unknown[]): unknown {
    const { keys, args } = groupArguments(this.#node, given);
    const aggregator = { operator: 'groupBy', op: 'groupBy', args, yields: 'value' } as const;
    return new GroupBy(this.#node, aggregator, keys);
  }

  /**
   * Aggregates over the last `n` rows, one row for every row: missing until `minPeriods` are there.
   * Over a span of time, as `rolling('5s', { on: 'at' })`, over the rows that are less than it older
   * than the row; a time that is missing or earlier than the one before it is an error, and nothing of
   * its batch is taken.
   */
  rolling(extent: RollingExtent, options: RollingOptions = {}): Framed<S, 'rows'> {
    const ordered = rollingInOrder(this.#node, extent, options);
    const aggregator = rolling(ordered.over, extent, ordered.options);
    return new FrameAggregates(ordered.over, aggregator) as unknown as Framed<S, 'rows'>;
  }

  /** The last `n` rows, or those of a span of time, as `{ value: '5s', on: 'at' }`; once per batch. */
  window(options: WindowOptions): FramedWindow<S, 'scalar', Schema> & Framed<S, 'scalar'> {
    const open = (keys: readonly KeyColumn[]) => {
      const ordered = inOrder('window', this.#node, options, keys);
      return { ...ordered, aggregator: windows.window(ordered.over, ordered.options) };
    };
    return new FramedWindow(this.#node, open) as never;
  }

  /** Overlapping windows of `n` rows: a row for every full one, with `returnPartial` for each row. */
  slidingWindow(n: number, options?: FullWindowOptions): Framed<S, 'rows'> {
    return new FrameAggregates(this.#node, windows.sliding(n, options)) as never;
  }

  /**
   * Partitions of `n` rows, whose aggregates are rows; or of a span of event time, as
   * `partition('1d', { on: 'date' })`, cut at whole multiples of it since 1970 UTC. One of time is
   * emitted, as a table that begins with its start, when the first row past its end comes, or at
   * `end()`. A row older than that is late: it is counted in `lateRows` and dropped. With `lateness`
   * rows may come so much later than the latest one, and a partition is emitted that much later.
   */
  partition(n: number): Framed<S, 'rows'>;
  partition<const P extends keyof S & string>(
    every: Exclude<Duration, number>,
    options: { readonly on: P; readonly lateness?: Duration },
  ): FramedWindow<S, 'keyed', { [C in P]: 'timestamp' }> &
    AggregateProperties<S, 'keyed', { [C in P]: 'timestamp' }>;
  partition(every: Duration, options?: TimePartitionOptions): unknown {
    if (typeof every === 'string' || (typeof every === 'object' && every !== null)) {
      return new FramedWindow(this.#node, timePartition(this.#node, every, options));
    }
    return new FrameAggregates(this.#node, windows.partition(every, options));
  }

  /** Aggregates over all rows so far, once per batch. */
  expanding(): Framed<S, 'scalar'> {
    return this.#running('expanding') as unknown as Framed<S, 'scalar'>;
  }

  /** The sums of all numeric columns so far: a table of one row per batch. */
  sum(): ReturnType<FrameAggregates<S, 'scalar', Schema>['sum']> {
    return this.#running().sum();
  }

  /** The means of all numeric columns so far. */
  mean(): ReturnType<FrameAggregates<S, 'scalar', Schema>['mean']> {
    return this.#running().mean();
  }

  /** How many rows there were so far. */
  size(): Scalar<'i64'> {
    return this.#running().size();
  }

  /** Chosen aggregates of chosen columns over all rows so far: a table of one row per batch. */
  agg<const A extends AggregateSpec<S>>(spec: A): Summary<AggregatedSchema<S, A>> {
    return this.#running().agg(spec);
  }

  /**
   * An aggregate of your own over all rows so far, as a stream with one result per batch. Its functions
   * run in JavaScript, a few calls per batch, and get whole tables; see {@link Aggregation} for
   * what its state is to be for `snapshot()`.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const trades = new DataFrame({ price: 'f64', size: 'f64' });
   * const values = trades
   *   .aggregate({
   *     initial: () => 0,
   *     onNew: (sum, rows) => {
   *       const prices = rows.column('price').values;
   *       const sizes = rows.column('size').values;
   *       return prices.reduce((total, price, i) => total + price * sizes[i]!, sum);
   *     },
   *   })
   *   .sinkToList();
   * trades.emit({ price: [10, 20], size: [1, 2] });
   * assert.deepEqual(values, [50]);
   * ```
   */
  aggregate<State, Result = State>(
    aggregation: Aggregation<Table<S>, State, Result>,
  ): Stream<Result> {
    const applied = aggregateWindows(this.#node, null, windows.expanding('expanding'));
    return userAggregate('aggregate', applied, aggregation, 'result') as Stream<Result>;
  }

  /**
   * The rows of this frame and of another side by side, the first with the first and so on, whatever
   * batches they come in; with a series, its column. A row waits for its partner; one that has none when
   * both inputs have ended is dropped. The result is a graph of its own, and ends when both have.
   *
   * @param options `maxRows`: how many rows of one may wait before `emit` returns a promise for the time
   * when fewer do, default 1,000,000
   * @throws TypeError where both have a column of one name: `rename` it
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const bids = new DataFrame({ bid: 'f64' });
   * const asks = new DataFrame({ ask: 'f64' });
   * const both = bids.zip(asks);
   * const spreads = both.ask.sub(both.bid).sinkToList();
   * bids.emit({ bid: [1, 2, 3] });
   * asks.emit({ ask: [1.5] });
   * asks.emit({ ask: [3, 3.25] });
   * assert.deepEqual(spreads.flatMap((column) => column.toArray()), [0.5, 1, 0.25]);
   * ```
   */
  zip<O extends Schema>(
    other: DataFrameMethods<O>,
    options?: ZipRowsOptions,
  ): DataFrame<Merge<S, O>>;
  zip<D extends ColumnType, N extends string>(
    other: Series<D, N>,
    options?: ZipRowsOptions,
  ): DataFrame<Merge<S, { [P in N]: D }>>;
  zip(other: unknown, options?: ZipRowsOptions): unknown {
    return zipRows([this.#node, rowsOf('zip', other)], options);
  }

  /**
   * Every row of this frame with the row of another that came last, or, with `on`, last of those with
   * the same values in these columns; where there was none yet, or a key is missing, the columns of the
   * other are missing. What counts is the order in which batches are emitted: for an order by time see
   * {@link DataFrameMethods.asofJoin}. The other may be the table of a `groupBy`. The result is a graph of
   * its own and ends with this frame; it keeps one row for each key.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const orders = new DataFrame({ symbol: 'utf8', size: 'f64' });
   * const prices = new DataFrame({ symbol: 'utf8', price: 'f64' });
   * const priced = orders.joinLatest(prices, { on: 'symbol' }).sinkToList();
   * prices.emit({ symbol: ['A'], price: [10] });
   * orders.emit({ symbol: ['A', 'B'], size: [1, 2] });
   * assert.deepEqual(priced[0]?.toRows(), [
   *   { symbol: 'A', size: 1, price: 10 },
   *   { symbol: 'B', size: 2, price: null },
   * ]);
   * ```
   */
  joinLatest<O extends Schema, const P extends keyof S & keyof O & string = never>(
    other: DataFrameMethods<O> | Summary<O>,
    options?: JoinLatestOptions<P>,
  ): DataFrame<Merge<S, Omit<O, P>>> {
    return joinLatest(this.#node, rowsOf('joinLatest', other, true), options) as never;
  }

  /**
   * Every row of this frame with the last row of another that is not after it, by a column of times or
   * numbers that both have and that never goes back; with `by`, of the rows with the same values in these
   * columns. Where there is none, or none within `tolerance`, the columns of the other are missing.
   *
   * A row goes out once no earlier partner can come: when the other has one that is later, or has ended.
   * So the result does not depend on which frame's batches come first. It is a graph of its own, and ends
   * when both have.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const trades = new DataFrame({ at: 'timestamp', size: 'f64' });
   * const quotes = new DataFrame({ at: 'timestamp', bid: 'f64' });
   * const seen = trades.asofJoin(quotes, { on: 'at', tolerance: '10s' }).sinkToList();
   * trades.emit({ at: [1_000, 2_000, 60_000], size: [1, 2, 3] });
   * quotes.emit({ at: [500, 2_000], bid: [9, 8] });
   * trades.end();
   * quotes.end();
   * assert.deepEqual(seen.flatMap((table) => table.toRows()), [
   *   { at: 1_000, size: 1, bid: 9 },
   *   { at: 2_000, size: 2, bid: 8 },
   *   { at: 60_000, size: 3, bid: null },
   * ]);
   * ```
   *
   * @throws RangeError from `emit`, where rows go back in the order: none of that batch is joined
   */
  asofJoin<
    O extends Schema,
    const T extends keyof S & keyof O & string,
    const P extends keyof S & keyof O & string = never,
  >(
    other: DataFrameMethods<O>,
    options: AsofJoinOptions<P> & { readonly on: T },
  ): DataFrame<Merge<S, Omit<O, T | P>>> {
    return asofJoin(this.#node, rowsOf('asofJoin', other), options) as never;
  }

  /**
   * Ends this branch in a sink that takes tables, such as `toParquetFiles`; it is ended with the input. A
   * stream of what became of them comes back.
   */
  to<R>(sink: Sink<Table<S>, R, unknown>): Stream<R> {
    return toSink<Table<S>, R>(this, sink);
  }

  /** The rows one by one, as the elements of a stream: objects, missing values as `null`. */
  toStream(): Stream<RowOf<S>> {
    return toStream<RowOf<S>>(this);
  }

  protected override node(): PlanNode {
    return this.#node;
  }

  #running(operator = 'aggregate'): FrameAggregates<S, 'scalar', Schema> {
    return new FrameAggregates(this.#node, windows.expanding(operator));
  }

  #term(column: PlanColumn): Term {
    const { graph, domain } = this.#node;
    return { graph, domain, expr: { col: column.name, of: this.#node }, ...column };
  }

  #project<T extends Schema>(terms: readonly Term[]): DataFrame<T> {
    const { graph, domain } = this.#node;
    const names = new Set(terms.map(({ name }) => name));
    if (names.size < terms.length) {
      throw new TypeError(
        `Cannot create frame: columns must have different names, got ${terms.map(({ name }) => name).join(', ')}`,
      );
    }
    const columns = terms.map(({ name, type }) => ({ name, type }));
    const spec = { op: 'frame', columns: terms.map(({ name, expr }) => ({ name, expr })) };
    return frameOf(new PlanNode(graph, 'frame', columns, spec, domain));
  }

  #notEmittable(): TypeError {
    const what = this.#reader === null ? 'it is computed, emit into its source' : 'it reads a file';
    return new TypeError(`Cannot emit into frame '${this.#node.graph.name}': ${what}`);
  }
}

/** Aggregates of a frame, with its columns as properties. */
export type Framed<S extends Schema, R extends 'rows' | 'scalar'> = FrameAggregates<S, R, Schema> &
  AggregateProperties<S, R, Schema>;

/**
 * Live rows of named, typed columns: rows flow in by `emit` or from a file, and through expressions,
 * windows, groups and aggregates, which are computed natively, a batch at a time. Everything reached
 * from one source is compiled to one plan; sinks receive a {@link Table} per batch.
 *
 * Columns are properties (`trades.price`) unless a method has their name; `col('price')` always works.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { DataFrame } from 'millrace';
 *
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64', size: 'i64' });
 * const seen: unknown[] = [];
 * trades
 *   .assign({ value: trades.price.mul(trades.col('size')) })
 *   .query('value > 10')
 *   .select('symbol', 'value')
 *   .sink((table) => {
 *     seen.push(...table);
 *   });
 * trades.emit([
 *   { symbol: 'A', price: 1.5, size: 4 },
 *   { symbol: 'B', price: 2, size: 10 },
 * ]);
 * assert.deepEqual(seen, [{ symbol: 'B', value: 20 }]);
 * ```
 */
export type DataFrame<S extends Schema = Schema> = DataFrameMethods<S> & ColumnProperties<S>;

export const DataFrame: DataFrameConstructor = Object.assign(DataFrameMethods, {
  fromNdjson: reading('ndjson', 'DataFrame.fromNdjson'),
  fromCsv: reading('csv', 'DataFrame.fromCsv'),
  fromParquet: reading('parquet', 'DataFrame.fromParquet'),
  fromArrow: reading('arrow', 'DataFrame.fromArrow'),
}) as unknown as DataFrameConstructor;

interface Origin {
  readonly node: PlanNode;
  readonly source: ColumnSource | null;
  readonly reader: FrameReader | null;
}

/** The frame that shows a node. */
export function frameOf<S extends Schema>(node: PlanNode): DataFrame<S> {
  return fromOrigin({ node, source: null, reader: null });
}

/** What makes frames of a format. */
function reading(format: FileFormat, operator: string) {
  return (source: unknown, options?: CsvOptions) => {
    const opened = openFrame(format, operator, source, options);
    return opened instanceof Promise ? opened.then(frameOfReader) : frameOfReader(opened);
  };
}

function frameOfReader(opened: OpenedReader): DataFrame {
  const { columns, picked, name, operator, thread } = opened;
  const source = new ColumnSource(operator, columns, { name, thread }, true);
  const { graph } = source;
  const same = picked.length === columns.length && picked.every((one, i) => one === columns[i]);
  const node = same ? graph.input : selectNode(graph.input, picked);
  return fromOrigin({ node, source: null, reader: opened });
}

function selectNode(input: PlanNode, columns: readonly PlanColumn[]): PlanNode {
  const named = columns.map(({ name, type }) => {
    const expr: Expr = { col: name, of: input };
    const own = input.columns.find((column) => column.name === name);
    // What folders say is text.
    if (own?.type === type) return { name, expr };
    return { name, expr: { op: 'cast', args: [expr], to: type, strict: true } };
  });
  const spec = { op: 'frame', columns: named };
  return new PlanNode(input.graph, 'frame', columns, spec, input.domain);
}

function fromOrigin<S extends Schema>(origin: Origin): DataFrame<S> {
  return new DataFrameMethods(origin as unknown as S) as unknown as DataFrame<S>;
}

function isOrigin(value: unknown): value is Origin {
  return (
    typeof value === 'object' && value !== null && 'node' in value && value.node instanceof PlanNode
  );
}

function sourceOrigin(schema: unknown, options?: ColumnSourceOptions): Origin {
  checkSchema('DataFrame', schema);
  const columns = Object.entries(schema).map(([name, type]) => ({ name, type }));
  const source = new ColumnSource('DataFrame', columns, options);
  return { node: source.graph.input, source, reader: null };
}

/** Whether an object holds whole columns rather than the values of one row. */
function hasColumns(data: object): boolean {
  const first: unknown = Object.values(data)[0];
  return Array.isArray(first) || ArrayBuffer.isView(first);
}

function orderColumns(data: object, columns: readonly PlanColumn[]): unknown[] {
  const given = data as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (!columns.some((column) => column.name === name)) {
      throw new TypeError(
        `Cannot emit: no column '${name}', the frame has ${columns.map((column) => column.name).join(', ')}`,
      );
    }
  }
  return columns.map(({ name }) => {
    if (!Object.hasOwn(given, name)) {
      throw new TypeError(
        `Cannot emit: column '${name}' is missing, got ${Object.keys(given).join(', ')}`,
      );
    }
    return given[name];
  });
}

showAs('frame', frameOf);
