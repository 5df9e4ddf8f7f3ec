import type { KafkaRead, SendElement } from '../connect/kafka-reader.ts';
import {
  KAFKA_OPTIONS,
  type KafkaMessage,
  KafkaMessageSource,
  type KafkaOptions,
} from '../connect/kafka-source.ts';
import type { MessageRun } from '../connect/message-source.ts';
import { type KafkaFrame, kafkaFrame } from '../frame/kafka/kafka-frame.ts';
import type { KafkaFrameOptions, KafkaInclude, KafkaSchema } from '../frame/kafka/kafka-options.ts';
import type { Schema } from '../frame/types.ts';
import { requireOneOf, requirePositiveInteger } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** Options of {@link fromKafkaBatched}. */
export interface KafkaBatchedOptions<V = Buffer> extends KafkaOptions<V> {
  /** What batches are: `'elements'` (default), arrays of messages. */
  readonly engine?: 'elements';
  /** How long messages are gathered before they are emitted. Default: 1 s. */
  readonly pollInterval?: Duration;
  /** The most messages of a batch; a full one does not wait. Default: 10 000. */
  readonly maxBatchSize?: number;
}

/** Options of {@link fromKafkaBatched} with `engine: 'columns'`. */
export interface KafkaBatchedFrameOptions<
  C extends Schema = Schema,
  I extends KafkaInclude = KafkaInclude,
> extends Omit<KafkaFrameOptions<C, I>, 'batch' | 'linger'> {
  /** What batches are: columns, which values are decoded into. */
  readonly engine: 'columns';
  /** How long messages are gathered before they are emitted. Default: 1 s. */
  readonly pollInterval?: Duration;
  /** The most messages of a batch; a full one does not wait. Default: 10 000. */
  readonly maxBatchSize?: number;
}

/**
 * A source of the messages of Kafka topics in batches: each time that it polls, one for each partition in
 * which there is something, and never an empty one. Otherwise as `fromKafka`, and as that at least once: a
 * batch is committed when everything downstream of it, and of those before it in its partition, has
 * settled. `maxInFlight` counts batches.
 *
 * Emits arrays of {@link KafkaMessage}, in the order of their partition. With `engine: 'columns'` it is a
 * frame instead, whose batches are decoded natively: `DataFrame.fromKafka` with these batches.
 *
 * ```ts needs-kafka
 * import assert from 'node:assert/strict';
 * import { Kafka } from 'kafkajs';
 * import { fromKafkaBatched, Stream, toKafka } from 'millrace';
 *
 * const url = process.env.KAFKA_URL ?? 'kafka://127.0.0.1:9092';
 * const { host, username, password } = new URL(url);
 * const admin = new Kafka({
 *   brokers: [host],
 *   sasl: { mechanism: 'plain', username, password },
 * }).admin();
 * await admin.connect();
 * await admin.createTopics({ topics: [{ topic: 'lines' }], waitForLeaders: true });
 * await admin.disconnect();
 *
 * const lines = new Stream<string>();
 * lines.to(toKafka('lines', { url }));
 * lines.emitMany(['call me', 'me']);
 * await lines.end();
 *
 * const source = fromKafkaBatched('lines', { url, group: 'counts', pollInterval: '100ms', decode: String });
 * const counted = new Promise<unknown>((resolve) => {
 *   source
 *     .map((batch) => batch.flatMap(({ value }) => value?.split(' ') ?? []))
 *     .flatten()
 *     .frequencies()
 *     .filter((counts) => counts.get('me') === 2)
 *     .sink((counts) => resolve(counts.get('call')));
 * });
 * void source.start();
 * assert.equal(await counted, 1);
 * await source.stop();
 * ```
 *
 * @param topics a name or several; one that begins with `^` is a pattern
 */
export function fromKafkaBatched<
  const S extends Schema = { value: 'utf8' },
  const I extends KafkaInclude = [],
>(
  topics: string | readonly string[],
  options: KafkaBatchedFrameOptions<S, I>,
): KafkaFrame<KafkaSchema<S, I>>;
export function fromKafkaBatched<V = Buffer>(
  topics: string | readonly string[],
  options: KafkaBatchedOptions<V>,
): KafkaBatchedSource<V>;
export function fromKafkaBatched(
  topics: string | readonly string[],
  options: KafkaBatchedOptions | KafkaBatchedFrameOptions,
): unknown {
  const { engine = 'elements' } = options ?? {};
  requireOneOf('fromKafkaBatched', 'engine', engine, ['elements', 'columns']);
  if (options?.engine !== 'columns') return new KafkaBatchedSource(topics, options);
  const { engine: _, pollInterval = '1s', maxBatchSize = 10_000, ...rest } = options;
  requirePositiveInteger('fromKafkaBatched', 'maxBatchSize', maxBatchSize);
  return kafkaFrame('fromKafkaBatched', topics, {
    ...rest,
    linger: pollInterval,
    batch: maxBatchSize,
  });
}

/** What {@link fromKafkaBatched} returns. */
export class KafkaBatchedSource<V = Buffer> extends KafkaMessageSource<
  readonly KafkaMessage<V>[],
  V
> {
  constructor(topics: string | readonly string[], options: KafkaBatchedOptions<V>) {
    const { pollInterval = '1s', maxBatchSize = 10_000 } = options ?? {};
    requirePositiveInteger('fromKafkaBatched', 'maxBatchSize', maxBatchSize);
    const known = [...KAFKA_OPTIONS, 'engine', 'pollInterval', 'maxBatchSize'];
    super('fromKafkaBatched', topics, options, known, {
      messages: maxBatchSize,
      bytes: 16 * 2 ** 20,
      linger: parseDuration(pollInterval, 'fromKafkaBatched'),
    });
  }

  protected override async deliver(
    read: KafkaRead,
    send: SendElement<readonly KafkaMessage<V>[]>,
    isOver: () => boolean,
    { fail }: MessageRun<readonly KafkaMessage<V>[]>,
  ): Promise<void> {
    const reader = this.readerOf(read);
    const messages: KafkaMessage<V>[] = [];
    let first: number | undefined;
    let last = 0;
    while (reader.hasNext) {
      const packed = reader.next();
      first ??= packed.offset;
      last = packed.offset;
      try {
        messages.push(this.messageOf(read, packed));
      } catch (error) {
        await fail(error);
        if (isOver()) return;
      }
    }
    await send(messages.length > 0 ? messages : undefined, first ?? last, last);
  }
}
