import type { KafkaRead, SendElement } from '../connect/kafka-reader.ts';
import {
  KAFKA_OPTIONS,
  type KafkaMessage,
  KafkaMessageSource,
  type KafkaOptions,
} from '../connect/kafka-source.ts';
import type { MessageRun } from '../connect/message-source.ts';

/**
 * A source of the messages of Kafka topics, as a member of a consumer group, at least once: an offset is
 * committed when everything downstream of its message, and of every message before it in its partition,
 * has settled, and not before.
 *
 * Emits a {@link KafkaMessage} for each message, tombstones among them, in the order of its partition.
 * Messages are read ahead on a thread of the source's own; while more than `maxBytes` of them are not
 * settled, or `maxInFlight` messages, the partitions are paused, and the source stays in its group. A
 * message that fails downstream is read again after `retryDelay`, and with it those of its partition that
 * came after it; with `onFailure: 'discard'` it is not.
 *
 * When a partition goes to another member of the group, no more of it is delivered, and what is done is
 * committed; what is under way comes again there. `stop()` waits for what is under way (`stopTimeout`) and
 * leaves the group; `start()` goes on with what was committed. Once connected, the client connects again
 * by itself, and `onError` is told where no broker answers. An error that trying again would not help,
 * such as a topic that does not exist, goes to `onError` and fails the source (`ERR_REFUSED`).
 *
 * The client (librdkafka) is part of the native addon. Throws a TypeError or RangeError for a wrong
 * argument.
 *
 * ```ts needs-kafka
 * import assert from 'node:assert/strict';
 * import { Kafka } from 'kafkajs';
 * import { fromKafka, Stream, toKafka } from 'millrace';
 *
 * const url = process.env.KAFKA_URL ?? 'kafka://127.0.0.1:9092';
 * const { host, username, password } = new URL(url);
 * const admin = new Kafka({
 *   brokers: [host],
 *   sasl: { mechanism: 'plain', username, password },
 * }).admin();
 * await admin.connect();
 * await admin.createTopics({ topics: [{ topic: 'readings' }], waitForLeaders: true });
 * await admin.disconnect();
 *
 * const readings = new Stream<{ celsius: number }>();
 * readings.to(toKafka('readings', { url }));
 * readings.emit({ celsius: 21.5 });
 * await readings.end();
 *
 * const decode = (value: Buffer): { celsius: number } => JSON.parse(String(value));
 * const source = fromKafka('readings', { url, group: 'alarms', decode });
 * const seen = new Promise((resolve) => source.sink(({ value }) => resolve(value?.celsius)));
 * void source.start();
 * assert.equal(await seen, 21.5);
 * await source.stop();
 * ```
 *
 * @param topics a name or several; one that begins with `^` is a pattern, and takes in topics that are
 * made later
 */
export function fromKafka<V = Buffer>(
  topics: string | readonly string[],
  options: KafkaOptions<V>,
): KafkaSource<V> {
  return new KafkaSource(topics, options);
}

// Large enough that crossing to JavaScript costs little for each message.
const BATCHING = { messages: 5000, bytes: 262_144, linger: 0 };

/** What {@link fromKafka} returns. */
export class KafkaSource<V = Buffer> extends KafkaMessageSource<KafkaMessage<V>, V> {
  constructor(topics: string | readonly string[], options: KafkaOptions<V>) {
    super('fromKafka', topics, options, KAFKA_OPTIONS, BATCHING);
  }

  protected override async deliver(
    read: KafkaRead,
    send: SendElement<KafkaMessage<V>>,
    isOver: () => boolean,
    { fail }: MessageRun<KafkaMessage<V>>,
  ): Promise<void> {
    const messages = this.readerOf(read);
    while (messages.hasNext && !isOver()) {
      const packed = messages.next();
      let element: KafkaMessage<V> | undefined;
      try {
        element = this.messageOf(read, packed);
      } catch (error) {
        await fail(error);
      }
      await send(element, packed.offset, packed.offset);
    }
  }
}
