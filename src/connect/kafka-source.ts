import {
  describe,
  requireFunction,
  requireNonNegativeInteger,
  requireOptions,
  requirePositiveInteger,
  requireText,
} from '../graph/arguments.ts';
import type { KafkaConsumerSettings, KafkaPlace } from '../native/binding.d.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import { KafkaClient, type KafkaClientOptions } from './kafka-client.ts';
import { type KafkaHeaders, type PackedMessage, PackedReader } from './kafka-messages.ts';
import { type KafkaRead, KafkaReader, type SendElement } from './kafka-reader.ts';
import {
  MESSAGE_OPTIONS,
  type MessageConnection,
  type MessageOptions,
  type MessageRun,
  MessageSource,
} from './message-source.ts';

/** One message of a Kafka topic. Its buffers share the memory of those that were read with it. */
export interface KafkaMessage<V = Buffer> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970, -1 where there is none: when it was made, or by the topic's setting stored. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** Its bytes, or what `decode` made of them; null for a tombstone, which says that the key is no more. */
  readonly value: V | null;
  readonly headers: KafkaHeaders;
}

/** Where a partition is begun with of which the group has committed no offset. */
export type KafkaStart =
  /** With the oldest message that is there. */
  | 'earliest'
  /** With what comes from now on; a partition that the topic is given later, with its first message. */
  | 'latest'
  /** It is an error that the group has committed none. */
  | 'committed'
  /** With the first message of this time or later. */
  | { readonly timestamp: Date | number }
  /** By topic and partition; others as with `'earliest'`. */
  | { readonly offsets: Readonly<Record<string, Readonly<Record<number, number>>>> };

/** Options of {@link fromKafka}. */
export interface KafkaOptions<V = Buffer> extends MessageOptions {
  /** A broker, such as `kafka://user:password@host:9092`; with a name and a password it is SASL, PLAIN. */
  readonly url: string | URL;
  /** Further brokers to begin with, as `host:port`; all of a cluster are found by any of them. */
  readonly brokers?: readonly string[];
  /** Name of the consumer group. Sources of one group share its partitions. */
  readonly group: string;
  /** Where the group begins. Default: `'earliest'`. What it has committed always comes first. */
  readonly startFrom?: KafkaStart;
  /** What `value` becomes; not asked for tombstones. Default: the bytes. What it throws, see `onError`. */
  readonly decode?: (value: Buffer) => V;
  /**
   * Bytes that are read and not settled, about: above it the partitions are paused, while the source
   * stays in its group. Default: 64 MiB.
   */
  readonly maxBytes?: number;
  /** How often is committed what is done. Default: 200 ms. */
  readonly commitInterval?: Duration;
  /**
   * How long until a message that failed is read again, and those of its partition that come after it.
   * Default: 1 s.
   */
  readonly retryDelay?: Duration;
  /** How long the brokers may take to answer at the start. Default: 10 s. */
  readonly connectTimeout?: Duration;
  /** Further settings of librdkafka. */
  readonly client?: KafkaClientOptions;
}

/** The names of {@link KafkaOptions}, to check what was given against. */
export const KAFKA_OPTIONS: readonly string[] = [
  ...MESSAGE_OPTIONS,
  'url',
  'brokers',
  'group',
  'startFrom',
  'decode',
  'maxBytes',
  'commitInterval',
  'retryDelay',
  'connectTimeout',
  'client',
];

/** How messages are put together when they are read. */
export interface KafkaBatching {
  /** The most messages of a batch. */
  readonly messages: number;
  /** The most bytes of a batch, about. */
  readonly bytes: number;
  /** How long, in milliseconds, a message waits for the rest of its batch. */
  readonly linger: number;
}

/** What the sources of Kafka have in common; `T` is an element, `V` a value. */
export abstract class KafkaMessageSource<T, V> extends MessageSource<T> {
  readonly #client: KafkaClient;
  readonly #action: string;
  readonly #settings: Omit<KafkaConsumerSettings, 'properties'>;
  readonly #group: string;
  readonly #retryDelay: number;
  readonly #decode: ((value: Buffer) => V) | undefined;
  readonly #reconnect: Readonly<Record<string, number>>;
  #reader: KafkaReader<T> | undefined;

  constructor(
    operator: string,
    topics: string | readonly string[],
    options: KafkaOptions<V>,
    known: readonly string[],
    batching: KafkaBatching,
  ) {
    const names: readonly unknown[] = Array.isArray(topics) ? topics : [topics];
    if (names.length === 0) {
      throw new TypeError(`Cannot create ${operator}: topics must name one or more, got none`);
    }
    for (const name of names) requireText(operator, 'topic', name);
    requireOptions(operator, options, known);
    const { url, brokers, group, startFrom = 'earliest', decode, client = {} } = options ?? {};
    const { maxBytes = 64 * 2 ** 20, commitInterval = 200, retryDelay = '1s' } = options ?? {};
    const { connectTimeout = '10s', reconnect = {} } = options ?? {};
    requireText(operator, 'group', group);
    requirePositiveInteger(operator, 'maxBytes', maxBytes);
    if (decode !== undefined) requireFunction(operator, 'decode', decode);
    const connector = new KafkaClient(operator, url, brokers, client);
    const action = `read the Kafka topic ${names.map((name) => `'${name}'`).join(', ')}`;
    super(operator, options, {
      address: connector.address,
      action,
      // The reader has said so already.
      isRefused: () => false,
    });
    this.#client = connector;
    this.#action = action;
    this.#group = group;
    this.#decode = decode;
    this.#retryDelay = parseDuration(retryDelay, operator);
    const { backoff = 100, maxBackoff = '30s' } = reconnect;
    const longest = Math.max(1, parseDuration(maxBackoff, operator));
    this.#reconnect = {
      'reconnect.backoff.ms': Math.min(longest, Math.max(1, parseDuration(backoff, operator))),
      'reconnect.backoff.max.ms': longest,
    };
    this.#settings = {
      topics: names.map(String),
      ...startOf(operator, startFrom),
      maxBytes,
      batchMessages: batching.messages,
      batchBytes: Math.min(batching.bytes, maxBytes),
      linger: batching.linger,
      commitInterval: Math.max(1, parseDuration(commitInterval, operator)),
      connectTimeout: parseDuration(connectTimeout, operator),
    };
  }

  /** Bytes that were read and are not settled. */
  get heldBytes(): number {
    return this.#reader?.heldBytes ?? 0;
  }

  protected override async open(): Promise<MessageConnection<T>> {
    const { columns } = this;
    const reader = await KafkaReader.open<T>({
      settings: {
        ...this.#settings,
        ...(columns !== undefined && { columns }),
        properties: this.#client.reveal({ ...this.#reconnect, 'group.id': this.#group }),
      },
      clock: this.node.environment.clock,
      retryDelay: this.#retryDelay,
      deliver: (read, send, isOver, run) => this.deliver(read, send, isOver, run),
      schema: (id, signal) => this.schema(id, signal),
      explain: (trouble) => this.#client.explain(this.#action, trouble),
    });
    this.#reader = reader;
    return reader;
  }

  /** Makes elements of the messages that were read, and sends them. */
  protected abstract deliver(
    read: KafkaRead,
    send: SendElement<T>,
    isOver: () => boolean,
    run: MessageRun<T>,
  ): Promise<void>;

  /** How values are decoded into columns, for the addon; not at all unless it is said. */
  protected get columns(): string | undefined {
    return undefined;
  }

  /** See {@link KafkaReading.schema}. */
  protected async schema(
    id: number,
    _signal: AbortSignal,
  ): Promise<readonly string[] | { readonly reason: string }> {
    return { reason: `there is no schema ${id}` };
  }

  /** A message as users see it; throws where `decode` does. */
  protected messageOf({ topic, partition }: KafkaRead, packed: PackedMessage): KafkaMessage<V> {
    const { key, offset, timestamp, headers } = packed;
    const value =
      packed.value === null || this.#decode === undefined
        ? (packed.value as V | null)
        : this.#decode(packed.value);
    return { topic, partition, offset, timestamp, key, value, headers };
  }

  /** The messages that were read, one after the other. */
  protected readerOf({ numbers, bytes }: KafkaRead): PackedReader {
    return new PackedReader(numbers!, bytes!);
  }
}

function startOf(
  operator: string,
  startFrom: KafkaStart,
): { startFrom: string; timestamp?: number; offsets?: KafkaPlace[] } {
  if (startFrom === 'earliest' || startFrom === 'latest' || startFrom === 'committed') {
    return { startFrom };
  }
  const { timestamp, offsets }: { timestamp?: unknown; offsets?: unknown } = Object(startFrom);
  if (timestamp instanceof Date || typeof timestamp === 'number') {
    requireNonNegativeInteger(operator, 'startFrom.timestamp', Number(timestamp));
    return { startFrom: 'timestamp', timestamp: Number(timestamp) };
  }
  if (typeof offsets !== 'object' || offsets === null) {
    throw new RangeError(
      `Cannot create ${operator}: startFrom must be "earliest" or "latest" or "committed" or { timestamp } or { offsets }, got ${describe(startFrom)}`,
    );
  }
  const places: KafkaPlace[] = [];
  for (const [topic, partitions] of Object.entries(offsets)) {
    for (const [partition, offset] of Object.entries(Object(partitions) as object)) {
      requireNonNegativeInteger(operator, 'startFrom.offsets partition', Number(partition));
      requireNonNegativeInteger(operator, 'startFrom.offsets offset', offset);
      places.push({ topic, partition: Number(partition), offset });
    }
  }
  return { startFrom: 'offsets', offsets: places };
}
