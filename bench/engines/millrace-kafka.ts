import { DataFrame, type KafkaFrame, Stream, toKafka } from '../../dist/index.js';
import {
  addTopic,
  broker,
  brokerWith,
  byKey,
  countOf,
  freshGroup,
  TOPIC,
  WRITTEN,
} from '../kafka-broker.ts';
import type { Engine } from '../work.ts';

/** What millrace does with Kafka. */
export const kafkaWorks: Engine['works'] = {
  kafkaMeans: async ({ messages }) => {
    const { url } = await brokerWith(messages);
    const means = (thread: boolean) => async () => {
      const frame = DataFrame.fromKafka(TOPIC, {
        url,
        group: freshGroup(),
        columns: { key: 'utf8', value: 'f64' },
        thread,
      });
      const grouped = frame.groupBy('key').value.mean();
      let last: Iterable<{ key: string | null; value: number | null }> = [];
      grouped.sink((table) => {
        last = table;
      });
      await readAll(frame, grouped, messages.length);
      return byKey([...last].map(({ key, value }) => [key!, value!] as const));
    };
    return { fromKafka: means(false), 'fromKafka, { thread: true }': means(true) };
  },

  kafkaCount: async ({ messages }) => {
    const { url } = await brokerWith(messages);
    return {
      'fromKafka, raw, no column used': async () => {
        const frame = DataFrame.fromKafka(TOPIC, {
          url,
          group: freshGroup(),
          format: 'raw',
          include: ['partition'],
        });
        await readAll(frame, frame.col('partition').max(), messages.length);
        return frame.progress.rows;
      },
    };
  },

  kafkaWrite: async ({ messages }) => {
    const server = await broker();
    await addTopic(server, WRITTEN);
    return {
      'emitMany, to(toKafka)': async () => {
        const before = await countOf(server, WRITTEN);
        const source = new Stream<string>();
        source.to(toKafka(WRITTEN, { url: server.url }));
        for (let start = 0; start < messages.length; start += 10_000) {
          await source.emitMany(messages.slice(start, start + 10_000));
        }
        await source.end();
        return (await countOf(server, WRITTEN)) - before;
      },
    };
  },
};

/** Reads so many messages; the frame is stopped afterwards, which is not waited for. */
async function readAll(frame: Started, counter: ColumnNode, count: number): Promise<void> {
  const all = new Promise<void>((resolve) => {
    counter.sink(() => {
      // The batch that is being delivered is not counted yet.
      queueMicrotask(() => {
        if (frame.progress.rows >= count) resolve();
      });
    });
  });
  const running = frame.start();
  await Promise.race([all, running]);
  void frame.stop();
}

/** What there is of a frame of Kafka, whatever its columns. */
type Started = Pick<KafkaFrame, 'start' | 'stop' | 'progress'>;

/** Anything that yields a result per batch. */
interface ColumnNode {
  sink(receive: () => unknown): unknown;
}
