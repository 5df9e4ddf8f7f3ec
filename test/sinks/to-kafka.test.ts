import { expect, it } from 'vitest';
import { Stream, toKafka } from '../../src/index.ts';
import { addTopic, kafkaJs } from '../servers/brokers/kafka.ts';
import { kafka } from '../servers/kinds.ts';
import { describeSink } from '../servers/sink-suite.ts';
import type { TestServer } from '../servers/test-server.ts';

/** What a topic of one partition holds, as the other client reads it. */
async function stored(server: TestServer, topic: string) {
  const client = kafkaJs(server);
  const admin = client.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const total = offsets.reduce((sum, { high }) => sum + Number(high), 0);
  const found: {
    key: string | undefined;
    value: string | undefined;
    partition: number;
    headers: Record<string, unknown>;
    timestamp: string;
  }[] = [];
  if (total === 0) return found;
  const consumer = client.consumer({ groupId: `reader-${Math.random()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ partition, message }) => {
        const { key, value, timestamp, headers = {} } = message;
        found.push({
          key: key?.toString(),
          value: value?.toString(),
          partition,
          timestamp,
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, header]) => [name, String(header)]),
          ),
        });
        if (found.length >= total) resolve();
      },
    });
  });
  await consumer.disconnect();
  return found;
}

describeSink(
  {
    kind: kafka,
    title: 'toKafka()',
    secret: 'secret-of-kafka',
    async open(server, name) {
      await addTopic(server, name);
      return {
        sink: (url = server.url) => toKafka<string>(name, { url }),
        written: async () => (await stored(server, name)).map(({ value }) => String(value)),
      };
    },
  },
  (server) => {
    it('takes key, value, partition, headers and timestamp from the element', async () => {
      await addTopic(server(), 'made', 3);
      const source = new Stream<{ id: number; partition?: number; value: string | null }>();
      const receipts = source
        .to(
          toKafka(() => 'made', {
            url: server().url,
            key: ({ id }) => `k${id}`,
            value: ({ value }) => value,
            partition: ({ partition }) => partition,
            headers: ({ id }) => ({ id: String(id), raw: Buffer.from('r') }),
            timestamp: ({ id }) => 1_600_000_000_000 + id,
          }),
        )
        .sinkToList();
      source.emitMany([
        { id: 1, partition: 2, value: 'a' },
        { id: 2, partition: 2, value: null },
        { id: 3, value: '' },
        { id: 3, value: 'again' },
      ]);
      await source.end();
      expect(receipts.slice(0, 2)).toEqual([
        { topic: 'made', partition: 2, offset: 0 },
        { topic: 'made', partition: 2, offset: 1 },
      ]);
      expect(receipts[2]?.partition).toBe(receipts[3]?.partition);
      const found = await stored(server(), 'made');
      const of = (key: string) => found.filter((one) => one.key === key);
      expect(of('k1')).toEqual([
        {
          key: 'k1',
          value: 'a',
          partition: 2,
          headers: { id: '1', raw: 'r' },
          timestamp: '1600000000001',
        },
      ]);
      expect(of('k2').map(({ value }) => value)).toEqual([undefined]);
      expect(of('k3').map(({ value }) => value)).toEqual(['', 'again']);
    });

    it('tells each message what became of it, whatever the order of the answers', async () => {
      await addTopic(server(), 'parts', 3);
      const errors: unknown[] = [];
      const source = new Stream<number>({ onError: (error) => errors.push(error) });
      const acknowledged: [number, unknown][] = [];
      const receipts = source
        .to(toKafka('parts', { url: server().url, partition: (n) => (n === 5 ? 77 : n % 3) }))
        .sinkToList();
      for (let n = 0; n < 30; n++) {
        void source.emit(n, { acknowledge: (error) => acknowledged.push([n, error]) });
      }
      await source.end();
      expect(receipts.map(({ partition }) => partition)).toEqual(
        Array.from({ length: 30 }, (_, n) => n)
          .filter((n) => n !== 5)
          .map((n) => n % 3),
      );
      expect(errors).toMatchObject([{ code: 'ERR_REFUSED' }]);
      const failed = acknowledged.filter(([, error]) => error !== undefined);
      expect(failed.map(([n]) => n)).toEqual([5]);
      expect(acknowledged).toHaveLength(30);
    });

    it('fails where there is no such topic, and with a setting that librdkafka does not know', async () => {
      for (const [topic, client, reason] of [
        ['nothing', {}, "the topic 'nothing'"],
        ['parts', { 'no.such': 'hunter2' }, "the setting 'no.such' is not taken"],
      ] as const) {
        const errors: unknown[] = [];
        const source = new Stream<string>({ onError: (error) => errors.push(error) });
        source.to(toKafka(topic, { url: server().url, client }));
        await source.emit('x');
        await source.end();
        expect(errors).toMatchObject([{ code: 'ERR_REFUSED' }]);
        expect(String(errors[0])).toContain(reason);
        expect(String(errors[0])).not.toContain('hunter2');
      }
    });
  },
);

it('checks its arguments', () => {
  const url = 'kafka://h';
  expect(() => toKafka('', { url })).toThrow(TypeError);
  expect(() => toKafka('t', { url: 'redis://h' })).toThrow('got redis://');
  expect(() => toKafka('t', { url, key: 1 as never })).toThrow('key must be a function');
  expect(() => toKafka('t', { url, client: { 'group.id': 'x' } })).toThrow('not for users to set');
  const errors: unknown[] = [];
  const source = new Stream<number>({ onError: (error) => errors.push(error) });
  source.to(toKafka('t', { url, partition: () => -1 }));
  expect(() => source.emit(1)).toThrow('a partition must be an integer of 0 or more, got -1');
});
