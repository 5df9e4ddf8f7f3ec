/** What the sink of an element pipeline saw: enough to tell a right answer, at no cost per element. */
export interface Total {
  count: number;
  last: number;
}

/** A sink that adds nothing to what it measures: numbers kept in object fields allocate nothing. */
export class Tally {
  count = 0;
  last = 0;

  add(value: number): void {
    this.count++;
    this.last = value;
  }

  total(): Total {
    return { count: this.count, last: this.last };
  }
}

/** Spread and centre of a column, taken together. */
export interface Summary {
  sum: number;
  mean: number;
  min: number;
  max: number;
}

/** The number of flights of an airport and their mean delay in minutes. */
export interface OriginMean {
  origin: string;
  count: number;
  mean: number;
}

/** An airport among the ten worst of a day. */
export interface DayWorst extends OriginMean {
  /** Milliseconds since 1970 at the day's midnight. */
  day: number;
}

/** An airport whose mean over its last 50 flights rose above 60 minutes with this flight. */
export interface Alert {
  /** Milliseconds since 1970. */
  at: number;
  origin: string;
  mean: number;
}

/** All results of the flights, in the order in which the stream gives them. */
export interface FlightsAnswer {
  origins: OriginMean[];
  rolling: { rows: number; meanSum: number; stdSum: number; lastMean: number; lastStd: number };
  worst: DayWorst[];
  alerts: Alert[];
}

/** The rolling aggregates that are timed. */
export type RollingAggregate = 'mean' | 'std' | 'min' | 'max' | 'median';

/** A number per key: a Map, or whatever an engine has instead. */
export type Counts<K> = Iterable<readonly [K, number]>;

/** Counts in a table of an engine, which are only made into objects of JavaScript to be compared. */
export function countsOf<K>(read: () => Counts<K>): Counts<K> {
  return { [Symbol.iterator]: () => read()[Symbol.iterator]() };
}

interface Work<Task, Answer> {
  task: Task;
  answer: Answer;
}

/** Every kind of work an engine may know: what it is given and what it must answer. */
export interface Works {
  /** map(increment) → filter(isEven) → accumulate(add) → sink, one call per element. */
  emit: Work<{ values: readonly number[] }, Total>;
  /** The same pipeline, all elements in one call. */
  emitMany: Work<{ values: readonly number[] }, Total>;
  /** The mean of each sliding window of `n`, whose elements are delivered as an array. */
  slidingWindow: Work<{ values: readonly number[]; n: number }, Total>;
  /** The sum of each partition of `n`, whose elements are delivered as an array. */
  partition: Work<{ values: readonly number[]; n: number }, Total>;
  /** Two sources that emit in turn, zipped and added. */
  zip: Work<{ left: readonly number[]; right: readonly number[] }, Total>;
  /** How often each word came, at the end. */
  wordCount: Work<{ words: readonly string[] }, Counts<string>>;
  /** How often each word of a UTF-8 text came, at the end; the text comes in chunks of `chunk` bytes. */
  byteWords: Work<{ text: Uint8Array; chunk: number }, Counts<string>>;
  /** A snapshot of the counts at every word that later words must not change; two are kept. */
  wordSnapshots: Work<
    { words: readonly string[]; keep: number },
    { kept: Counts<string>; last: Counts<string> }
  >;
  /** One source, two branches: map(increment) → sink, map(double) → sink. */
  fork: Work<{ values: readonly number[] }, { left: Total; right: Total }>;
  /** An asynchronous function that does nothing, `parallelism` calls at once, results in order. */
  mapAsync: Work<{ values: readonly number[]; parallelism: number }, Total>;
  /** The lines that a client sends: their number and, as `last`, their characters without ends. */
  tcpLines: Work<{ text: string; lines: number }, Total>;
  /** A rolling aggregate, one value per row from row `n` on; `whole` asks for all, else the last. */
  rolling: Work<
    { values: Float64Array; batch: number; n: number; aggregate: RollingAggregate; whole: boolean },
    { rows: number; values: Float64Array }
  >;
  /**
   * The sums of two columns, row by row, that arrive in turn in batches of two sizes; `whole` asks for
   * all, else the last.
   */
  zipColumns: Work<
    { a: Float64Array; b: Float64Array; batches: readonly [number, number]; whole: boolean },
    { rows: number; values: Float64Array }
  >;
  /**
   * The mean per key, kept up to date with every batch; what it is after the last one. With `integers`
   * rivals may take the ids for keys.
   */
  groupMean: Work<
    {
      names: readonly string[];
      ids: Int32Array;
      values: Float64Array;
      batch: number;
      integers: boolean;
    },
    Counts<string>
  >;
  /** The mean per key of very many, at the end: how many keys there are, and the sum of their means. */
  manyGroups: Work<
    { names: readonly string[]; ids: Int32Array; values: Float64Array; batch: number },
    { groups: number; sum: number }
  >;
  /** The mean per key of rows that are objects, kept up to date; what it is after the last row. */
  recordMean: Work<
    { rows: readonly { readonly key: string; readonly value: number }[]; batch: number },
    Counts<string>
  >;
  /** Sum, mean, minimum and maximum of one resident batch that comes `times` times. */
  summary: Work<{ values: Float64Array; times: number }, Summary>;
  /** The sum of x * 2 + 1 where that is above `above`, of one resident batch, `times` times. */
  expression: Work<{ values: Float64Array; times: number; above: number }, number>;
  /** How often each integer came, at the end, of `values` that come `times` times. */
  valueCounts: Work<{ values: Int32Array; batch: number; times: number }, Counts<number>>;
  /** The sum of `value` per `key`, of records in a file. */
  recordSums: Work<{ path: string; format: 'ndjson' | 'csv' }, Counts<string>>;
  /** The sum of `delay` per `origin`, of the flights. */
  delaySums: Work<{ path: string }, Counts<string>>;
  /** The mean of `value` per `key`, kept up to date, of messages of JSON in a topic of Kafka. */
  kafkaMeans: Work<{ messages: readonly string[] }, Counts<string>>;
  /** How many messages a topic has, by reading them. */
  kafkaCount: Work<{ messages: readonly string[] }, number>;
  /** How many messages were written to a topic. */
  kafkaWrite: Work<{ messages: readonly string[] }, number>;
  /** Everything the flights example computes, from the file. */
  flights: Work<{ path: string }, FlightsAnswer>;
  /** A copy of the column, which no kernel that reads and writes it can beat. */
  copy: Work<{ values: Float64Array }, number>;
}

/** The name of a kind of work. */
export type WorkName = keyof Works;

/** Answers once; called again and again while it is timed. */
export type Run<Answer> = () => Answer | Promise<Answer>;

/** Sets one task up, outside of what is timed, and gives the forms in which the engine can run it. */
export type Prepare<W extends WorkName> = (
  task: Works[W]['task'],
) => Forms<Works[W]['answer']> | Promise<Forms<Works[W]['answer']>>;

/** The ways in which an engine can do one task, by name; the best one counts. */
export type Forms<Answer> = Readonly<Record<string, Run<Answer>>>;

/** One operator of a pipeline that only warms a process up. */
export type Step =
  | { op: 'map'; f: (x: number) => number }
  | { op: 'filter'; f: (x: number) => boolean }
  | { op: 'accumulate'; f: (state: number, x: number) => number }
  | { op: 'slidingWindow' | 'partition'; n: number; f: (xs: readonly number[]) => number };

/** A library under test: millrace, a rival, or a loop written by hand. */
export interface Engine {
  /** As the tables print it. */
  readonly name: string;
  /** The version that was timed. */
  readonly version: string;
  /** Runs a pipeline of these steps over the values, as 100 others do before anything is timed. */
  readonly warm?: (steps: readonly Step[], values: readonly number[]) => void | Promise<void>;
  /** What it can do. */
  readonly works: { readonly [W in WorkName]?: Prepare<W> };
}

export function increment(x: number): number {
  return x + 1;
}

/** An asynchronous no-op. */
export async function later(x: number): Promise<number> {
  return x;
}

export function double(x: number): number {
  return x * 2;
}

export function isEven(x: number): boolean {
  return x % 2 === 0;
}

export function add(a: number, b: number): number {
  return a + b;
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
