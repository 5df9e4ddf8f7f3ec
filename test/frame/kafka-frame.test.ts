import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import {
  type BadMessage,
  DataFrame,
  fromKafkaBatched,
  Sink,
  type SinkBatch,
  Stream,
  type WritableTable,
} from '../../src/index.ts';
import { addTopic, client, feed, offsetsOf } from '../servers/brokers/kafka.ts';
import { kafka } from '../servers/kinds.ts';
import { withServer } from '../servers/with-server.ts';

const rowsOf = <R>(tables: readonly { toRows(): R[] }[]) =>
  tables.flatMap((table) => table.toRows());

withServer(kafka, 'DataFrame.fromKafka()', (server) => {
  const options = () => ({
    url: server().url,
    group: 'g',
    client,
    retryDelay: 50,
    commitInterval: 20,
  });
  const committedOf = async (topic: string, group = 'g') =>
    (await offsetsOf(server(), topic, group)).map(({ committed }) => committed);

  it('reads JSON with what is known of each message, and commits it', async () => {
    await addTopic(server(), 'f-json');
    await feed(server(), 'f-json', [
      {
        key: 'k',
        value: '{"symbol":"A","price":1.5}',
        timestamp: '1600000000000',
        headers: { color: 'red' },
      },
      { key: 'gone', value: null },
      { value: '{"price":2,"symbol":"B","more":[1]}', timestamp: '1600000000001' },
    ]);
    const frame = DataFrame.fromKafka('f-json', {
      ...options(),
      columns: { symbol: 'utf8', price: 'f64' },
      include: ['topic', 'partition', 'offset', 'timestamp', 'key', 'headers'],
    });
    const seen = frame.sinkToList();
    const total = frame.price.sum().sinkToList();
    void frame.start();
    await expect.poll(() => total.at(-1)).toBe(3.5);
    await frame.stop();
    expect(rowsOf(seen)).toEqual([
      {
        symbol: 'A',
        price: 1.5,
        topic: 'f-json',
        partition: 0,
        offset: 0,
        timestamp: 1_600_000_000_000,
        key: 'k',
        headers: '{"color":"red"}',
      },
      {
        symbol: 'B',
        price: 2,
        topic: 'f-json',
        partition: 0,
        offset: 2,
        timestamp: 1_600_000_000_001,
        key: null,
        headers: '{}',
      },
    ]);
    expect(await committedOf('f-json')).toEqual([3]);
    expect(frame.progress).toMatchObject({ rows: 2, badRows: 0, tombstones: 1 });
    expect(frame.heldBytes).toBe(0);
    expect(frame.state).toBe('stopped');
  });

  it('goes on where it stopped, with the state that it had', async () => {
    await addTopic(server(), 'f-again');
    const frame = DataFrame.fromKafka('f-again', { ...options(), columns: { n: 'i64' } });
    const sums = frame.n.sum().sinkToList();
    await feed(server(), 'f-again', [{ value: '{"n":1}' }, { value: '{"n":2}' }]);
    void frame.start();
    await expect.poll(() => sums.at(-1)).toBe(3);
    await frame.stop();
    await feed(server(), 'f-again', [{ value: '{"n":4}' }]);
    void frame.start();
    await expect.poll(() => sums.at(-1)).toBe(7);
    await frame.stop();
  });

  it('makes rows of tombstones where it is told to, under other names', async () => {
    await addTopic(server(), 'f-tombs');
    await feed(server(), 'f-tombs', [
      { key: 'a', value: 'x' },
      { key: 'a', value: null },
    ]);
    const frame = DataFrame.fromKafka('f-tombs', {
      url: server().url,
      group: 'g',
      client,
      format: 'raw',
      include: { key: 'id' },
      tombstones: 'nulls',
    });
    const seen = frame.sinkToList();
    void frame.start();
    await expect
      .poll(() => rowsOf(seen))
      .toEqual([
        { value: 'x', id: 'a' },
        { value: null, id: 'a' },
      ]);
    await frame.stop();
    expect(await committedOf('f-tombs')).toEqual([2]);
  });

  it('reads CSV, and gives what is no row to a dead-letter stream', async () => {
    await addTopic(server(), 'f-csv');
    await feed(server(), 'f-csv', [
      { value: 'A;1' },
      { value: 'B' },
      { value: 'C;cheap' },
      { value: 'D;-\n' },
    ]);
    const letters = new Stream<BadMessage>();
    const bad = letters.sinkToList();
    const frame = DataFrame.fromKafka('f-csv', {
      ...options(),
      format: 'csv',
      columns: { symbol: 'utf8', price: 'f64' },
      delimiter: ';',
      nulls: ['-'],
      onBadRow: letters,
    });
    const seen = frame.sinkToList();
    void frame.start();
    await expect.poll(() => committedOf('f-csv')).toEqual([4]);
    await frame.stop();
    expect(rowsOf(seen)).toEqual([
      { symbol: 'A', price: 1 },
      { symbol: 'D', price: null },
    ]);
    expect(bad).toEqual([
      {
        topic: 'f-csv',
        partition: 0,
        offset: 1,
        reason: 'a record must have 2 fields, got 1',
        text: 'B',
      },
      {
        topic: 'f-csv',
        partition: 0,
        offset: 2,
        reason: `column 'price' must be f64, got "cheap"`,
        text: 'C;cheap',
      },
    ]);
    expect(frame.progress.badRows).toBe(2);
  });

  it('fails at what is no row, after everything before it, and commits nothing beyond', async () => {
    await addTopic(server(), 'f-bad');
    await feed(server(), 'f-bad', [
      { value: '{"n":1}' },
      { value: '{"n":2}' },
      { value: '{"n":' },
      { value: '{"n":4}' },
    ]);
    const frame = DataFrame.fromKafka('f-bad', { ...options(), columns: { n: 'i64' } });
    const sums = frame.n.sum().sinkToList();
    await expect(frame.start()).rejects.toMatchObject({
      code: 'ERR_BAD_ROW',
      message: expect.stringContaining("'f-bad': partition 0, offset 2, "),
    });
    expect(frame.state).toBe('failed');
    expect(sums.at(-1)).toBe(3);
    expect(await committedOf('f-bad')).toEqual([2]);

    const skipping = DataFrame.fromKafka('f-bad', {
      ...options(),
      columns: { n: 'i64' },
      group: 'other',
      onError: () => undefined,
    });
    const others = skipping.n.sum().sinkToList();
    void skipping.start();
    await expect.poll(() => others.at(-1)).toBe(7);
    await expect.poll(() => committedOf('f-bad', 'other')).toEqual([4]);
    await skipping.stop();
  });

  it('reads Arrow, many rows of a message', async () => {
    await addTopic(server(), 'f-arrow');
    const { Kafka, logLevel } = await import('kafkajs');
    const producer = new Kafka({
      brokers: [`127.0.0.1:${server().port}`],
      sasl: { mechanism: 'plain', username: 'millrace', password: 'secret-of-kafka' },
      logLevel: logLevel.NOTHING,
    }).producer();
    await producer.connect();
    const ipc = (n: number[], name: string[]) =>
      Buffer.from(tableToIPC(tableFromArrays({ n: Float64Array.from(n), name }), 'stream'));
    const messages = [
      { value: ipc([1, 2], ['a', 'b']) },
      { value: Buffer.from('no arrow') },
      { value: ipc([3], ['a']) },
    ];
    await producer.send({ topic: 'f-arrow', messages });
    await producer.disconnect();
    const bad: BadMessage[] = [];
    const frame = DataFrame.fromKafka('f-arrow', {
      ...options(),
      format: 'arrow',
      columns: { name: 'utf8', n: 'f64' },
      include: ['offset'],
      onBadRow: (row: BadMessage) => bad.push(row),
    });
    const seen = frame.sinkToList();
    void frame.start();
    await expect
      .poll(() => rowsOf(seen))
      .toEqual([
        { name: 'a', n: 1, offset: 0 },
        { name: 'b', n: 2, offset: 0 },
        { name: 'a', n: 3, offset: 2 },
      ]);
    await frame.stop();
    expect(bad).toMatchObject([{ offset: 1, text: 'no arrow' }]);
  });

  it.each([false, true])(
    'commits what a sink has written, and no more (thread: %s)',
    async (thread) => {
      const topic = `f-sink-${thread}`;
      await addTopic(server(), topic);
      const gates: (() => void)[] = [];
      class Slow extends Sink<WritableTable, WritableTable> {
        constructor() {
          super('slow', { concurrency: 2 });
        }
        override write(_: SinkBatch<WritableTable>): Promise<void> {
          return new Promise((resolve) => gates.push(resolve));
        }
      }
      const frame = DataFrame.fromKafka(topic, {
        ...options(),
        columns: { n: 'i64' },
        batch: 2,
        thread,
      });
      frame.to(new Slow());
      void frame.start();
      await feed(
        server(),
        topic,
        [1, 2, 3, 4].map((n) => ({ value: `{"n":${n}}` })),
      );
      await expect.poll(() => gates.length).toBe(2);
      gates[1]!();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await committedOf(topic)).toEqual([-1]);
      gates[0]!();
      await expect.poll(() => committedOf(topic)).toEqual([4]);
      await frame.stop();
    },
  );

  it('waits for elements of toStream', async () => {
    await addTopic(server(), 'f-stream');
    const frame = DataFrame.fromKafka('f-stream', { ...options(), columns: { n: 'i64' } });
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const seen: unknown[] = [];
    frame
      .toStream()
      .buffer(10)
      .mapAsync(async (row) => {
        seen.push(row);
        await opened;
      });
    void frame.start();
    await feed(server(), 'f-stream', [{ value: '{"n":1}' }, { value: '{"n":2}' }]);
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await committedOf('f-stream')).toEqual([-1]);
    open();
    await expect.poll(() => committedOf('f-stream')).toEqual([2]);
    await frame.stop();
  });

  it('reads again what failed', async () => {
    await addTopic(server(), 'f-fail');
    const errors: unknown[] = [];
    const frame = DataFrame.fromKafka('f-fail', {
      ...options(),
      columns: { n: 'i64' },
      onError: (error: unknown) => errors.push(error),
    });
    const seen: unknown[] = [];
    frame.sink((table) => {
      if (errors.length === 0) throw new Error('not yet');
      seen.push(...table);
    });
    void frame.start();
    await feed(server(), 'f-fail', [{ value: '{"n":1}' }]);
    await expect.poll(() => seen).toEqual([{ n: 1 }]);
    await expect.poll(() => committedOf('f-fail')).toEqual([1]);
    await frame.stop();
    expect(errors).toEqual([new Error('not yet')]);
  });

  it('holds no more bytes than it is told to, a hundred times as fast as its sink', async () => {
    await addTopic(server(), 'f-large', 2);
    const value = JSON.stringify({ n: 1, pad: 'x'.repeat(1000) });
    for (let i = 0; i < 8; i++) {
      await feed(
        server(),
        'f-large',
        Array.from({ length: 500 }, () => ({ value })),
      );
    }
    const frame = DataFrame.fromKafka('f-large', {
      ...options(),
      columns: { n: 'i64' },
      maxBytes: 200_000,
      batch: 50,
      client: {},
    });
    let rows = 0;
    let most = 0;
    frame.sink(async (table) => {
      rows += table.numRows;
      most = Math.max(most, frame.heldBytes);
      await new Promise((resolve) => setTimeout(resolve, 10));
    });
    void frame.start();
    await expect.poll(() => rows, { timeout: 60_000 }).toBe(4000);
    await frame.stop();
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThan(600_000);
    for (const { committed, end } of await offsetsOf(server(), 'f-large', 'g')) {
      expect(committed).toBe(end);
    }
  }, 90_000);

  it('shares the partitions with others of its group, by batches of fromKafkaBatched too', async () => {
    await addTopic(server(), 'f-batched', 2);
    for (const partition of [0, 1]) {
      await feed(
        server(),
        'f-batched',
        Array.from({ length: 30 }, (_, n) => ({ value: `{"n":${n}}`, partition })),
      );
    }
    const frame = fromKafkaBatched('f-batched', {
      ...{ ...options(), columns: { n: 'i64' }, include: ['partition'] },
      engine: 'columns',
      pollInterval: '300ms',
      maxBatchSize: 20,
    });
    const seen = frame.sinkToList();
    void frame.start();
    await expect.poll(() => rowsOf(seen).length).toBe(60);
    await frame.stop();
    for (const partition of [0, 1]) {
      const tables = seen.filter((table) => table.toRows()[0]?.partition === partition);
      expect(tables[0]?.numRows).toBe(20);
      expect(rowsOf(tables)).toEqual(Array.from({ length: 30 }, (_, n) => ({ n, partition })));
    }
    expect(await committedOf('f-batched')).toEqual([30, 30]);
  });

  it('ends when its signal is aborted, and fails where there is no such topic', async () => {
    await addTopic(server(), 'f-run');
    const abort = new AbortController();
    const frame = DataFrame.fromKafka('f-run', { ...options(), columns: { n: 'i64' } });
    frame.sink(() => abort.abort(new Error('enough')));
    await feed(server(), 'f-run', [{ value: '{"n":1}' }]);
    await expect(frame.run({ signal: abort.signal })).rejects.toThrow('enough');
    const lost = DataFrame.fromKafka('f-nothing', { ...options(), columns: { n: 'i64' } });
    await expect(lost.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
  });
});

it('checks its arguments', () => {
  const options = { url: 'kafka://h', group: 'g', columns: { n: 'f64' } as const };
  const wrong = (more: object) => () => DataFrame.fromKafka('t', { ...options, ...more });
  expect(() => DataFrame.fromKafka('', options)).toThrow(TypeError);
  expect(wrong({ group: '' })).toThrow('group must be a string');
  expect(wrong({ format: 'xml' })).toThrow('format must be');
  expect(wrong({ columns: undefined })).toThrow(TypeError);
  expect(wrong({ columns: { n: 'f63' } })).toThrow('f63');
  expect(wrong({ include: ['colour'] })).toThrow('include must be of topic, partition');
  expect(wrong({ include: { key: 'n' } })).toThrow('different names');
  expect(wrong({ include: { key: 1 } })).toThrow('include must be of');
  expect(wrong({ batch: 0 })).toThrow('batch must be a positive integer');
  expect(wrong({ tombstones: 'keep' })).toThrow('tombstones must be');
  expect(wrong({ onBadRow: 'stop' })).toThrow('onBadRow must be');
  expect(wrong({ delimiter: ';;' })).toThrow('delimiter must be one ASCII character');
  expect(wrong({ decode: String })).toThrow('decode');
  expect(wrong({ format: 'raw', columns: { a: 'f64' } })).toThrow(
    "format 'raw' must be one of utf8",
  );
  expect(wrong({ registry: 'http://h' })).toThrow("are for format 'avro'");
  expect(wrong({ format: 'avro' })).toThrow('must have a registry or a schema');
  expect(wrong({ format: 'avro', registry: 'ftp://h' })).toThrow('ftp');
  expect(wrong({ format: 'avro', schema: 'no JSON' })).toThrow('schema must be an object or JSON');
  const frame = DataFrame.fromKafka('t', options);
  expect(() => frame.emit()).toThrow('it reads Kafka');
});
