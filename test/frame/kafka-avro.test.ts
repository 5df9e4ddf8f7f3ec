import avro from 'avsc';
import fc from 'fast-check';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BadMessage, DataFrame } from '../../src/index.ts';
import { addTopic, client, offsetsOf } from '../servers/brokers/kafka.ts';
import { kafka } from '../servers/kinds.ts';
import type { TestServer } from '../servers/test-server.ts';
import { withServer } from '../servers/with-server.ts';
import { RegistryStandIn } from './schema-registry.ts';

const MILLIS = 1_700_000_000_123;

const trade = {
  type: 'record',
  name: 'Trade',
  namespace: 'market',
  fields: [
    { name: 'symbol', type: 'string' },
    {
      name: 'tags',
      type: { type: 'array', items: ['null', 'string', { type: 'map', values: 'long' }] },
    },
    { name: 'price', type: ['null', 'double'] },
    { name: 'size', type: 'int' },
    { name: 'volume', type: 'long' },
    { name: 'ratio', type: 'float' },
    { name: 'side', type: { type: 'enum', name: 'Side', symbols: ['BUY', 'SELL'] } },
    { name: 'open', type: 'boolean' },
    { name: 'id', type: { type: 'fixed', name: 'Id', size: 3 } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'seen', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }] },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'note', type: 'bytes' },
    { name: 'parent', type: ['null', 'Trade'] },
  ],
} as const;

const columns = {
  day: 'date',
  price: 'f64',
  symbol: 'utf8',
  size: 'i32',
  volume: 'i64',
  ratio: 'f32',
  side: 'utf8',
  open: 'bool',
  at: 'timestamp',
  seen: 'timestamp',
  note: 'utf8',
  absent: 'f64',
} as const;

const first = {
  symbol: 'A',
  tags: [{ string: 'x' }, null, { map: { a: 1 } }],
  price: { double: 1.5 },
  size: -7,
  volume: 2 ** 40,
  ratio: 0.5,
  side: 'SELL',
  open: true,
  id: Buffer.from('abc'),
  at: MILLIS,
  seen: { long: MILLIS * 1000 },
  day: 19_000,
  note: Buffer.from('größer'),
  parent: null,
};
const second = {
  ...first,
  symbol: 'B',
  price: null,
  side: 'BUY',
  open: false,
  seen: null,
  parent: { 'market.Trade': first },
};

// As a second implementation writes it, which knows nothing of what is read.
const type = avro.Type.forSchema(trade as unknown as avro.Schema, { wrapUnions: true });

function framed(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, body]);
}

async function write(server: TestServer, topic: string, values: Buffer[]): Promise<void> {
  const producer = new Kafka({
    brokers: [`127.0.0.1:${server.port}`],
    sasl: { mechanism: 'plain', username: 'millrace', password: 'secret-of-kafka' },
    logLevel: logLevel.NOTHING,
  }).producer();
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

withServer(kafka, 'DataFrame.fromKafka() of Avro', (server) => {
  let registry: RegistryStandIn;
  beforeAll(async () => {
    registry = await RegistryStandIn.start();
  });
  afterAll(() => registry.stop());
  const options = () => ({
    url: server().url,
    group: 'g',
    client,
    retryDelay: 50,
    commitInterval: 20,
    format: 'avro' as const,
  });
  async function rowsOf(
    frame: {
      start(): Promise<void>;
      stop(): Promise<void>;
      sinkToList(): { toRows(): unknown[] }[];
    },
    count: number,
  ): Promise<unknown[]> {
    const tables = frame.sinkToList();
    const rows = () => tables.flatMap((table) => table.toRows());
    void frame.start();
    await expect.poll(() => rows().length).toBe(count);
    await frame.stop();
    return rows();
  }

  it('reads records by their schemas in a registry, each of which is fetched once', async () => {
    await addTopic(server(), 'a-trades');
    registry.schemas.set(7, { schema: trade });
    registry.subjects.set('name/s', {
      schema: { type: 'record', name: 'Price', fields: [{ name: 'unit', type: 'string' }] },
    });
    const later = {
      type: 'record',
      name: 'Later',
      fields: [
        { name: 'cost', type: 'Price' },
        { name: 'price', type: 'long' },
        { name: 'symbol', type: ['null', 'string'] },
      ],
    };
    registry.schemas.set(8, {
      schema: later,
      references: [{ name: 'Price', subject: 'name/s', version: 1 }],
    });
    const laterType = avro.Type.forSchema(
      {
        ...later,
        fields: [
          {
            name: 'cost',
            type: { type: 'record', name: 'Price', fields: [{ name: 'unit', type: 'string' }] },
          },
          ...later.fields.slice(1),
        ],
      } as unknown as avro.Schema,
      { wrapUnions: true },
    );
    await write(server(), 'a-trades', [
      framed(7, type.toBuffer(first)),
      framed(8, laterType.toBuffer({ cost: { unit: 'EUR' }, price: 12, symbol: null })),
      framed(7, type.toBuffer(second)),
    ]);
    const frame = DataFrame.fromKafka('a-trades', {
      ...options(),
      registry: registry.url,
      columns,
    });
    const row = {
      day: 19_000 * 86_400_000,
      price: 1.5,
      symbol: 'A',
      size: -7,
      volume: 2 ** 40,
      ratio: 0.5,
      side: 'SELL',
      open: true,
      at: MILLIS,
      seen: MILLIS,
      note: 'größer',
      absent: null,
    };
    const nothing = Object.fromEntries(Object.keys(columns).map((name) => [name, null]));
    expect(await rowsOf(frame, 3)).toEqual([
      row,
      { ...nothing, price: 12 },
      { ...row, symbol: 'B', price: null, side: 'BUY', open: false, seen: null },
    ]);
    expect(registry.asked.toSorted()).toEqual([
      '/base/schemas/ids/7',
      '/base/schemas/ids/8',
      '/base/subjects/name%2Fs/versions/1',
    ]);
    expect((await offsetsOf(server(), 'a-trades', 'g'))[0]?.committed).toBe(3);
  });

  it('refuses what is no record, with the reason', async () => {
    await addTopic(server(), 'a-bad');
    registry.schemas.set(7, { schema: trade });
    registry.schemas.set(9, { schema: {}, schemaType: 'PROTOBUF' });
    registry.schemas.set(10, { schema: { type: 'string' } });
    const whole = type.toBuffer(first);
    await write(server(), 'a-bad', [
      Buffer.from('x'),
      framed(7, whole.subarray(0, whole.length - 1)),
      framed(7, Buffer.concat([whole, Buffer.from([0])])),
      framed(404, whole),
      framed(9, whole),
      framed(10, whole),
      framed(7, whole),
    ]);
    const bad: BadMessage[] = [];
    const frame = DataFrame.fromKafka('a-bad', {
      ...options(),
      registry: registry.url,
      columns: { size: 'i32' },
      onBadRow: (row) => bad.push(row),
    });
    expect(await rowsOf(frame, 1)).toEqual([{ size: -7 }]);
    expect(bad.map(({ offset, reason }) => [offset, reason])).toEqual([
      [0, 'it must begin with a zero byte and the id of its schema'],
      [1, 'it ends within a value'],
      [2, '1 bytes are left behind the record'],
      [3, 'the registry has no schema 404'],
      [4, 'schema 9 is not AVRO but PROTOBUF'],
      [5, 'its schema must be that of a record'],
    ]);
  });

  it('waits for a registry that is away, and fails where it lets nobody in', async () => {
    await addTopic(server(), 'a-away');
    registry.schemas.set(7, { schema: trade });
    await write(server(), 'a-away', [framed(7, type.toBuffer(first))]);
    registry.status = 503;
    const frame = DataFrame.fromKafka('a-away', {
      ...options(),
      registry: registry.url,
      columns: { size: 'i32' },
      reconnect: { backoff: 50, maxBackoff: 50 },
    });
    const asked = registry.asked.length;
    const rows = rowsOf(frame, 1);
    await expect.poll(() => registry.asked.length).toBeGreaterThan(asked + 1);
    registry.status = 200;
    expect(await rows).toEqual([{ size: -7 }]);

    const stranger = DataFrame.fromKafka('a-away', {
      ...options(),
      group: 'strangers',
      registry: registry.url.replace('s3cret', 'gu3ss'),
      columns: { size: 'i32' },
    });
    stranger.sink(() => {});
    const refused = await stranger.start().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'ERR_REFUSED' });
    expect(String(refused)).toContain('it answered 401');
    expect(String(refused)).not.toContain('gu3ss');
  });

  it('reads whatever records another implementation writes', async () => {
    await addTopic(server(), 'a-any');
    const schema = {
      type: 'record',
      name: 'Any',
      fields: [
        { name: 'skipped', type: { type: 'map', values: ['null', 'double', 'Any'] } },
        { name: 'l', type: ['null', 'long'] },
        { name: 'd', type: ['double', 'null'] },
        { name: 's', type: ['null', 'string'] },
        { name: 'b', type: ['null', 'boolean'] },
      ],
    } as const;
    const any = avro.Type.forSchema(schema as unknown as avro.Schema, { wrapUnions: true });
    const row = fc.record({
      l: fc.option(fc.integer({ min: -(2 ** 52), max: 2 ** 52 })),
      d: fc.option(fc.double()),
      s: fc.option(fc.string({ unit: 'grapheme' })),
      b: fc.option(fc.boolean()),
    });
    const rows = fc.sample(row, { numRuns: 2000, seed: 1 });
    const wrap = (name: string, value: unknown) => (value === null ? null : { [name]: value });
    const encoded = (row: (typeof rows)[number], skipped: object): object => ({
      skipped,
      l: wrap('long', row.l),
      d: wrap('double', row.d),
      s: wrap('string', row.s),
      b: wrap('boolean', row.b),
    });
    const values = rows.map((row, i) => {
      const inner = encoded(rows[(i * 7) % rows.length]!, { k: null });
      return any.toBuffer(encoded(row, i % 2 === 0 ? { n: { double: 1 }, r: { Any: inner } } : {}));
    });
    await write(server(), 'a-any', values);
    const frame = DataFrame.fromKafka('a-any', {
      ...options(),
      schema,
      columns: { l: 'i64', d: 'f64', s: 'utf8', b: 'bool' },
      batch: 300,
    });
    expect(await rowsOf(frame, rows.length)).toEqual(rows.map((row) => ({ ...row })));
  });
});
