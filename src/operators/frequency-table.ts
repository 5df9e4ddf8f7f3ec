import { inspect } from 'node:util';

/** Elements in the first epoch, and in every later one while there are fewer keys than that. */
const FIRST_EPOCH = 64;
const EPOCH = 4096;

/**
 * A stretch of the input: the counts at its beginning, and the key of each element since. Any
 * moment in it can be rebuilt from these two; they are never changed but by appending.
 */
interface Epoch<K> {
  readonly tally: Tally<K>;
  readonly base: Float64Array;
  readonly log: Uint32Array;
}

/**
 * Counts distinct keys, and gives a stable table of the counts at every element in constant time.
 *
 * A table is a position in a log, not a copy. So that tables neither keep the whole log alive nor
 * take the whole log to read, the log is cut into epochs, each beginning with a copy of all counts.
 * An epoch has at least as many elements as there are keys, so the copies cost a constant per
 * element. The tally holds the newest epoch only; older ones live as long as a table in them does.
 */
export class Tally<K> {
  readonly #ids = new Map<K, number>();
  /** Keys in the order in which they were first seen; the index is the id. */
  readonly keys: K[] = [];
  /** Counts of now, by id; longer than `keys`. */
  counts = new Float64Array(16);
  epoch: Epoch<K> = {
    tally: this,
    base: new Float64Array(0),
    log: new Uint32Array(FIRST_EPOCH),
  };
  /** Elements of the epoch that have been counted. */
  position = 0;

  /** Counts a key; the table shows the counts including it. */
  count(key: K): FrequencyTable<K> {
    let id = this.#ids.get(key);
    if (id === undefined) id = this.#add(key);
    this.counts[id]!++;
    if (this.position === this.epoch.log.length) this.#beginEpoch(id);
    else this.epoch.log[this.position++] = id;
    return new FrequencyTable(this.epoch, this.position, this.keys.length);
  }

  /** Counts a key, where no tables are wanted; gives its new count. */
  increment(key: K): number {
    let id = this.#ids.get(key);
    if (id === undefined) id = this.#add(key);
    return ++this.counts[id]!;
  }

  /** The id of a key that has been seen. */
  idOf(key: K): number | undefined {
    return this.#ids.get(key);
  }

  /** Keys and counts of now. */
  toEntries(): [K, number][] {
    return this.keys.map((key, id) => [key, this.counts[id]!]);
  }

  /** Takes over counts from {@link toEntries}, into an empty tally. */
  load(entries: Iterable<readonly [K, number]>): void {
    for (const [key, count] of entries) {
      const id = this.#add(key); // May put a longer array in place of `counts`.
      this.counts[id] = count;
    }
    this.#beginEpoch(undefined);
  }

  #add(key: K): number {
    const id = this.keys.length;
    // As a Map does, take −0 for 0.
    const stored = key === 0 ? (0 as K) : key;
    this.#ids.set(stored, id);
    this.keys.push(stored);
    if (id === this.counts.length) {
      const longer = new Float64Array(2 * id);
      longer.set(this.counts);
      this.counts = longer;
    }
    return id;
  }

  /** Begins an epoch whose first element, if any, has been counted already. */
  #beginEpoch(id: number | undefined): void {
    const base = this.counts.slice(0, this.keys.length);
    const length = Math.max(Math.min(2 * this.epoch.log.length, EPOCH), base.length);
    this.epoch = { tally: this, base, log: new Uint32Array(length) };
    this.position = 0;
    if (id === undefined) return;
    base[id]!--;
    this.epoch.log[this.position++] = id;
  }
}

/**
 * How often each distinct element had come when this table was emitted. It never changes. Reads
 * like a `ReadonlyMap`, in the order in which the elements were first seen.
 *
 * Reading one key of the newest table takes constant time. An older table is rebuilt when it is
 * first read, and reading all of any table copies its counts: both take time in the number of
 * distinct elements. A table that is kept holds that much memory, shared with those emitted near it.
 *
 * @example
 * ```ts
 * import { Stream } from 'millrace'
 * import assert from 'node:assert/strict'
 *
 * const words = new Stream<string>()
 * const tables = words.frequencies().sinkToList()
 * words.emitMany(['a', 'b', 'a'])
 * assert.deepEqual([...tables[1]!], [['a', 1], ['b', 1]])
 * assert.equal(tables[2]!.get('a'), 2)
 * ```
 */
export class FrequencyTable<K> implements ReadonlyMap<K, number> {
  readonly #epoch: Epoch<K>;
  readonly #position: number;
  #rebuilt: Float64Array | undefined;
  /** Number of distinct elements. */
  readonly size: number;

  /** Tables are made by `frequencies`. */
  constructor(epoch: Epoch<K>, position: number, size: number) {
    this.#epoch = epoch;
    this.#position = position;
    this.#rebuilt = undefined;
    this.size = size;
  }

  /** How often an element had come; undefined if it had not. */
  get(key: K): number | undefined {
    const id = this.#epoch.tally.idOf(key);
    if (id === undefined || id >= this.size) return undefined;
    return this.#isNewest() ? this.#epoch.tally.counts[id] : this.#counts()[id];
  }

  /** Whether an element had come. */
  has(key: K): boolean {
    const id = this.#epoch.tally.idOf(key);
    return id !== undefined && id < this.size;
  }

  /** Elements with their counts. */
  *entries(): MapIterator<[K, number]> {
    const counts = this.#counts();
    for (let id = 0; id < this.size; id++) yield [this.#epoch.tally.keys[id]!, counts[id]!];
  }

  /** Distinct elements. */
  *keys(): MapIterator<K> {
    for (let id = 0; id < this.size; id++) yield this.#epoch.tally.keys[id]!;
  }

  /** Counts. */
  *values(): MapIterator<number> {
    const counts = this.#counts();
    for (let id = 0; id < this.size; id++) yield counts[id]!;
  }

  /** Calls back with each count and element. */
  forEach(
    callback: (count: number, key: K, table: ReadonlyMap<K, number>) => void,
    thisArgument?: unknown,
  ): void {
    for (const [key, count] of this.entries()) callback.call(thisArgument, count, key, this);
  }

  /** As {@link entries}. */
  [Symbol.iterator](): MapIterator<[K, number]> {
    return this.entries();
  }

  /** Name in `Object.prototype.toString`. */
  get [Symbol.toStringTag](): string {
    return 'FrequencyTable';
  }

  /** Shows the counts in a notebook. */
  [Symbol.for('Jupyter.display')](): Readonly<Record<string, string>> {
    return { 'text/plain': inspect(new Map(this)) };
  }

  /** Shows the counts in `console.log`. */
  [inspect.custom](): Map<K, number> {
    return new Map(this);
  }

  #isNewest(): boolean {
    return this.#epoch === this.#epoch.tally.epoch && this.#position === this.#epoch.tally.position;
  }

  #counts(): Float64Array {
    this.#rebuilt ??= this.#rebuild();
    return this.#rebuilt;
  }

  #rebuild(): Float64Array {
    if (this.#isNewest()) return this.#epoch.tally.counts.slice(0, this.size);
    const counts = new Float64Array(this.size);
    counts.set(this.#epoch.base);
    for (let i = 0; i < this.#position; i++) counts[this.#epoch.log[i]!]!++;
    return counts;
  }
}
