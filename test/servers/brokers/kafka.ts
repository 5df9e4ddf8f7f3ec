import { Kafka, logLevel } from 'kafkajs';
import { fromKafka, type KafkaMessage } from '../../../src/index.ts';
import type { Broker, Channel } from '../broker-suite.ts';
import { kafka } from '../kinds.ts';
import type { TestServer } from '../test-server.ts';

/** The client that is not ours: it makes topics, feeds them and looks at groups. */
export function kafkaJs(server: TestServer): Kafka {
  return new Kafka({
    brokers: [`127.0.0.1:${server.port}`],
    sasl: { mechanism: 'plain', username: 'millrace', password: 'secret-of-kafka' },
    ssl: false,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 20 },
  });
}

/** Makes a topic. */
export async function addTopic(server: TestServer, topic: string, partitions = 1): Promise<void> {
  const admin = kafkaJs(server).admin();
  await admin.connect();
  try {
    const topics = [{ topic, numPartitions: partitions }];
    await admin.createTopics({ topics, waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}

/** A message for {@link feed}. */
export interface Fed {
  readonly key?: string;
  readonly value: string | null;
  readonly partition?: number;
  readonly timestamp?: string;
  readonly headers?: Record<string, string>;
}

/** Writes messages. */
export async function feed(server: TestServer, topic: string, messages: Fed[]): Promise<void> {
  const producer = kafkaJs(server).producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages });
  } finally {
    await producer.disconnect();
  }
}

/** By partition, the offset that a group has committed (-1: none) and the end. */
export async function offsetsOf(
  server: TestServer,
  topic: string,
  groupId: string,
): Promise<{ partition: number; committed: number; end: number; start: number }[]> {
  const admin = kafkaJs(server).admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const offsets = ends.map(({ partition, high, low }) => ({
      partition,
      committed: Number(found?.partitions.find((one) => one.partition === partition)?.offset ?? -1),
      end: Number(high),
      start: Number(low),
    }));
    // The client names partitions in an order of its own.
    return offsets.sort((a, b) => a.partition - b.partition);
  } finally {
    await admin.disconnect();
  }
}

/** The source's settings in tests: a consumer that died is noticed soon. */
export const client = { 'session.timeout.ms': 1000, 'heartbeat.interval.ms': 200 };

/** A topic of so many partitions, of texts. */
export async function kafkaChannel(
  server: TestServer,
  name: string,
  partitions: number,
): Promise<Channel<KafkaMessage>> {
  await addTopic(server, name, partitions);
  return {
    source: (options) =>
      fromKafka(name, { url: server.url, group: 'g', client, retryDelay: 50, ...options }),
    feed: (texts) =>
      feed(
        server,
        name,
        texts.map((value) => ({ value })),
      ),
    async left() {
      const offsets = await offsetsOf(server, name, 'g');
      return offsets.reduce(
        (sum, { committed, start, end }) => sum + end - Math.max(committed, start),
        0,
      );
    },
    textOf: ({ value }) => String(value),
  };
}

/** Messages of a topic of one partition, so that they come in order. */
export const kafkaBroker: Broker<KafkaMessage> = {
  kind: kafka,
  title: 'fromKafka()',
  secret: 'secret-of-kafka',
  channel: (server, name) => kafkaChannel(server, name, 1),
};
