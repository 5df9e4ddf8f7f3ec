import { Gate } from '../graph/gate.ts';
import type { KafkaConsumerSettings, KafkaEvent, KafkaTrouble } from '../native/binding.d.ts';
import { native } from '../native/load.ts';
import type { Clock } from '../time/clock.ts';
import { KafkaProgress } from './kafka-progress.ts';
import type { MessageConnection, MessageRun } from './message-source.ts';

/** Messages of one partition that were read together: as they came, or decoded into columns. */
export type KafkaRead = KafkaEvent;

/** Sends an element that is made of the messages with these offsets, or says that there is none. */
export type SendElement<T> = (
  element: T | undefined,
  first: number,
  last: number,
) => Promise<void> | undefined;

/** How a consumer is read. */
export interface KafkaReading<T> {
  readonly settings: KafkaConsumerSettings;
  readonly clock: Clock;
  /** Milliseconds until what failed is read again. */
  readonly retryDelay: number;
  /** Makes elements of messages, and sends them in order; stops where `isOver` says so. */
  deliver(
    read: KafkaRead,
    send: SendElement<T>,
    isOver: () => boolean,
    run: MessageRun<T>,
  ): Promise<void>;
  /** The texts of a schema that values wait for, after those that it refers to; or why there is none. */
  schema?(
    id: number,
    signal: AbortSignal,
  ): Promise<readonly string[] | { readonly reason: string }>;
  explain(trouble: KafkaTrouble): Error;
}

/** A member of a consumer group. */
export class KafkaReader<T> implements MessageConnection<T> {
  readonly #reading: KafkaReading<T>;
  readonly #consumer: InstanceType<ReturnType<typeof native>['NativeKafkaConsumer']>;
  readonly #news = new Gate();
  readonly #progress = new Map<number, KafkaProgress>();
  /** The consumer's own thread keeps no process alive; while it is open this does. */
  readonly #alive = setInterval(() => undefined, 2 ** 30);
  /** What asking for a schema has failed with. */
  #thrown: { readonly error: unknown } | undefined;

  private constructor(reading: KafkaReading<T>) {
    this.#reading = reading;
    const { NativeKafkaConsumer } = native();
    this.#consumer = new NativeKafkaConsumer(reading.settings, () => this.#wake());
  }

  /** Resolves once the brokers have answered; what was opened is closed where they do not. */
  static async open<T>(reading: KafkaReading<T>): Promise<KafkaReader<T>> {
    const reader = new KafkaReader(reading);
    for (;;) {
      const event = await reader.#next();
      if (event.kind === 'connected') return reader;
      if (event.kind !== 'failed') continue;
      await reader.close();
      throw reading.explain(event.trouble!);
    }
  }

  /** Bytes that were read and are not settled. */
  get heldBytes(): number {
    return this.#consumer.held;
  }

  async read(run: MessageRun<T>): Promise<void> {
    while (!run.signal.aborted) {
      if (this.#thrown !== undefined) throw this.#thrown.error;
      const event = this.#consumer.take();
      if (event === null) await run.wait(this.#news.wait());
      else if (event.kind === 'batch' || event.kind === 'columns') await this.#deliver(event, run);
      else if (event.kind === 'schema') void this.#learn(event.assignment, run.signal);
      else if (event.trouble !== undefined) {
        const error = this.#reading.explain(event.trouble);
        if (event.kind === 'failed') throw error;
        run.report(error);
      }
    }
  }

  async close(): Promise<void> {
    for (const progress of this.#progress.values()) progress.flush();
    this.#consumer.close();
    while ((await this.#next()).kind !== 'closed');
    for (const progress of this.#progress.values()) progress.end();
    clearInterval(this.#alive);
  }

  async #next(): Promise<KafkaEvent> {
    for (;;) {
      const event = this.#consumer.take();
      if (event !== null) return event;
      await this.#news.wait();
    }
  }

  #wake(): void {
    for (const assignment of this.#consumer.takeEnded()) {
      this.#progress.get(assignment)?.end();
      this.#progress.delete(assignment);
    }
    this.#news.open();
  }

  async #learn(id: number, signal: AbortSignal): Promise<void> {
    try {
      const found = await this.#reading.schema?.(id, signal);
      if (found === undefined) return;
      if ('reason' in found) this.#consumer.addSchema(id, null, found.reason);
      else this.#consumer.addSchema(id, [...found], '');
    } catch (error) {
      this.#thrown ??= { error };
      this.#news.open();
    }
  }

  async #deliver(event: KafkaEvent, run: MessageRun<T>): Promise<void> {
    const { size } = event;
    const progress = this.#progressOf(event.assignment);
    let unsettled = 1;
    // Elements share the memory of the batch: it is free when the last one is done.
    const settled = () => {
      if (--unsettled === 0) this.#consumer.release(size);
    };
    const send: SendElement<T> = (element, first, last) => {
      progress.accept(last);
      if (element === undefined) {
        progress.acknowledge(last);
        return undefined;
      }
      unsettled++;
      return run.deliver(element, (settlement) => {
        settled();
        if (settlement === 'redeliver') progress.fail(first);
        else progress.acknowledge(last);
      });
    };
    const isOver = () => progress.hasEnded || run.signal.aborted;
    try {
      if (!isOver()) await this.#reading.deliver(event, send, isOver, run);
    } finally {
      settled();
    }
  }

  #progressOf(assignment: number): KafkaProgress {
    let progress = this.#progress.get(assignment);
    if (progress === undefined) {
      const port = {
        acknowledge: (next: number) => this.#consumer.acknowledge(assignment, next),
        rewind: (offset: number) => this.#consumer.rewind(assignment, offset),
      };
      const { clock, retryDelay } = this.#reading;
      progress = new KafkaProgress(port, clock, retryDelay);
      this.#progress.set(assignment, progress);
    }
    return progress;
  }
}
