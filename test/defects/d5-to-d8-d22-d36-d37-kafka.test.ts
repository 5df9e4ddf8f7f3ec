import { describe, expect, it } from 'vitest';
import { fromKafka, fromKafkaBatched, Stream, toKafka } from '../../src/index.ts';
import { gate, texts } from '../servers/broker-suite.ts';
import { addTopic, client, feed, kafkaJs, offsetsOf } from '../servers/brokers/kafka.ts';
import { kafka } from '../servers/kinds.ts';
import { withServer } from '../servers/with-server.ts';

withServer(kafka, 'defects of the Kafka connectors of streamz', (server) => {
  const options = () => ({ url: server().url, group: 'g', client, commitInterval: 20 });
  const fill = async (topic: string, count: number, partition = 0) =>
    feed(
      server(),
      topic,
      texts(count).map((value) => ({ value, partition })),
    );
  const committed = async (topic: string) =>
    (await offsetsOf(server(), topic, 'g')).map((offset) => offset.committed);

  describe('D5, streamz commits batches in the order in which they are done', () => {
    it('nothing behind a batch under way is committed, and no commit goes back', async () => {
      await addTopic(server(), 'd5', 2);
      await fill('d5', 8);
      const { opened, open } = gate();
      const source = fromKafkaBatched('d5', {
        ...options(),
        maxBatchSize: 1,
        pollInterval: 0,
        decode: String,
      });
      const done: string[] = [];
      source.buffer(20).mapAsync(
        async ([message]) => {
          if (message?.partition === 0 && message.offset === 0) await opened;
          done.push(`${message?.partition}/${message?.offset}`);
        },
        { parallelism: 20, ordered: false },
      );
      void source.start();
      await expect.poll(() => done.length).toBe(7);
      // Commits are for all partitions at once: when that of the other is there, so was this one's chance.
      await fill('d5', 1, 1);
      await expect.poll(async () => (await committed('d5'))[1]).toBe(1);
      expect((await committed('d5'))[0]).toBe(-1);
      open();
      await expect.poll(async () => (await committed('d5'))[0]).toBe(8);
      await source.stop();
      expect(await committed('d5')).toEqual([8, 1]);
    });
  });

  describe('D6, the graph of streamz holds no poll of Kafka back', () => {
    it('a slow sink has one batch at a time, and the rest waits', async () => {
      await addTopic(server(), 'd6');
      await fill('d6', 40);
      const source = fromKafkaBatched('d6', { ...options(), maxBatchSize: 4, pollInterval: 0 });
      let active = 0;
      let most = 0;
      let count = 0;
      source.sink(async (batch) => {
        most = Math.max(most, ++active);
        await new Promise(setImmediate);
        count += batch.length;
        active--;
      });
      void source.start();
      await expect.poll(() => count).toBe(40);
      expect(most).toBe(1);
      await source.stop();
    });
  });

  describe('D7, streamz hangs where the last offset of a batch is not a message with a value', () => {
    it('a tombstone and the mark of a transaction end a batch as any other message', async () => {
      await addTopic(server(), 'd7');
      const source = fromKafkaBatched('d7', { ...options(), pollInterval: 50, decode: String });
      const seen = source.flatten().sinkToList();
      void source.start();
      await feed(server(), 'd7', [
        { key: 'k', value: 'x' },
        { key: 'k', value: null },
      ]);
      await expect.poll(() => seen.length).toBe(2);

      const producer = kafkaJs(server()).producer({
        transactionalId: 'd7',
        idempotent: true,
        maxInFlightRequests: 1,
      });
      await producer.connect();
      for (const value of ['y', 'aborted', 'z']) {
        const transaction = await producer.transaction();
        await transaction.send({ topic: 'd7', messages: [{ value }] });
        await (value === 'aborted' ? transaction.abort() : transaction.commit());
      }
      await producer.disconnect();
      await expect.poll(() => seen.map(({ value }) => value)).toEqual(['x', null, 'y', 'z']);
      await source.stop();
    });
  });

  describe('D8, streamz drops tombstones, keys, headers, times and places', () => {
    it('an element is the whole message', async () => {
      await addTopic(server(), 'd8');
      const headers = { h: '1' };
      await feed(server(), 'd8', [
        { key: 'k', value: null, timestamp: '1700000000000', headers },
        { value: '' },
      ]);
      const source = fromKafka('d8', options());
      const seen = source.sinkToList();
      void source.start();
      await expect.poll(() => seen.length).toBe(2);
      await source.stop();
      expect(seen[0]).toEqual({
        topic: 'd8',
        partition: 0,
        offset: 0,
        timestamp: 1_700_000_000_000,
        key: Buffer.from('k'),
        value: null,
        headers: { h: [Buffer.from('1')] },
      });
      expect(seen[1]).toMatchObject({ key: null, value: Buffer.alloc(0) });
    });
  });

  describe('D22, streamz matches delivery reports to messages by position', () => {
    it('an error is that of its own message, and every emit ends', async () => {
      await addTopic(server(), 'd22', 3);
      const failures: unknown[] = [];
      const source = new Stream<number>({ onError: (error) => failures.push(error) });
      const receipts = source
        .to(
          toKafka('d22', {
            url: server().url,
            value: (n) => (n === 4 ? null : `${n}`),
            partition: (n) => (n === 7 ? 99 : 2 - (n % 3)),
            key: (n) => `k${n}`,
          }),
        )
        .sinkToList();
      const results = new Map<number, unknown>();
      for (let n = 0; n < 12; n++) {
        void source.emit(n, { acknowledge: (error) => results.set(n, error) });
      }
      await source.end();
      expect([...results].filter(([, error]) => error !== undefined).map(([n]) => n)).toEqual([7]);
      expect(results.size).toBe(12);
      expect(failures).toHaveLength(1);
      const others = Array.from({ length: 12 }, (_, n) => n).filter((n) => n !== 7);
      expect(receipts.map(({ partition }) => partition)).toEqual(others.map((n) => 2 - (n % 3)));
    });
  });

  describe('D36, streamz puts the credentials of the consumer into every element', () => {
    it('no element has them, and the options stay as they were', async () => {
      await addTopic(server(), 'd36');
      await fill('d36', 3);
      const given = Object.freeze({
        ...options(),
        client: Object.freeze({ ...client, 'sasl.password': 'secret-of-kafka' }),
        pollInterval: 0,
        decode: String,
      });
      const before = JSON.stringify(given);
      const source = fromKafkaBatched('d36', given);
      const seen = source.flatten().sinkToList();
      void source.start();
      await expect.poll(() => seen.length).toBe(3);
      await source.stop();
      expect(JSON.stringify(seen)).not.toContain('secret-of-kafka');
      expect(JSON.stringify(given)).toBe(before);
    });
  });

  describe('D37, streamz starts before its nodes are attached, with a consumer for each batch', () => {
    it('nothing is read before the start, and one consumer reads all', async () => {
      await addTopic(server(), 'd37', 2);
      await fill('d37', 20);
      const source = fromKafkaBatched('d37', {
        ...options(),
        group: 'd37',
        maxBatchSize: 1,
        pollInterval: 0,
        decode: String,
      });
      const admin = kafkaJs(server()).admin();
      await admin.connect();
      const members = async () => {
        const { groups } = await admin.describeGroups(['d37']);
        return groups[0]?.members.length ?? 0;
      };
      try {
        expect(await members()).toBe(0);
        const seen = source.flatten().sinkToList();
        const ids = new Set<string>();
        source.sink(async () => {
          const { groups } = await admin.describeGroups(['d37']);
          for (const { memberId } of groups[0]?.members ?? []) ids.add(memberId);
        });
        void source.start();
        await expect.poll(() => seen.length).toBe(20);
        expect(ids.size).toBe(1);
        await source.stop();
        expect(await members()).toBe(0);
      } finally {
        await admin.disconnect();
      }
    });
  });
});
