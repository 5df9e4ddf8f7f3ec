import { MillraceError } from '../errors.ts';
import { Gate } from '../graph/gate.ts';
import type { KafkaProperty, KafkaReport, KafkaTrouble } from '../native/binding.d.ts';
import { native } from '../native/load.ts';
import { packMessages, type UnpackedMessage } from './kafka-messages.ts';

/** How a producer is opened. */
export interface KafkaWriting {
  readonly properties: readonly KafkaProperty[];
  /** Those that have to be there. */
  readonly topics: readonly string[];
  /** Milliseconds. */
  readonly connectTimeout: number;
}

/** The answer for a batch: of each message where it is, or why it is not. */
export interface KafkaDelivery {
  /** Partition, offset, and the index of its error or -1, of each message. */
  readonly places: Float64Array;
  readonly errors: readonly KafkaTrouble[];
}

/** A producer. */
export class KafkaWriter {
  readonly #producer: InstanceType<ReturnType<typeof native>['NativeKafkaProducer']>;
  readonly #news = new Gate();
  readonly #waiting = new Map<
    number,
    { resolve(delivery: KafkaDelivery): void; reject(error: Error): void }
  >();
  /** The producer's own threads keep no process alive; while it is open this does. */
  readonly #alive = setInterval(() => undefined, 2 ** 30);
  #last = 0;
  #opening: KafkaReport | undefined;
  #hasEnded = false;

  private constructor({ properties, topics, connectTimeout }: KafkaWriting) {
    const { NativeKafkaProducer } = native();
    const settings = { properties: [...properties], topics: [...topics], connectTimeout };
    this.#producer = new NativeKafkaProducer(settings, () => this.#take());
  }

  /** Resolves once the brokers have answered; rejects with why they do not. */
  static async open(
    writing: KafkaWriting,
    explain: (trouble: KafkaTrouble) => Error,
  ): Promise<KafkaWriter> {
    const writer = new KafkaWriter(writing);
    while (writer.#opening === undefined) await writer.#news.wait();
    const { trouble } = writer.#opening;
    if (trouble === undefined) return writer;
    await writer.close();
    throw explain(trouble);
  }

  /** Writes messages; resolves when each of them has an answer. */
  send(messages: readonly UnpackedMessage[]): Promise<KafkaDelivery> {
    return new Promise((resolve, reject) => {
      this.#last = (this.#last + 1) % 2 ** 32;
      const id = this.#last;
      this.#waiting.set(id, { resolve, reject });
      this.#producer.send({ id, ...packMessages(messages) });
    });
  }

  /** Gives up what was not sent to a broker yet. */
  purge(): void {
    this.#producer.purge();
  }

  /** Resolves when the producer has ended. */
  async close(): Promise<void> {
    this.#producer.close();
    while (!this.#hasEnded) await this.#news.wait();
    clearInterval(this.#alive);
  }

  #take(): void {
    for (let report = this.#producer.take(); report !== null; report = this.#producer.take()) {
      const { kind, id, places, errors } = report;
      if (kind === 'delivered') {
        this.#waiting.get(id)?.resolve({ places: places!, errors });
        this.#waiting.delete(id);
      } else if (kind === 'closed') this.#end();
      else this.#opening = report;
    }
    this.#news.open();
  }

  #end(): void {
    this.#hasEnded = true;
    const error = new MillraceError('ERR_CONNECTION', 'Cannot write to Kafka: the sink is closed');
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
