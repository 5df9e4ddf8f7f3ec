import { Kafka, logLevel } from 'kafkajs';
import { Stream, toKafka } from '../dist/index.js';
import { kafka } from '../test/servers/kinds.ts';
import { missing, ServerProcess } from '../test/servers/test-server.ts';

/** Why there is no broker to measure with; nothing where there is one. */
export const lacksKafka = (): string | undefined => missing(kafka);

let running: Promise<ServerProcess> | undefined;

/** A broker of this process's own, which ends with it. */
export function broker(): Promise<ServerProcess> {
  running ??= ServerProcess.start(kafka);
  return running;
}

/** The client that is not ours. */
export function kafkaJs(server: ServerProcess): Kafka {
  return new Kafka({
    brokers: [`127.0.0.1:${server.port}`],
    sasl: { mechanism: 'plain', username: 'millrace', password: 'secret-of-kafka' },
    ssl: false,
    logLevel: logLevel.NOTHING,
  });
}

/** Makes a topic. */
export async function addTopic(server: ServerProcess, topic: string): Promise<void> {
  const admin = kafkaJs(server).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true });
  await admin.disconnect();
}

/** How many messages a topic has. */
export async function countOf(server: ServerProcess, topic: string): Promise<number> {
  const admin = kafkaJs(server).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

let filled: Promise<ServerProcess> | undefined;

/** A broker with a topic of these texts, which are the same in all works. */
export function brokerWith(texts: readonly string[]): Promise<ServerProcess> {
  filled ??= fill(texts);
  return filled;
}

async function fill(texts: readonly string[]): Promise<ServerProcess> {
  const server = await broker();
  await addTopic(server, TOPIC);
  const source = new Stream<string>();
  source.to(toKafka(TOPIC, { url: server.url }));
  for (let start = 0; start < texts.length; start += 10_000) {
    await source.emitMany(texts.slice(start, start + 10_000));
  }
  await source.end();
  return server;
}

/** The topic that {@link brokerWith} fills. */
export const TOPIC = 'bench';

/** The topic that is written to. */
export const WRITTEN = 'bench-written';

let groups = 0;

/** A group that has read nothing. */
export const freshGroup = (): string => `bench-${process.pid}-${groups++}`;

/** Numbers by key, in the order of the keys: partitions come in any. */
export function byKey(pairs: (readonly [string, number])[]): (readonly [string, number])[] {
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
}
