import { isMissingPeer } from '../connect/import-peer.ts';
import { MillraceError } from '../errors.ts';
import { Admission } from '../graph/admission.ts';
import { describe } from '../graph/arguments.ts';
import type { Delivery } from '../graph/delivery.ts';
import { disposeHeld } from '../graph/dispose.ts';
import { Gate } from '../graph/gate.ts';
import { release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator, type Operator } from '../graph/operator.ts';
import { Pump, type Supply } from '../graph/pump.ts';
import { Queue } from '../graph/queue.ts';
import type { TimerHandle } from '../time/clock.ts';
import { PartialWriteError, type Sink, type SinkBatch } from './batch-sink.ts';
import { Connection } from './connection.ts';
import { PendingBatch, type SinkEntry } from './pending-batch.ts';

type AnySink = Sink<unknown, unknown, unknown>;

/** An error of `write` that another attempt would not help. */
interface Refusal {
  readonly error: unknown;
  /** It would meet any part of the batch. */
  readonly isWhole: boolean;
}

/**
 * The elements that a sink has accepted and that have not settled: in the batch that is filling, in
 * full ones, in those that are being written, and the results that were not delivered yet.
 */
class BatchWriter implements Supply {
  readonly pump: Pump;
  readonly #node: Node;
  readonly #sink: AnySink;
  readonly #connection: Connection;
  #filling: PendingBatch | undefined;
  readonly #full = new Queue<PendingBatch>();
  /** Those that are being written, and the halves of one that was refused. */
  readonly #writing = new Set<PendingBatch>();
  #places: number;
  readonly #results = new Queue();
  readonly #admission = new Admission();
  readonly #quiet = new Gate();
  /** Elements that have not settled, and their bytes; those of emitters that wait among them. */
  #held = 0;
  #heldBytes = 0;
  /** Goes up when everything held is forgotten: what settles later counts no more. */
  #epoch = 0;
  /** How many wait for everything to be out: nothing lingers then. */
  #draining = 0;
  #timer: TimerHandle | undefined;
  #isWoken = false;

  constructor(node: Node, sink: AnySink) {
    this.#node = node;
    this.#sink = sink;
    this.#places = sink.settings.concurrency;
    this.#connection = new Connection(node, sink);
    this.pump = new Pump(node, this);
  }

  get isFull(): boolean {
    const { size, bytes, concurrency } = this.#sink.settings;
    const batches = concurrency + 1;
    return this.#held >= size * batches || this.#heldBytes >= bytes * batches;
  }

  accept(value: unknown, tag: Tag): Delivery {
    let encoded: unknown;
    let bytes: number;
    try {
      encoded = this.#sink.encode(value);
      bytes = this.#sink.sizeOf(encoded);
    } catch (error) {
      // It has failed by itself, and is not held.
      const { guard } = this.#node;
      if (guard === undefined) throw error;
      return guard.dispose(error, value, tag);
    }
    const mustWait = this.isFull;
    retain(tag);
    this.#add({ value, encoded, tag, bytes });
    this.#wake();
    return mustWait ? this.#admission.wait() : undefined;
  }

  track(): void {
    this.#results.track();
  }

  start(): void {
    this.pump.start();
  }

  stop(): void {
    this.#clearTimer();
    this.pump.stop();
    void this.#connection.close();
    this.#quiet.open();
  }

  drain(): Promise<void> | undefined {
    return this.#isQuiet && this.#connection.isClosed ? undefined : this.#drain();
  }

  forget(): readonly Tag[] {
    const batches = [...this.#writing, ...this.#full.toArray()];
    if (this.#filling !== undefined) batches.push(this.#filling);
    const tags = batches.flatMap((batch) => batch.takeAll().map(({ tag }) => tag));
    tags.push(...this.#results.clear());
    this.#full.clear();
    this.#filling = undefined;
    this.#held = 0;
    this.#heldBytes = 0;
    this.#epoch++;
    this.#clearTimer();
    this.#admission.admitAll();
    this.#quiet.open();
    return tags;
  }

  // The results, as the pump sees them

  get size(): number {
    return this.#results.size;
  }

  isReady(): boolean {
    return this.#results.size > 0;
  }

  nextTag(): Tag {
    return this.#results.headTag();
  }

  take(): unknown {
    this.#settled(1, 0);
    return this.#results.shift();
  }

  paused(): void {
    this.#quiet.open();
  }

  get #isQuiet(): boolean {
    return this.#held === 0 && !this.pump.isRunning;
  }

  async #drain(): Promise<void> {
    this.#draining++;
    this.#wake();
    while (!this.#isQuiet && !this.#node.isDestroyed) await this.#quiet.wait();
    this.#draining--;
    await this.#connection.close();
  }

  #add(entry: SinkEntry): void {
    const { size, bytes } = this.#sink.settings;
    this.#held++;
    this.#heldBytes += entry.bytes;
    if (this.#filling !== undefined && this.#filling.bytes + entry.bytes > bytes) this.#seal();
    this.#filling ??= new PendingBatch(this.#node.environment.clock.now());
    const batch = this.#filling;
    batch.add(entry);
    if (batch.entries.length >= size || batch.bytes >= bytes) this.#seal();
  }

  /** The batch that is filling takes no more. */
  #seal(): void {
    if (this.#filling !== undefined) this.#full.push(this.#filling);
    this.#filling = undefined;
  }

  /** Writes what is due, soon: elements that come in one go are written together. */
  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    queueMicrotask(this.#fill);
  }

  readonly #fill = (): void => {
    this.#isWoken = false;
    while (this.#places > 0) {
      const batch = this.#due();
      if (batch === undefined) return;
      void this.#occupy(batch);
    }
  };

  /** The next batch to write. Where that is still filling and may wait, a timer is set. */
  #due(): PendingBatch | undefined {
    if (this.#full.size > 0) return this.#full.shift();
    const batch = this.#filling;
    this.#clearTimer();
    if (batch === undefined) return undefined;
    const { clock } = this.#node.environment;
    const left = batch.since + this.#sink.settings.linger - clock.now();
    if (left > 0 && this.#draining === 0) {
      this.#timer = clock.setTimeout(this.#fill, left);
      return undefined;
    }
    this.#filling = undefined;
    return batch;
  }

  async #occupy(batch: PendingBatch): Promise<void> {
    this.#places--;
    await this.#write(batch);
    this.#places++;
    this.#wake();
  }

  /** Writes a batch as often as the policy says; whatever comes of it, its elements settle. */
  async #write(batch: PendingBatch): Promise<void> {
    const { guard } = this.#node;
    const attempt = () => this.#attempt(batch);
    this.#writing.add(batch);
    let refusal: Refusal | undefined;
    try {
      refusal = await (guard === undefined ? attempt() : guard.call(attempt));
    } catch (error) {
      await this.#disposeAll(batch, error);
    }
    if (refusal !== undefined) {
      const halves = refusal.isWhole ? [] : (batch.halve() ?? []);
      for (const half of halves) this.#writing.add(half);
      for (const half of halves) await this.#write(half);
      await this.#disposeAll(batch, refusal.error);
    }
    this.#writing.delete(batch);
  }

  /** Tries to write a batch once. Rejects where another attempt may help. */
  async #attempt(batch: PendingBatch): Promise<Refusal | undefined> {
    const attempt = batch.begin();
    try {
      await this.#connection.open();
    } catch (error) {
      // No attempt installs a package.
      if (isMissingPeer(error) && batch.isCurrent(attempt)) return { error, isWhole: true };
      throw error;
    }
    if (!batch.isCurrent(attempt)) return undefined;
    let results: readonly unknown[] | undefined;
    let errors: ReadonlyMap<number, unknown> | undefined;
    try {
      results = checkResults(this.#sink.name, attempt, await this.#sink.write(attempt));
    } catch (error) {
      if (!batch.isCurrent(attempt)) return undefined;
      if (error instanceof WrongResults) {
        await this.#disposeAll(batch, error);
        return undefined;
      }
      if (!(error instanceof PartialWriteError)) {
        const isPermanent = isMissingPeer(error) ? 'whole' : this.#sink.isPermanent(error);
        if (isPermanent !== false) return { error, isWhole: isPermanent === 'whole' };
        for (const entry of batch.entries) entry.error = undefined;
        throw error;
      }
      ({ results, errors } = error);
    }
    if (batch.isCurrent(attempt)) this.#sort(batch, results, errors);
    return undefined;
  }

  /** Passes on what was written, and throws where something is left to be tried again. */
  #sort(
    batch: PendingBatch,
    results: readonly unknown[] | undefined,
    errors: ReadonlyMap<number, unknown> | undefined,
  ): void {
    const left: SinkEntry[] = [];
    for (const [i, entry] of batch.entries.entries()) {
      const error = errors?.get(i);
      if (!errors?.has(i)) this.#pass(entry, results === undefined ? entry.value : results[i]);
      else if (this.#sink.isPermanent(error) !== false) void this.#dispose(entry, error);
      else {
        entry.error = error;
        left.push(entry);
      }
    }
    batch.keep(left);
    this.pump.wake();
    if (left.length > 0) throw left[0]?.error;
  }

  #pass({ tag, bytes }: SinkEntry, result: unknown): void {
    if (this.#node.outputs.length > 0) {
      this.#results.push(result, tag);
      this.#settled(0, bytes);
    } else {
      release(tag);
      this.#settled(1, bytes);
    }
  }

  async #disposeAll(batch: PendingBatch, error: unknown): Promise<void> {
    const entries = batch.takeAll();
    await Promise.all(entries.map((entry) => this.#dispose(entry, entry.error ?? error)));
  }

  async #dispose({ value, tag, bytes }: SinkEntry, error: unknown): Promise<void> {
    const epoch = this.#epoch;
    await disposeHeld(this.#node, error, value, tag);
    if (epoch === this.#epoch) this.#settled(1, bytes);
  }

  /** Lets as many emitters go on as there is room for. */
  #settled(count: number, bytes: number): void {
    this.#held -= count;
    this.#heldBytes -= bytes;
    const { size, bytes: limit, concurrency } = this.#sink.settings;
    const batches = concurrency + 1;
    while (this.#admission.size > 0) {
      const admitted = this.#held - this.#admission.size;
      if (admitted >= size * batches) break;
      if (this.#heldBytes >= limit * batches && admitted > 0) break;
      this.#admission.admit();
    }
    if (this.#held === 0) this.#quiet.open();
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#node.environment.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const attached = new WeakSet<AnySink>();

/**
 * The operator of a sink: takes elements in, and delivers what became of them on its own. A sink has
 * one connection, and so one place in a graph.
 */
export function writeBatches(sink: AnySink): Operator<AnySink, BatchWriter> {
  if (attached.has(sink)) {
    throw new MillraceError(
      'ERR_SINK_IN_USE',
      `Cannot create ${sink.name}: the sink is at the end of another stream, join the two by union or make a sink for each`,
    );
  }
  attached.add(sink);
  return defineOperator<AnySink, BatchWriter>({
    name: sink.name,
    version: 1,
    boundary: true,
    holds: true,
    create: (params, node) => new BatchWriter(node, params),
    link:
      ({ state }) =>
      (value, tag) =>
        state.accept(value, tag),
    track: (state) => state.track(),
    isFull: ({ state }) => state.isFull,
    start: ({ state }) => state.start(),
    stop: ({ state }) => state.stop(),
    drain: ({ state }) => state.drain(),
    forget: ({ state }) => state.forget(),
  });
}

/** A sink that does not keep to its contract: no attempt would help. */
class WrongResults extends TypeError {}

function checkResults(
  name: string,
  { elements }: SinkBatch<unknown>,
  results: unknown,
): readonly unknown[] | undefined {
  if (results === undefined) return undefined;
  if (Array.isArray(results) && results.length === elements.length) return results;
  const got = Array.isArray(results) ? `${results.length}` : describe(results);
  throw new WrongResults(
    `Cannot ${name}: write must give nothing or a result for each of ${elements.length} elements, got ${got}`,
  );
}
