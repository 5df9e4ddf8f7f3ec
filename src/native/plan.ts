import type { NativePlan, NativeReader, NativeRows, TypedArray } from './binding.d.ts';
import { crossing, nativeError } from './errors.ts';
import { native } from './load.ts';

export type { TypedArray } from './binding.d.ts';

/** A column as a compiled plan describes it; `dictionary` is the id of its table of strings. */
export interface ColumnDescription {
  readonly name: string;
  readonly type: string;
  readonly dictionary: number | null;
}

/** A column of an input; one that is not `used` need not be filled. */
export interface InputDescription extends ColumnDescription {
  readonly used: boolean;
}

/** One sink of a compiled plan: the node it shows and what it gets. */
export interface SinkDescription {
  readonly node: number;
  readonly kind: 'scalar' | 'series' | 'frame' | 'table';
  readonly columns: readonly ColumnDescription[];
}

/** The work of one node of a plan. */
export interface NodeTally {
  /** Batches that it ran for. */
  readonly batches: number;
  /** Rows that it yielded. */
  readonly rows: number;
  /** Time that it took, with the expressions that it was the first to need. */
  readonly seconds: number;
  /** Whether it runs: aggregates read through a filter or projection that nothing else needs. */
  readonly runs: boolean;
}

interface Stats {
  readonly lateRows: number;
  readonly evictedGroups: number;
  readonly nodes: readonly NodeTally[];
}

/** What reads files and streams, and feeds plans. */
export type Reader = NativeReader;

/** Rows that were decoded and not run. */
export type DecodedRows = NativeRows;

/**
 * Results per allocation, where they are small. Larger blocks come fresh from the system, page by
 * page, which costs as much as computing what goes in; of this size they come back from the heap.
 */
const SLAB_BYTES = 1 << 16;
const CONTROL_LENGTH = 1024;
const DICTIONARY_START = 4;
/** Numbers of the record of one scalar. */
const SCALAR_RECORD = 6;
/** What `NativePlan.poll` gives where no result has come. */
const NOTHING = -2;

const decoder = new TextDecoder();

/**
 * One compiled plan and the memory its results go to. After a call that runs it, {@link Plan.count}
 * emissions are described in {@link Plan.control} from index {@link Plan.first} on, their columns
 * lying in {@link Plan.memory}, where they stay as they are for good.
 */
export class Plan {
  readonly input: readonly InputDescription[];
  readonly sinks: readonly SinkDescription[];
  /** The strings of each dictionary, by its id and theirs. They only ever grow. */
  readonly dictionaries: string[][] = [];
  control = new Float64Array(CONTROL_LENGTH);
  memory: ArrayBuffer;
  count = 0;
  first = DICTIONARY_START;
  readonly #native: NativePlan;
  /** Runs a whole batch of floats, where all that the plan does is to aggregate them. */
  readonly #reduce: ((values: Float64Array, control: Float64Array) => number) | null;
  #slab: Uint8Array;
  #offset = 0;
  /** The plan has found strings by itself, and not all results show them. */
  #hasForeign = false;
  /** Bytes that the last results took: where fewer are left, a fresh slab is cheaper than a retry. */
  #lastBytes = 0;

  constructor(spec: string) {
    const { NativePlan } = native();
    this.#native = crossing(() => new NativePlan(spec));
    const description = JSON.parse(this.#native.describe()) as {
      inputs: { columns: InputDescription[] }[];
      sinks: SinkDescription[];
    };
    this.input = description.inputs[0]?.columns ?? [];
    this.sinks = description.sinks;
    this.#reduce = this.#native.reducer();
    const room = DICTIONARY_START + this.sinks.length * SCALAR_RECORD;
    if (room > CONTROL_LENGTH) this.control = new Float64Array(room);
    this.#slab = newSlab(SLAB_BYTES);
    this.memory = this.#slab.buffer as ArrayBuffer;
  }

  /** Lets the next results take the place of all before: nobody reads those any more. */
  rewind(): void {
    this.#offset = 0;
  }

  /** Runs one batch; see `NativePlan.push` for the order of the buffers. */
  push(rows: number, buffers: ReadonlyArray<TypedArray | null>): void {
    this.#reserve();
    try {
      this.#finish(this.#native.push(0, rows, buffers, this.control, this.#slab, this.#offset));
    } catch (error) {
      throw nativeError(error);
    }
  }

  /** Runs one batch of an input that is one f64 column without missing values. */
  pushF64(values: Float64Array): void {
    if (this.#reduce !== null) {
      const count = this.#reduce(values, this.control);
      if (count >= 0) {
        this.count = count;
        this.first = DICTIONARY_START;
        return;
      }
    }
    // As many results as values and room to say which are missing: they are then computed in place.
    this.#reserve(values.length * 8 + Math.ceil(values.length / 64) * 8);
    try {
      this.#finish(this.#native.pushF64(0, values, this.control, this.#slab, this.#offset));
    } catch (error) {
      throw nativeError(error);
    }
  }

  /** Runs the words of a UTF-8 text as one batch of an input that is one utf8 column. */
  pushWords(text: Uint8Array): void {
    this.#reserve();
    this.#hasForeign = true;
    crossing(() =>
      this.#finish(this.#native.pushWords(0, text, this.control, this.#slab, this.#offset)),
    );
  }

  /** Whether the plan may know strings that {@link Plan.dictionaries} lacks. */
  get hasForeign(): boolean {
    return this.#hasForeign;
  }

  /** Brings {@link Plan.dictionaries} up to what the plan knows, also where no result has shown it. */
  learnStrings(): void {
    if (!this.#hasForeign) return;
    this.#hasForeign = false;
    for (const { dictionary } of this.input) {
      if (dictionary === null) continue;
      const all = JSON.parse(crossing(() => this.#native.dictionary(dictionary))) as string[];
      this.dictionaries[dictionary] ??= [];
      const known = this.dictionaries[dictionary]!;
      for (let id = known.length; id < all.length; id++) known.push(all[id]!);
    }
  }

  /** Runs rows that were decoded. */
  pushRows(rows: DecodedRows): void {
    this.#reserve();
    this.#hasForeign = true;
    crossing(() =>
      this.#finish(this.#native.pushRows(0, rows, this.control, this.#slab, this.#offset)),
    );
  }

  /** Ends the input: what is still open, as a partition by time, is emitted. */
  flush(): void {
    this.#reserve();
    crossing(() => this.#finish(this.#native.flush(this.control, this.#slab, this.#offset)));
  }

  /**
   * Gives the plan a thread of its own, which calls `wake` when results have come: see
   * `NativePlan.start`. What is submitted is copied and run in order, and has one result each.
   */
  start(wake: () => void, maxBatches: number, maxBytes: number): void {
    crossing(() => this.#native.start(wake, maxBatches, maxBytes));
  }

  /** Has the plan come home and ends its thread; every result must have been polled. */
  stop(): void {
    crossing(() => this.#native.stop());
  }

  /** As {@link Plan.push}, on the thread. Returns how many submissions stand in line for want of room. */
  submit(rows: number, buffers: ReadonlyArray<TypedArray | null>): number {
    return crossing(() => this.#native.submit(0, rows, buffers));
  }

  /** As {@link Plan.pushF64}, on the thread. */
  submitF64(values: Float64Array): number {
    return crossing(() => this.#native.submitF64(0, values));
  }

  /** As {@link Plan.pushWords}, on the thread. */
  submitWords(text: Uint8Array): number {
    this.#hasForeign = true;
    return crossing(() => this.#native.submitWords(0, text));
  }

  /** As {@link Plan.pushRows}, on the thread. */
  submitRows(rows: DecodedRows): number {
    this.#hasForeign = true;
    return crossing(() => this.#native.submitRows(0, rows));
  }

  /** As {@link Plan.flush}, on the thread. */
  submitFlush(): number {
    return crossing(() => this.#native.submitFlush());
  }

  /**
   * Gets the next result of the thread, if one has come, as a call that runs a batch does; throws what
   * that batch failed with.
   */
  poll(): boolean {
    this.#reserve();
    return crossing(() => {
      const count = this.#native.poll(this.control, this.#slab, this.#offset);
      if (count === NOTHING) return false;
      this.#finish(count);
      return true;
    });
  }

  /** Sleeps until there is a result to poll; false where there will be none. */
  wait(): boolean {
    return crossing(() => this.#native.wait());
  }

  /** Hands over what stands in line as far as there is room; how many submissions still do. */
  advance(): number {
    return crossing(() => this.#native.advance());
  }

  /** Takes over the state of an earlier plan, whose entries are the first of this one. */
  adopt(earlier: Plan): void {
    earlier.learnStrings();
    crossing(() => this.#native.adopt(earlier.#native));
    this.input.forEach(({ dictionary }, column) => {
      const before = earlier.input[column]?.dictionary ?? null;
      if (dictionary === null || before === null) return;
      this.dictionaries[dictionary] = earlier.dictionaries[before] ?? [];
    });
  }

  /** The state of every node. */
  snapshot(): Uint8Array {
    this.learnStrings();
    return crossing(() => this.#native.snapshot());
  }

  /** Puts back a state that {@link Plan.snapshot} gave. */
  restore(snapshot: Uint8Array): void {
    crossing(() => this.#native.restore(snapshot));
  }

  /** Tells the time, in milliseconds since 1970 UTC, from the next batch on. */
  setTime(milliseconds: number): void {
    this.#native.setTime(milliseconds);
  }

  /** Rows that came too late for their partition and were dropped. */
  lateRows(): number {
    return this.#stats().lateRows;
  }

  /** Groups that were given up for a bound. */
  evictedGroups(): number {
    return this.#stats().evictedGroups;
  }

  /** What each node has done so far, in the order of the plan. */
  tallies(): readonly NodeTally[] {
    return this.#stats().nodes;
  }

  #stats(): Stats {
    return JSON.parse(this.#native.stats()) as Stats;
  }

  #reserve(bytes = this.#lastBytes): void {
    if (this.#slab.length - this.#offset < bytes) this.renew(bytes);
  }

  /** Leaves the memory of all results so far to whoever keeps them. */
  renew(bytes = SLAB_BYTES): void {
    this.#slab = newSlab(Math.max(SLAB_BYTES, bytes));
    this.memory = this.#slab.buffer as ArrayBuffer;
    this.#offset = 0;
  }

  #finish(count: number): void {
    if (count < 0) {
      this.renew(this.control[0]!);
      if (this.control[1]! > this.control.length) {
        this.control = new Float64Array(this.control[1]! * 2);
      }
      count = this.#native.take(this.control, this.#slab, this.#offset);
    }
    const control = this.control;
    const end = control[0]!;
    this.#lastBytes = end - this.#offset;
    this.#offset = end;
    this.count = count;
    this.first = control[3]!;
    if (control[2] !== 0) this.#readStrings(control[2]!);
  }

  #readStrings(records: number): void {
    for (let r = 0, at = DICTIONARY_START; r < records; r++, at += 6) {
      const [id, first, count, offsets, start, length] = this.control.subarray(at, at + 6);
      this.dictionaries[id!] ??= [];
      const strings = this.dictionaries[id!]!;
      const ends = new Int32Array(this.memory, offsets!, count! + 1);
      const text = new Uint8Array(this.memory, start!, length!);
      for (let i = 0; i < count!; i++) {
        strings[first! + i] = decoder.decode(text.subarray(ends[i]!, ends[i + 1]!));
      }
    }
  }
}

/** Opens what a spec says, see `NativeReader`; `sample` is how a stream begins. */
export function openReader(spec: string, sample?: Uint8Array): Reader {
  const { NativeReader } = native();
  return crossing(() => new NativeReader(spec, sample));
}

/** Writes tables to files, see `writeTables` of the addon. */
export function writeTables(spec: string, buffers: Uint8Array[]): Promise<string> {
  const { writeTables } = native();
  return crossing(() => writeTables(spec, buffers));
}

/** Memory that is not cleared: what is not written by the plan is never shown. */
function newSlab(bytes: number): Uint8Array {
  return Buffer.allocUnsafeSlow(bytes);
}
