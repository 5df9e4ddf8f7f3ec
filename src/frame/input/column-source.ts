import { adapterChoice, openGpu } from '../../device/gpu.ts';
import { checkDeviceOptions, type DeviceOptions } from '../../device/options.ts';
import type { TypedArray } from '../../native/plan.ts';
import { type Clock, currentClock, type TimerHandle } from '../../time/clock.ts';
import { type Duration, parseDuration } from '../../time/duration.ts';
import { checkCount, shown } from '../checks.ts';
import { Graph, type GraphSource } from '../plan/graph.ts';
import type { PlanColumn } from '../plan/plan-node.ts';
import { type ThreadOptions, threadSettings } from '../plan/thread-options.ts';
import { ArrayInput, DictionaryInput } from './arrow-in.ts';
import { checkBuffer, isTypedArray, typedColumn } from './column-input.ts';
import { ColumnWriter, Interner } from './column-writer.ts';
import { createRowReader, loopReader, type RowReader } from './row-reader.ts';

/** How single values are collected into batches, and how a source is named. */
export interface BatchOptions {
  /** Shown in graphs and messages; of a series also the name of its column. */
  readonly name?: string;
  /** Single values collect up to this many, default 1,024; at least 1. */
  readonly batch?: number;
  /**
   * The longest that a single value waits for its batch to fill, see {@link Duration}. By default it
   * waits for `flush()`.
   */
  readonly linger?: Duration;
  /** Where `linger`, and `ttl` of groups, get their time from; by default the process's clock. */
  readonly clock?: Clock;
  /**
   * Runs the plan on a thread of its own: `emit` copies a batch and hands it over, and results come
   * later, in order. It returns a promise, to await, where there is no room for the batch. Default
   * `false`: the plan runs in `emit`. Pays where a batch is worth more than some 100 µs of computing and
   * there is other work for the thread of JavaScript.
   */
  readonly thread?: boolean | ThreadOptions;
}

/** Options of sources: how values are collected, and where what hangs on them is computed. */
export interface ColumnSourceOptions extends BatchOptions, DeviceOptions {}

const DEFAULT_BATCH = 1024;

/** Rows up to which the memory of a batch is kept for the next. */
const KEPT_ROWS = 1 << 16;

/** The longest word, in bytes, that is kept until its end comes. */
const LONGEST_WORD = 1 << 24;

const NOTHING = new Uint8Array(0);

/** A column of {@link ColumnSource.columns} after its kind was checked. */
type ColumnValues = ArrayLike<unknown> | ArrayInput | DictionaryInput;

type Settled = Promise<void> | undefined;

/**
 * The way into a graph: turns rows, columns and single values into the buffers of one plan call.
 * A batch that does not fit is refused as a whole.
 */
export class ColumnSource implements GraphSource {
  readonly graph: Graph;
  readonly #batch: number;
  readonly #linger: number | undefined;
  readonly #clock: Clock;
  #writers: ColumnWriter[] = [];
  #used: boolean[] = [];
  #reader: RowReader | undefined;
  /** That of the graph which the writers are made for; none at first. */
  #generation = -2;
  #rows = 0;
  #timer: TimerHandle | undefined;
  /** The begin of a word whose end has not come yet. */
  #word: Uint8Array = NOTHING;
  /** What ran outside of any call of the user's, who gets its outcome with the next call. */
  #late: Promise<void>[] = [];
  /** Texts that stand aside while words run. */
  #held: (string | null)[] = [];

  constructor(
    operator: string,
    columns: readonly PlanColumn[],
    options: ColumnSourceOptions = {},
    isRead = false,
  ) {
    const device = sourceDevice(operator, options);
    this.#batch = checkCount(operator, 'batch', options.batch ?? DEFAULT_BATCH);
    this.#linger =
      options.linger === undefined ? undefined : parseDuration(options.linger, operator);
    this.#clock = options.clock ?? currentClock();
    const thread = threadSettings(operator, options.thread);
    this.graph = new Graph(options.name ?? operator, columns, this, {
      thread,
      device,
      isRead,
    });
  }

  /** Whether an object is one ordinary row rather than whole columns. */
  isRow(data: object): boolean {
    if (this.#generation !== this.graph.generation) this.#prepare();
    return this.#reader!.isRow(data);
  }

  /** Collects one row. */
  row(row: unknown): Settled {
    if (this.#rows === 0 || this.#generation !== this.graph.generation) this.#prepare();
    try {
      this.#reader!.one(row, this.#rows);
    } catch (error) {
      this.#discard(this.#rows);
      throw error;
    }
    const rows = ++this.#rows;
    return rows === 1 || rows >= this.#batch ? this.#added() : undefined;
  }

  /** Collects one value of a source with a single column. */
  value(value: unknown): Settled {
    if (this.#rows === 0 || this.#generation !== this.graph.generation) this.#prepare();
    const writer = this.#writers[0]!;
    if (typeof value === 'number' && writer.type === 'f64') writer.values[this.#rows] = value;
    else {
      try {
        writer.other(this.#rows, value);
      } catch (error) {
        this.#discard(this.#rows);
        throw error;
      }
    }
    const rows = ++this.#rows;
    return rows === 1 || rows >= this.#batch ? this.#added() : undefined;
  }

  /** Runs rows as one batch. */
  rows(rows: readonly unknown[]): Settled {
    const before = this.#flushBefore();
    this.#beside(() => {
      this.#prepare(rows.length);
      try {
        this.#reader!.many(rows);
      } catch (error) {
        this.#discard(0);
        throw error;
      }
      this.#compute(rows.length);
    });
    return both(before, this.graph.deliver());
  }

  /** Runs whole columns, in the order of the schema, as one batch. */
  columns(inputs: readonly unknown[]): Settled {
    const before = this.#flushBefore();
    this.#beside(() => this.#computeColumns(inputs));
    return both(before, this.graph.deliver());
  }

  #computeColumns(inputs: readonly unknown[]): void {
    this.#prepare();
    const rows = this.#checkLengths(inputs);
    const buffers: (TypedArray | null)[] = [];
    try {
      // Only when all are known to fit: the plan then gets the new strings of each.
      const direct = inputs.map((input, c) => this.#writeColumn(c, input as ColumnValues));
      direct.forEach((array, c) => {
        const input = inputs[c];
        const validity = input instanceof ArrayInput ? input.validity : null;
        this.#finishColumn(c, array, validity, rows, buffers);
      });
      this.graph.compute(rows, buffers);
    } catch (error) {
      this.#checkIds(inputs);
      throw error;
    } finally {
      this.#empty();
    }
  }

  /**
   * Computes a batch beside rows that have been collected, which stay so: what was flushed before the
   * batch may have had a sink emit them.
   */
  #beside(compute: () => void): void {
    if (this.#rows === 0) {
      compute();
      return;
    }
    const [writers, reader, rows] = [this.#writers, this.#reader, this.#rows];
    // Strings have one id in both.
    this.#writers = writers.map(
      ({ name, type, interner }) => new ColumnWriter(name, type, this.#batch, interner),
    );
    this.#reader = loopReader(
      this.#writers,
      writers.map(({ name }) => name),
    );
    this.#rows = 0;
    try {
      compute();
    } finally {
      [this.#writers, this.#reader, this.#rows] = [writers, reader, rows];
    }
  }

  /** Runs an f64 column without missing values, the one column of this source, as one batch. */
  float64(values: Float64Array): Settled {
    if (this.#rows === 0 && this.#late.length === 0) return this.graph.pushF64(values);
    return both(this.flush(), this.graph.pushF64(values));
  }

  /** Runs the words of a text, but for one that its end may have cut, as one batch. */
  words(text: Uint8Array): Settled {
    const before = this.#rows > 0 || this.#late.length > 0 ? this.flush() : undefined;
    const whole = this.#word.length === 0 ? text : Buffer.concat([this.#word, text]);
    const end = endOfWords(whole);
    if (whole.length - end > LONGEST_WORD) {
      throw new RangeError(
        `Cannot emit words: a word must have at most ${LONGEST_WORD} bytes, got ${whole.length - end} without whitespace`,
      );
    }
    if (this.#rows > 0) this.#hold();
    try {
      const settled = this.#runWords(whole.subarray(0, end));
      this.#word = Uint8Array.from(whole.subarray(end));
      return both(before, settled);
    } finally {
      this.#giveBack();
    }
  }

  /** Runs what was collected; its outcome is for the next call. */
  settle(): void {
    this.#cancel();
    if (this.#rows > 0) this.#runLate();
  }

  /** Runs what was collected. */
  flush(): Settled {
    this.#cancel();
    const late = both(this.#takeLate(), this.#lastWord());
    if (this.#rows === 0) return late;
    return both(late, this.#run(this.#rows));
  }

  /** Runs what was collected and what the plan holds back until the end of its input. */
  end(): Settled {
    const flushed = this.flush();
    return both(flushed, this.graph.end());
  }

  /** Forgets what was collected. */
  clear(): void {
    this.#cancel();
    this.#discard(0);
    this.#rows = 0;
    this.#word = NOTHING;
  }

  /** The time by the clock of this source. */
  wallTime(): number {
    return this.#clock.wallTime();
  }

  /** What is left to do after the first value of a batch and after the last. */
  #added(): Settled {
    if (this.#rows >= this.#batch) return this.flush();
    if (this.#linger !== undefined && this.#timer === undefined) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = undefined;
        if (this.#rows > 0) this.#runLate();
      }, this.#linger);
    }
    return this.#late.length === 0 ? undefined : this.#takeLate();
  }

  /** Runs what was collected, and keeps its outcome for the next call: nobody else would see it. */
  #runLate(): void {
    try {
      const settled = this.#run(this.#rows);
      if (settled !== undefined) this.#keepLate(settled);
    } catch (error) {
      this.#keepLate(Promise.reject(error));
    }
  }

  #keepLate(settled: Promise<void>): void {
    settled.catch(() => {});
    this.#late.push(settled);
  }

  #takeLate(): Settled {
    if (this.#late.length === 0) return undefined;
    const late = this.#late;
    this.#late = [];
    return Promise.all(late).then(() => {});
  }

  #flushBefore(): Settled {
    const waits = this.#rows > 0 || this.#late.length > 0 || this.#word.length > 0;
    return waits ? this.flush() : undefined;
  }

  /** Runs a word whose end is not to come. */
  #lastWord(): Settled {
    const word = this.#word;
    this.#word = NOTHING;
    return word.length === 0 ? undefined : this.#runWords(word);
  }

  /** Sets aside what a sink emitted while the batch before was delivered: the words get its ids. */
  #hold(): void {
    const [writer] = this.#writers;
    for (let row = 0; row < this.#rows; row++) this.#held.push(writer!.textAt(row));
    this.#discard(0);
    this.#rows = 0;
  }

  /** Collects again what was set aside. */
  #giveBack(): void {
    const held = this.#held;
    this.#held = [];
    for (const text of held) {
      const settled = this.value(text);
      if (settled !== undefined) this.#keepLate(settled);
    }
  }

  #runWords(text: Uint8Array): Settled {
    // Strings that the writers hold back have ids which the plan gives to others.
    this.#generation = -2;
    return this.graph.pushWords(text);
  }

  #run(rows: number): Settled {
    this.#compute(rows);
    return this.graph.deliver();
  }

  #compute(rows: number): void {
    const buffers: (TypedArray | null)[] = [];
    this.#rows = 0;
    try {
      this.#writers.forEach((writer, c) => {
        if (this.#used[c]) writer.finish(rows, buffers);
        else pushNothing(writer, buffers);
      });
      this.graph.compute(rows, buffers);
    } finally {
      this.#empty();
    }
  }

  /** Throws where an id is beyond its table, naming the row: the plan may be all that looked. */
  #checkIds(inputs: readonly unknown[]): void {
    inputs.forEach((input, c) => {
      if (this.#used[c] && input instanceof DictionaryInput) this.#writers[c]!.fillFrom(input);
    });
  }

  /** The array that the plan reads as it stands, unless the values had to be written. */
  #writeColumn(c: number, input: ColumnValues): TypedArray | undefined {
    const writer = this.#writers[c]!;
    if (input instanceof DictionaryInput) {
      if (!this.#used[c]) return undefined;
      const same = writer.sameIds(input);
      if (same === undefined) writer.fillFrom(input);
      else checkBuffer(writer.name, same);
      return same;
    }
    if (input instanceof ArrayInput) return input.values;
    const direct = isTypedArray(input) ? typedColumn(writer, input) : undefined;
    if (direct === undefined && (this.#used[c] || !isTypedArray(input))) writer.fill(input);
    return direct;
  }

  #finishColumn(
    c: number,
    direct: TypedArray | undefined,
    validity: Uint8Array | null,
    rows: number,
    buffers: (TypedArray | null)[],
  ): void {
    const writer = this.#writers[c]!;
    if (!this.#used[c]) pushNothing(writer, buffers);
    else if (direct === undefined) writer.finish(rows, buffers);
    else if (writer.interner !== null) writer.finishSame(direct as Int32Array, buffers);
    else buffers.push(direct, validity);
  }

  #checkLengths(inputs: readonly unknown[]): number {
    let rows = -1;
    inputs.forEach((input, c) => {
      const { name } = this.graph.columns[c]!;
      if (input instanceof ArrayInput) {
        checkBuffer(name, input.values);
        checkBuffer(name, input.validity);
      } else if (
        !Array.isArray(input) &&
        !isTypedArray(input) &&
        !(input instanceof DictionaryInput)
      ) {
        throw new TypeError(
          `Cannot emit: column '${name}' must be an array or a typed array, got ${shown(input)}`,
        );
      }
      if (isTypedArray(input)) checkBuffer(name, input);
      if (rows >= 0 && input.length !== rows) {
        throw new RangeError(
          `Cannot emit: columns must have one length, got ${rows} in '${this.graph.columns[0]!.name}' and ${input.length} in '${name}'`,
        );
      }
      rows = input.length;
    });
    return rows;
  }

  /** Fits the writers to the plan as it is now, with room for `rows`. */
  #prepare(rows = this.#batch): void {
    if (this.#held.length > 0) this.#giveBack();
    if (this.#generation !== this.graph.generation) this.graph.learnStrings();
    const plan = this.graph.plan();
    if (this.#generation !== this.graph.generation) {
      this.#generation = this.graph.generation;
      this.#writers = this.graph.columns.map(({ name, type }, c) => {
        const dictionary = plan?.input[c]?.dictionary ?? null;
        if (dictionary === null || plan === null) return new ColumnWriter(name, type, rows, null);
        plan.dictionaries[dictionary] ??= [];
        return new ColumnWriter(name, type, rows, new Interner(plan.dictionaries[dictionary]));
      });
      this.#used = this.graph.columns.map(
        (_, c) => plan?.input[c]?.used === true || this.graph.isReadBeside(c),
      );
      this.#reader = createRowReader(
        this.#writers.map((writer, c) => ({ writer, used: this.#used[c]! })),
      );
    } else {
      // Each by itself: of the columns of a batch only some may have gone through their writers.
      for (const writer of this.#writers) writer.grow(rows);
    }
  }

  /** Makes room for the next batch: sinks may emit while this one's results are delivered. */
  #empty(): void {
    this.#discard(0);
    const most = Math.max(KEPT_ROWS, this.#batch);
    for (const writer of this.#writers) writer.shrink(most, this.#batch);
  }

  #discard(from: number): void {
    for (const writer of this.#writers) writer.discard(from);
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function pushNothing({ type, interner }: ColumnWriter, buffers: (TypedArray | null)[]): void {
  buffers.push(null, null);
  if (type === 'utf8') buffers.push(null);
  if (interner !== null) buffers.push(null);
}

/** Throws for options that a source does not take; those of the device. */
function sourceDevice(operator: string, options: ColumnSourceOptions): DeviceOptions {
  checkDeviceOptions(operator, options, ['name', 'batch', 'linger', 'clock', 'thread']);
  const { device, precision, adapter } = options;
  const chosen = {
    ...(device !== undefined && { device }),
    ...(precision !== undefined && { precision }),
    ...(adapter !== undefined && { adapter }),
  };
  if (device === 'gpu') openGpu(adapterChoice(chosen));
  return chosen;
}

/** One outcome out of two. */
export function both(first: Settled, second: Settled): Settled {
  if (first === undefined) return second;
  if (second === undefined) return first;
  return Promise.all([first, second]).then(() => {});
}

/** Where the last word begins that the end of a text may have cut; its length where there is none. */
function endOfWords(text: Uint8Array): number {
  let end = text.length;
  while (end > 0 && !isWhitespace(text[end - 1]!)) end--;
  return end;
}

/** Tab, line feed, vertical tab, form feed, carriage return and space. */
function isWhitespace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
