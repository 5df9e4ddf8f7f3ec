import { encodeData } from '../connect/encode-data.ts';
import { KafkaClient, type KafkaClientOptions } from '../connect/kafka-client.ts';
import { packHeaders, type UnpackedMessage } from '../connect/kafka-messages.ts';
import { KafkaWriter } from '../connect/kafka-writer.ts';
import { MillraceError } from '../errors.ts';
import { describe, requireFunction, requireOptions, requireText } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  PartialWriteError,
  Sink,
  type SinkBatch,
  type SinkContext,
} from './batch-sink.ts';

/** Where Kafka has put a message. */
export interface KafkaReceipt {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Options of {@link toKafka}. */
export interface KafkaSinkOptions<T> extends BatchingOptions {
  /** A broker, such as `kafka://user:password@host:9092`; with a name and a password it is SASL, PLAIN. */
  readonly url: string | URL;
  /** Further brokers to begin with, as `host:port`; all of a cluster are found by any of them. */
  readonly brokers?: readonly string[];
  /**
   * The value of an element's message; null is a tombstone, which says that the key is no more. Default:
   * buffers and text as they are, all else as JSON.
   */
  readonly value?: (element: T) => Uint8Array | string | null;
  /** Its key: messages of one key go to one partition, and so stay in order. Default: none. */
  readonly key?: (element: T) => Uint8Array | string | null | undefined;
  /** Its partition, 0 or more. Default: by the key, or any. */
  readonly partition?: (element: T) => number | undefined;
  /** Its headers, each with one value or several. Default: none. */
  readonly headers?: (
    element: T,
  ) => Readonly<Record<string, KafkaHeaderValue | readonly KafkaHeaderValue[]>>;
  /** When it was made. Default: now. */
  readonly timestamp?: (element: T) => Date | number;
  /** How long the brokers may take to answer at the start. Default: 10 s. */
  readonly connectTimeout?: Duration;
  /** Further settings of librdkafka, such as `'compression.codec': 'zstd'`. */
  readonly client?: KafkaClientOptions;
}

/** What a header of a message may be. */
export type KafkaHeaderValue = Uint8Array | string | null;

const OPTIONS = [
  ...BATCHING_OPTIONS,
  'url',
  'brokers',
  'value',
  'key',
  'partition',
  'headers',
  'timestamp',
  'connectTimeout',
  'client',
];

/**
 * A sink that writes elements to a Kafka topic, for `stream.to`. Its stream emits a {@link KafkaReceipt}
 * for each, in order.
 *
 * An element is acknowledged when all in-sync replicas have its message (`acks=all`). Messages are written
 * in batches, default `{ size: 10000, bytes: 4 MiB }`, and each is told by its own report from Kafka what
 * became of it. What librdkafka tries again by itself is written once (`enable.idempotence`); a batch that
 * the stream's policy tries again may write messages twice. A message that Kafka has not answered for
 * within `message.timeout.ms` (30 s) fails (`ERR_CONNECTION`). Elements of one partition stay in order.
 *
 * The client (librdkafka) is part of the native addon. Throws a TypeError or RangeError for a wrong
 * argument. An element that does not make a message fails by itself; what Kafka refuses, such as a topic
 * that does not exist or a message that is too large, is `ERR_REFUSED`.
 *
 * ```ts needs-kafka
 * import assert from 'node:assert/strict';
 * import { Kafka } from 'kafkajs';
 * import { Stream, toKafka } from 'millrace';
 *
 * const url = process.env.KAFKA_URL ?? 'kafka://127.0.0.1:9092';
 * const { host, username, password } = new URL(url);
 * const admin = new Kafka({
 *   brokers: [host],
 *   sasl: { mechanism: 'plain', username, password },
 * }).admin();
 * await admin.connect();
 * await admin.createTopics({ topics: [{ topic: 'orders' }], waitForLeaders: true });
 * await admin.disconnect();
 *
 * const orders = new Stream<{ id: string; country: string }>();
 * const receipts = orders
 *   .to(toKafka('orders', { url, key: ({ country }) => country, headers: () => ({ version: '1' }) }))
 *   .onError({ retry: { attempts: 5 } })
 *   .sinkToList();
 * orders.emitMany([{ id: '1', country: 'se' }, { id: '2', country: 'se' }]);
 * await orders.end();
 * assert.deepEqual(receipts.map(({ offset }) => offset), [0, 1]);
 * ```
 *
 * @param topic of all elements, or of each
 */
export function toKafka<T>(
  topic: string | ((element: T) => string),
  options: KafkaSinkOptions<T>,
): KafkaSink<T> {
  return new KafkaSink(topic, options);
}

/** What {@link toKafka} returns. */
export class KafkaSink<T> extends Sink<T, KafkaReceipt, UnpackedMessage> {
  readonly #topicOf: (element: T) => string;
  readonly #topics: readonly string[];
  readonly #value: (element: T) => Uint8Array | string | null;
  readonly #options: KafkaSinkOptions<T>;
  readonly #client: KafkaClient;
  readonly #connectTimeout: number;
  readonly #action: string;
  #writer: KafkaWriter | undefined;

  constructor(topic: string | ((element: T) => string), options: KafkaSinkOptions<T>) {
    if (typeof topic !== 'function') requireText('toKafka', 'topic', topic);
    requireOptions('toKafka', options, OPTIONS);
    const { url, brokers, value, key, partition, headers, timestamp, client } = options ?? {};
    for (const [name, f] of Object.entries({ value, key, partition, headers, timestamp })) {
      if (f !== undefined) requireFunction('toKafka', name, f);
    }
    const connector = new KafkaClient('toKafka', url, brokers, client);
    super('toKafka', options, { size: 10_000, bytes: 4 * 2 ** 20 });
    this.#topicOf = typeof topic === 'function' ? topic : () => topic;
    this.#topics = typeof topic === 'function' ? [] : [topic];
    this.#value = value ?? encodeData;
    this.#options = options;
    this.#client = connector;
    this.#connectTimeout = parseDuration(options.connectTimeout ?? '10s', 'toKafka');
    this.#action = `write to Kafka${typeof topic === 'string' ? ` topic '${topic}'` : ''}`;
  }

  override async open(_context: SinkContext): Promise<void> {
    const writing = {
      properties: this.#client.reveal(),
      topics: this.#topics,
      connectTimeout: this.#connectTimeout,
    };
    this.#writer = await KafkaWriter.open(writing, (trouble) =>
      this.#client.explain(this.#action, trouble),
    );
  }

  override async write({ elements, signal }: SinkBatch<UnpackedMessage>): Promise<KafkaReceipt[]> {
    const writer = this.#writer!;
    // Another batch is not to lose what it has waiting.
    const giveUp = () => this.settings.concurrency === 1 && writer.purge();
    signal.addEventListener('abort', giveUp);
    try {
      const { places, errors } = await writer.send(elements);
      const failed = new Map<number, unknown>();
      const receipts = elements.map(({ topic }, i) => {
        const error = errors[places[3 * i + 2]!];
        if (error !== undefined) failed.set(i, this.#client.explain(this.#action, error));
        return { topic, partition: places[3 * i]!, offset: places[3 * i + 1]! };
      });
      if (failed.size > 0) throw new PartialWriteError(failed, receipts);
      return receipts;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  override async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
  }

  override encode(element: T): UnpackedMessage {
    const { key, partition, headers, timestamp } = this.#options;
    const topic = this.#topicOf(element);
    if (typeof topic !== 'string' || topic === '') {
      throw new TypeError(
        `Cannot ${this.#action}: a topic must be a string of 1 character or more, got ${describe(topic)}`,
      );
    }
    const value = this.#value(element);
    return {
      topic,
      partition: this.#whole('a partition', partition?.(element), 2 ** 31 - 1),
      timestamp: this.#whole('a timestamp', timestamp?.(element), Number.MAX_SAFE_INTEGER),
      key: bytesOf(key?.(element)),
      value: value === null ? null : encodeData(value),
      headers: headers === undefined ? NO_HEADERS : packHeaders(pairsOf(headers(element))),
    };
  }

  override sizeOf({ key, value, headers }: UnpackedMessage): number {
    return (key?.length ?? 0) + (value?.length ?? 0) + headers.length;
  }

  override isPermanent(error: unknown): boolean {
    return error instanceof MillraceError && error.code === 'ERR_REFUSED';
  }

  #whole(what: string, given: Date | number | undefined, most: number): number {
    if (given === undefined) return -1;
    const number = Number(given);
    if (Number.isSafeInteger(number) && number >= 0 && number <= most) return number;
    throw new RangeError(
      `Cannot ${this.#action}: ${what} must be an integer of 0 or more, got ${describe(given)}`,
    );
  }
}

const NO_HEADERS = Buffer.alloc(0);

function bytesOf(part: Uint8Array | string | null | undefined): Buffer | null {
  return part === null || part === undefined ? null : encodeData(part);
}

function* pairsOf(
  headers: Readonly<Record<string, KafkaHeaderValue | readonly KafkaHeaderValue[]>>,
): Iterable<readonly [string, Buffer | null]> {
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) yield [name, bytesOf(one)];
  }
}
