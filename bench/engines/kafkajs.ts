import { createRequire } from 'node:module';
import {
  addTopic,
  broker,
  brokerWith,
  byKey,
  countOf,
  freshGroup,
  kafkaJs,
  TOPIC,
  WRITTEN,
} from '../kafka-broker.ts';
import type { Engine } from '../work.ts';

const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string };

/** Messages of one request. */
const CHUNK = 10_000;

export const engine: Engine = {
  name: 'kafkajs',
  version,
  works: {
    kafkaMeans: async ({ messages }) => {
      const server = await brokerWith(messages);
      return {
        'eachBatch, JSON.parse, Map': async () => {
          const totals = new Map<string, { sum: number; count: number }>();
          await consume(kafkaJs(server), messages.length, (value) => {
            const { key, value: number } = JSON.parse(String(value)) as {
              key: string;
              value: number;
            };
            const total = totals.get(key);
            if (total === undefined) totals.set(key, { sum: number, count: 1 });
            else {
              total.sum += number;
              total.count++;
            }
          });
          return byKey([...totals].map(([key, { sum, count }]) => [key, sum / count] as const));
        },
      };
    },

    kafkaCount: async ({ messages }) => {
      const server = await brokerWith(messages);
      return {
        eachBatch: () => consume(kafkaJs(server), messages.length, () => {}),
      };
    },

    kafkaWrite: async ({ messages }) => {
      const server = await broker();
      await addTopic(server, WRITTEN);
      const producer = kafkaJs(server).producer();
      await producer.connect();
      return {
        'send, 10,000 at a time': async () => {
          const before = await countOf(server, WRITTEN);
          for (let start = 0; start < messages.length; start += CHUNK) {
            const chunk = messages.slice(start, start + CHUNK);
            await producer.send({ topic: WRITTEN, messages: chunk.map((value) => ({ value })) });
          }
          return (await countOf(server, WRITTEN)) - before;
        },
      };
    },
  },
};

/** Gives the values of so many messages to `take`, as a group of its own. */
async function consume(
  kafka: ReturnType<typeof kafkaJs>,
  count: number,
  take: (value: Buffer | null) => void,
): Promise<number> {
  // A whole partition's share fits a request, as with the client that it is held against.
  const consumer = kafka.consumer({ groupId: freshGroup() });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async ({ batch }: { batch: { messages: { value: Buffer | null }[] } }) => {
      for (const { value } of batch.messages) take(value);
      seen += batch.messages.length;
      if (seen >= count) resolve();
    };
    consumer.run({ partitionsConsumedConcurrently: 4, eachBatch }).catch(reject);
  });
  void consumer.disconnect();
  return seen;
}
