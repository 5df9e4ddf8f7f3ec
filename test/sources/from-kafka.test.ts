import { expect, it } from 'vitest';
import { fromKafka, fromKafkaBatched, type KafkaOptions } from '../../src/index.ts';
import { describeBroker, gate, texts } from '../servers/broker-suite.ts';
import {
  addTopic,
  client,
  feed,
  kafkaBroker,
  kafkaJs,
  offsetsOf,
} from '../servers/brokers/kafka.ts';

describeBroker(kafkaBroker, (server) => {
  const options = (more: Partial<KafkaOptions> = {}) => ({
    url: server().url,
    group: 'g',
    client,
    ...more,
  });
  const numbers = (count: number, prefix = '') => texts(count, prefix).map((value) => ({ value }));

  it('gives key, value, place, time and headers, and keeps tombstones', async () => {
    await addTopic(server(), 'whole');
    await feed(server(), 'whole', [
      { key: 'k', value: 'x', timestamp: '1600000000000', headers: { Color: 'red' } },
      { key: 'k', value: null },
      { value: '' },
    ]);
    const source = fromKafka('whole', options());
    const seen = source.sinkToList();
    void source.start();
    await expect.poll(() => seen.length).toBe(3);
    await source.stop();
    expect(seen[0]).toEqual({
      topic: 'whole',
      partition: 0,
      offset: 0,
      timestamp: 1_600_000_000_000,
      key: Buffer.from('k'),
      value: Buffer.from('x'),
      headers: { Color: [Buffer.from('red')] },
    });
    expect(seen[1]).toMatchObject({ offset: 1, key: Buffer.from('k'), value: null, headers: {} });
    expect(seen[2]).toMatchObject({ offset: 2, key: null, value: Buffer.alloc(0) });
  });

  it('begins where it is told to, and goes on with what was committed', async () => {
    await addTopic(server(), 'from');
    await feed(
      server(),
      'from',
      [1, 2, 3].map((n) => ({ value: String(n), timestamp: String(1_600_000_000_000 + n) })),
    );
    for (const [group, startFrom, expected] of [
      ['earliest', 'earliest', ['1', '2', '3']],
      ['time', { timestamp: 1_600_000_000_002 }, ['2', '3']],
      ['date', { timestamp: new Date(1_600_000_000_003) }, ['3']],
      ['offset', { offsets: { from: { 0: 2 } } }, ['3']],
    ] as const) {
      const source = fromKafka('from', options({ group, startFrom }));
      const seen = source.map(({ value }) => String(value)).sinkToList();
      void source.start();
      await expect.poll(() => seen).toEqual(expected);
      await source.stop();
    }
    const other = fromKafka('from', options({ group: 'nobody', startFrom: 'committed' }));
    await expect(other.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });

    const again = fromKafka('from', options({ group: 'offset', startFrom: 'committed' }));
    const seen = again.map(({ value }) => String(value)).sinkToList();
    void again.start();
    await feed(server(), 'from', [{ value: '4' }]);
    await expect.poll(() => seen).toEqual(['4']);
    await again.stop();
  });

  it('begins with what comes, and leaves nothing out that came while it was away', async () => {
    await addTopic(server(), 'news');
    await feed(server(), 'news', [{ value: 'old' }]);
    const source = fromKafka('news', options({ startFrom: 'latest' }));
    const seen = source.map(({ value }) => String(value)).sinkToList();
    void source.start();
    // The start is committed although nothing was read.
    await expect.poll(async () => (await offsetsOf(server(), 'news', 'g'))[0]?.committed).toBe(1);
    await source.stop();
    await feed(server(), 'news', [{ value: 'meanwhile' }]);
    void source.start();
    await expect.poll(() => seen).toEqual(['meanwhile']);
    const admin = kafkaJs(server()).admin();
    await admin.connect();
    await source.stop();
    await admin.createPartitions({ topicPartitions: [{ topic: 'news', count: 2 }] });
    await admin.disconnect();
    await feed(server(), 'news', [{ value: 'first of a new partition', partition: 1 }]);
    void source.start();
    await expect.poll(() => seen).toEqual(['meanwhile', 'first of a new partition']);
    await source.stop();
  });

  it('holds no more bytes than it is told to, stays in its group, and goes on', async () => {
    await addTopic(server(), 'large', 2);
    const value = 'x'.repeat(1000);
    for (let i = 0; i < 8; i++) {
      await feed(
        server(),
        'large',
        Array.from({ length: 500 }, () => ({ value })),
      );
    }
    // Time enough for its heartbeats on a busy machine: what comes twice here was lost to the pauses.
    const limits = { maxBytes: 200_000, maxInFlight: 100_000, client: {} };
    const source = fromKafka('large', options(limits));
    const { opened, open } = gate();
    let count = 0;
    source.buffer(100_000).mapAsync(
      async () => {
        count++;
        await opened;
      },
      { parallelism: 100_000 },
    );
    void source.start();
    await expect.poll(() => source.heldBytes).toBeGreaterThan(200_000);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    // A batch of each partition may be under way when it is paused, of maxBytes each at the most.
    expect(source.heldBytes).toBeLessThan(600_000);
    expect(count).toBeLessThan(4000);
    open();
    await expect.poll(() => count).toBe(4000);
    await source.stop();
    const offsets = await offsetsOf(server(), 'large', 'g');
    for (const { committed, end } of offsets) expect(committed).toBe(end);
  });

  it('shares the partitions with another of its group, which takes over what it leaves', async () => {
    await addTopic(server(), 'shared', 4);
    const seen = new Map<string, string[]>();
    const start = (name: string) => {
      const source = fromKafka('shared', options());
      source.sink(({ value }) => {
        const text = String(value);
        seen.set(text, [...(seen.get(text) ?? []), name]);
      });
      void source.start();
      return source;
    };
    const first = start('first');
    await feed(server(), 'shared', numbers(100, 'a'));
    await expect.poll(() => seen.size).toBe(100);
    const second = start('second');
    const hasBoth = async () => {
      await feed(server(), 'shared', numbers(8, `${Math.random()}-`));
      return new Set([...seen.values()].flat()).size;
    };
    await expect.poll(hasBoth, { interval: 200 }).toBe(2);
    await first.stop();
    const before = seen.size;
    await feed(server(), 'shared', numbers(100, 'b'));
    await expect.poll(() => seen.size).toBeGreaterThanOrEqual(before + 100);
    await expect
      .poll(async () => {
        const offsets = await offsetsOf(server(), 'shared', 'g');
        return offsets.every(({ committed, end, start }) => committed === end || end === start);
      })
      .toBe(true);
    await second.stop();
    for (const text of texts(100, 'b')) expect(seen.get(text)).toContain('second');
  });

  it('gives batches, each of one partition, and commits them whole', async () => {
    await addTopic(server(), 'batches', 2);
    for (const partition of [0, 1]) {
      await feed(
        server(),
        'batches',
        texts(30).map((value) => ({ value, partition })),
      );
    }
    const source = fromKafkaBatched('batches', {
      ...options(),
      pollInterval: '500ms',
      maxBatchSize: 20,
      decode: String,
    });
    const seen = source.sinkToList();
    void source.start();
    await expect.poll(() => seen.flat().length).toBe(60);
    expect(seen.every((batch) => new Set(batch.map(({ partition }) => partition)).size === 1)).toBe(
      true,
    );
    for (const partition of [0, 1]) {
      const batches = seen.filter(([message]) => message?.partition === partition);
      expect(batches[0]).toHaveLength(20);
      expect(batches.flat().map(({ value }) => value)).toEqual(texts(30));
    }
    await source.stop();
    const offsets = await offsetsOf(server(), 'batches', 'g');
    expect(offsets.map(({ committed }) => committed)).toEqual([30, 30]);
  });

  it('leaves out what cannot be decoded, where onError says so', async () => {
    await addTopic(server(), 'json');
    await feed(server(), 'json', [
      { value: '{"n":1}' },
      { value: 'no json' },
      { value: '{"n":2}' },
    ]);
    const errors: unknown[] = [];
    const source = fromKafka('json', {
      url: server().url,
      group: 'g',
      client,
      decode: (value) => JSON.parse(String(value)) as { n: number },
      onError: (error) => errors.push(error),
    });
    const seen = source.map(({ value }) => value?.n).sinkToList();
    void source.start();
    await expect.poll(() => seen).toEqual([1, 2]);
    await source.stop();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(SyntaxError);
    expect((await offsetsOf(server(), 'json', 'g'))[0]?.committed).toBe(3);
  });

  it('fails where there is no such topic', async () => {
    const source = fromKafka('nothing', options());
    await expect(source.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    expect(source.state).toBe('failed');
  });

  it('stops soon while nothing comes', async () => {
    await addTopic(server(), 'quiet');
    const source = fromKafka('quiet', options());
    void source.start();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const start = performance.now();
    await source.stop();
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

it('checks its arguments', () => {
  const options = { url: 'kafka://h', group: 'g' };
  const wrong = (more: object) => () => fromKafka('t', { ...options, ...more });
  expect(() => fromKafka('', options)).toThrow(TypeError);
  expect(() => fromKafka([], options)).toThrow('topics must name one or more');
  expect(wrong({ group: '' })).toThrow('group must be a string');
  expect(wrong({ startFrom: 'here' })).toThrow('startFrom must be');
  expect(wrong({ startFrom: { timestamp: -1 } })).toThrow('startFrom.timestamp');
  expect(wrong({ startFrom: { offsets: { t: { 0: 1.5 } } } })).toThrow('startFrom.offsets');
  expect(wrong({ url: 'redis://h' })).toThrow('got redis://');
  expect(wrong({ brokers: 'a:1' })).toThrow('brokers must be an array');
  expect(wrong({ maxBytes: 0 })).toThrow('maxBytes');
  expect(wrong({ client: { 'enable.auto.commit': true } })).toThrow('not for users to set');
  expect(() => fromKafkaBatched('t', { ...options, maxBatchSize: 0 })).toThrow('maxBatchSize');
});
