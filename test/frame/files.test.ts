import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BadRow,
  DataFrame,
  type DeadLetter,
  MillraceError,
  Stream,
  type Table,
  toArrowFiles,
  toCsvFiles,
  toNdjsonFiles,
  toParquetFiles,
  VirtualClock,
} from '../../src/index.ts';

let folder: string;
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
});

afterAll(() => rm(folder, { recursive: true }));

type Anything = { toRows(): unknown[] };
const rowsOf = (tables: readonly Anything[]) => tables.flatMap((table) => table.toRows());

const columns = { symbol: 'utf8', price: 'f64' } as const;
const records = Array.from({ length: 1000 }, (_, i) => ({ symbol: `S${i % 7}`, price: i / 4 }));
const ndjson = `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;

describe('records of files and streams', () => {
  it('come from paths, patterns, URLs and lists of them, packed or not', async () => {
    await mkdir(path('parts'));
    await writeFile(path('parts/a.ndjson'), ndjson);
    await writeFile(path('parts/b.ndjson.gz'), gzipSync(ndjson));
    for (const [source, times] of [
      [path('parts/a.ndjson'), 1],
      [path('parts/*'), 2],
      [pathToFileURL(path('parts/b.ndjson.gz')), 1],
      [[path('parts/b*'), path('parts/a.ndjson'), path('parts/a.ndjson')], 3],
    ] as const) {
      const frame = DataFrame.fromNdjson(source, { columns, batch: 300 });
      const found = frame.sinkToList();
      const { rows, batches } = await frame.run();
      expect(rows).toBe(times * 1000);
      expect(batches).toBeGreaterThan(3 * times);
      expect(rowsOf(found)).toEqual(Array.from({ length: times }, () => records).flat() as unknown);
    }
  });

  it('are read again by another run', async () => {
    expect(DataFrame.fromNdjson(path('parts/a.ndjson')).schema).toEqual(columns);
    const frame = DataFrame.fromNdjson(path('parts/a.ndjson'), { columns });
    const sums = frame.groupBy('symbol').price.sum().sinkToList();
    await frame.run();
    const once = sums.at(-1)!.column('price').toArray() as number[];
    await frame.run();
    expect(sums.at(-1)!.column('price').toArray()).toEqual(once.map((sum) => 2 * sum));
  });

  it('come from streams in any pieces', async () => {
    for (const size of [1, 7, 4096]) {
      async function* pieces() {
        for (let i = 0; i < ndjson.length; i += size) yield ndjson.slice(i, i + size);
      }
      const frame = DataFrame.fromNdjson(pieces(), { columns });
      const found = frame.sinkToList();
      await frame.run();
      expect(rowsOf(found)).toEqual(records);
    }
  });

  it('come from a file stream, a socket and the body of a response', async () => {
    const stream = DataFrame.fromNdjson(createReadStream(path('parts/b.ndjson.gz')), { columns });
    const http = createServer((_request, response) => response.end(ndjson));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    const body = (await fetch(`http://127.0.0.1:${port}`)).body!;
    const tcp = createTcpServer((socket) => socket.end(ndjson));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const socket = connect((tcp.address() as AddressInfo).port, '127.0.0.1');
    for (const frame of [
      stream,
      DataFrame.fromNdjson(body, { columns }),
      await DataFrame.fromNdjson(socket),
    ]) {
      const found = frame.sinkToList();
      await frame.run();
      expect(rowsOf(found)).toEqual(records);
    }
    http.closeAllConnections();
    http.close();
    tcp.close();
  });

  it('go out as they come where a stream is slow', async () => {
    let send = (_text: string) => {};
    async function* slow() {
      for (const record of records.slice(0, 3)) {
        yield `${JSON.stringify(record)}\n`;
        await new Promise<void>((resolve) => {
          send = () => resolve();
        });
      }
    }
    const frame = DataFrame.fromNdjson(slow(), { columns });
    let seen = 0;
    frame.sink(({ numRows }) => {
      seen += numRows;
      send('');
    });
    await frame.run();
    expect(seen).toBe(3);
  });

  it('hold a stream back while the graph is slow', async () => {
    let given = 0;
    const chunk = Buffer.from('{"price":1}\n'.repeat(100_000));
    async function* endless() {
      for (;;) {
        given += chunk.length;
        yield chunk;
      }
    }
    const frame = DataFrame.fromNdjson(endless(), { columns: { price: 'f64' } });
    const stop = new AbortController();
    let batches = 0;
    let held = 0;
    frame.sink(async () => {
      if (++batches > 1) return;
      // The feeder gets many turns, in which it could take in gigabytes.
      for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
      held = given;
      stop.abort(new Error('enough'));
    });
    await expect(frame.run({ signal: stop.signal })).rejects.toThrow('enough');
    expect(held).toBeLessThan(16 * 2 ** 20);
  });

  it('of CSV have a header, or none, or other delimiters', async () => {
    await writeFile(path('a.csv'), 'price,note,symbol\r\n1.5,"a ""b""\nc",A\r\n,,B\r\n');
    await writeFile(path('b.tsv'), "A\t1.5\nB\tNA\n'C\tD'\t2\n");
    const named = DataFrame.fromCsv(path('a.csv'), { columns });
    expect(DataFrame.fromCsv(path('a.csv')).schema).toEqual({
      price: 'f64',
      note: 'utf8',
      symbol: 'utf8',
    });
    const plain = DataFrame.fromCsv(path('b.tsv'), {
      columns,
      header: false,
      quote: "'",
      nulls: ['NA'],
    });
    const found = [named, plain].map((frame) => frame.sinkToList());
    await named.run();
    await plain.run();
    expect(rowsOf(found[0]!)).toEqual([
      { symbol: 'A', price: 1.5 },
      { symbol: 'B', price: null },
    ]);
    expect(rowsOf(found[1]!)).toEqual([
      { symbol: 'A', price: 1.5 },
      { symbol: 'B', price: null },
      { symbol: 'C\tD', price: 2 },
    ]);
  });

  it('hold times as text or as milliseconds', async () => {
    const text = '{"d":"2024-02-29","t":"2024-02-29T12:30:00.5Z"}\n{"d":86400000,"t":1.5}\n';
    const frame = DataFrame.fromNdjson(Readable.from([text]), {
      columns: { d: 'date', t: 'timestamp' },
    });
    const found = frame.sinkToList();
    await frame.run();
    const day = Date.UTC(2024, 1, 29);
    expect(rowsOf(found)).toEqual([
      { d: day, t: day + 45_000_500 },
      { d: 86_400_000, t: 1.5 },
    ]);
  });
});

describe('records that are no rows', () => {
  const text = '{"price":1}\nnonsense\n{"price":"x"}\n{"price":2}\n';
  const only = { price: 'f64' } as const;
  const frameOf = (onBadRow?: 'error' | 'skip' | Stream<BadRow> | ((row: BadRow) => unknown)) =>
    DataFrame.fromNdjson(Readable.from([text]), {
      columns: only,
      ...(onBadRow !== undefined && { onBadRow }),
    });

  it('are an error, after what was before them', async () => {
    const frame = frameOf();
    const found = frame.sinkToList();
    const error = await frame.run().catch((error: unknown) => error as MillraceError);
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({
      code: 'ERR_BAD_ROW',
      message: "Cannot read stream: line 2, expected an object at byte 0, got 'n'",
    });
    expect(rowsOf(found)).toEqual([{ price: 1 }]);
  });

  it('are skipped and counted', async () => {
    const frame = frameOf('skip');
    const found = frame.sinkToList();
    expect(await frame.run()).toEqual({ rows: 2, batches: 1, badRows: 2 });
    expect(rowsOf(found)).toEqual([{ price: 1 }, { price: 2 }]);
  });

  it('go to a stream or a function, which is waited for', async () => {
    const letters = new Stream<BadRow>();
    const seen = letters.sinkToList();
    const frame = frameOf(letters);
    frame.sink(() => {});
    await frame.run();
    expect(seen).toEqual([
      {
        file: 'stream',
        line: 2,
        reason: "expected an object at byte 0, got 'n'",
        text: 'nonsense',
      },
      {
        file: 'stream',
        line: 3,
        reason: 'column \'price\' must be f64, got "x"',
        text: '{"price":"x"}',
      },
    ]);
    let running = 0;
    const other = frameOf(async () => {
      expect(++running).toBe(1);
      await new Promise(setImmediate);
      running--;
    });
    other.sink(() => {});
    expect((await other.run()).badRows).toBe(2);
    const failing = frameOf(() => {
      throw new Error('no more');
    });
    failing.sink(() => {});
    await expect(failing.run()).rejects.toThrow('no more');
  });

  it('have a limit to their length', async () => {
    async function* long() {
      for (let i = 0; i < 2000; i++) yield 'x'.repeat(10_000);
    }
    const frame = DataFrame.fromNdjson(long(), { columns: only });
    frame.sink(() => {});
    await expect(frame.run()).rejects.toThrow(
      'Cannot read stream: line 1, a line must have at most 16777216 bytes (maxLine)',
    );
  });
});

describe('what cannot be read', () => {
  it('is refused when it is opened where that shows', async () => {
    await writeFile(path('empty.csv'), '');
    for (const [make, message] of [
      [() => DataFrame.fromNdjson(path('none.ndjson')), /^Cannot read .*none.ndjson: /],
      [() => DataFrame.fromNdjson(path('none*')), /none\*: no file matches$/],
      [
        () => DataFrame.fromCsv(path('empty.csv')),
        /no record that a schema could be inferred from/,
      ],
      [() => DataFrame.fromNdjson([]), /there must be at least one path, got \[\]/],
      [
        () => DataFrame.fromCsv(path('a.csv'), { columns: ['x'] }),
        /no column 'x', the file has price, note, symbol/,
      ],
      [
        () => DataFrame.fromCsv(path('a.csv'), { delimiter: ';;' }),
        /delimiter must be one ASCII character/,
      ],
      [
        () => DataFrame.fromCsv(path('a.csv'), { batch: 0 }),
        /batch must be a positive integer, got 0/,
      ],
      [
        () => DataFrame.fromNdjson(path('a.csv'), { header: true } as never),
        /unknown option 'header'/,
      ],
      [() => DataFrame.fromParquet(path('a.csv')), /must be a valid Parquet file|Parquet/],
      [() => DataFrame.fromArrow(path('a.csv')), /must be a valid Arrow IPC file/],
      [() => DataFrame.fromParquet(Readable.from([]) as never), /it must be a file, got a stream/],
      [
        () => DataFrame.fromNdjson(path('a.csv'), { maxLine: 2 ** 31 }),
        /maxLine must be at most 1073741824/,
      ],
      [
        () => DataFrame.fromNdjson(path('a.csv'), { onBadRow: 'drop' as never }),
        /onBadRow must be 'error', 'skip', a stream or a function, got 'drop'/,
      ],
    ] as const) {
      expect(make).toThrow(message);
    }
  });

  it('is an error of run where it shows later', async () => {
    await writeFile(path('whole.gz'), gzipSync(ndjson));
    const packed = await readFile(path('whole.gz'));
    await writeFile(path('cut.gz'), packed.subarray(0, packed.length / 2));
    const cut = DataFrame.fromNdjson(path('cut.gz'), { columns });
    cut.sink(() => {});
    await expect(cut.run()).rejects.toMatchObject({ code: 'ERR_CORRUPT_FILE' });
    async function* broken() {
      yield '{"price":1}\n';
      throw new Error('the peer is gone');
    }
    const frame = DataFrame.fromNdjson(broken(), { columns });
    frame.sink(() => {});
    await expect(frame.run()).rejects.toThrow('the peer is gone');
    await expect(frame.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('Arrow IPC', () => {
  it('is read from files and streams', async () => {
    const table = tableFromArrays({
      price: Float64Array.of(1, 2, 3),
      symbol: ['A', 'B', 'A'],
    });
    for (const [name, kind] of [
      ['a.arrow', 'file'],
      ['a.arrows', 'stream'],
    ] as const) {
      await writeFile(path(name), tableToIPC(table, kind));
      const bytes = await readFile(path(name));
      const schema = { columns: { symbol: 'utf8', price: 'f64' } } as const;
      const parts = Readable.from([bytes.subarray(0, 9), bytes.subarray(9)]);
      const frames = [DataFrame.fromArrow(path(name), schema)];
      if (kind === 'stream') frames.push(await DataFrame.fromArrow(parts, schema));
      // This writer puts the schema of a file at its end only.
      else await expect(DataFrame.fromArrow(parts, schema)).rejects.toThrow(/schema is at its end/);
      for (const frame of frames) {
        const found = frame.sinkToList();
        const sums = frame.groupBy('symbol').col('price').sum().sinkToList();
        await frame.run();
        expect(rowsOf(found)).toEqual([
          { symbol: 'A', price: 1 },
          { symbol: 'B', price: 2 },
          { symbol: 'A', price: 3 },
        ]);
        expect(rowsOf(sums as never)).toEqual([
          { symbol: 'A', price: 4 },
          { symbol: 'B', price: 2 },
        ]);
      }
      await writeFile(path('cut.arrow'), bytes.subarray(0, bytes.length / 2));
      try {
        const cut = DataFrame.fromArrow(path('cut.arrow'));
        cut.sink(() => {});
        await cut.run();
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_CORRUPT_FILE' });
      }
    }
  });
});

const allTypes = {
  b: 'bool',
  i8: 'i8',
  i64: 'i64',
  u64: 'u64',
  f32: 'f32',
  f64: 'f64',
  t: 'utf8',
  at: 'timestamp',
  d: 'date',
  s: 'duration',
} as const;

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const anyRow = fc.record({
  b: maybe(fc.boolean()),
  i8: maybe(fc.integer({ min: -128, max: 127 })),
  i64: maybe(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  u64: maybe(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  f32: maybe(fc.float({ noNaN: true, noDefaultInfinity: true })),
  f64: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
  t: maybe(fc.string({ unit: 'grapheme' })),
  at: maybe(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })),
  d: maybe(fc.integer({ min: -20_000, max: 20_000 }).map((days) => days * 86_400_000)),
  s: maybe(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })),
});

const FORMATS = [
  [
    'ndjson',
    toNdjsonFiles,
    (source: string) => DataFrame.fromNdjson(source, { columns: allTypes }),
  ],
  ['csv', toCsvFiles, (source: string) => DataFrame.fromCsv(source, { columns: allTypes })],
  [
    'parquet',
    toParquetFiles,
    (source: string) => DataFrame.fromParquet(source, { columns: allTypes }),
  ],
  ['arrow', toArrowFiles, (source: string) => DataFrame.fromArrow(source, { columns: allTypes })],
] as const;

describe('sinks that write files', () => {
  it.each(FORMATS)('of %s give back what was written', async (format, toFiles, from) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyRow, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
        async (batches) => {
          const target = await mkdtemp(join(folder, `${format}-`));
          const source = new DataFrame(allTypes);
          const before = source.sinkToList();
          const written = source.to(toFiles(target, { sync: false })).sinkToList();
          for (const batch of batches) source.emit(batch as never);
          await source.end();
          expect(written.length).toBe(batches.length);
          expect(await readdir(target)).toHaveLength(1);
          const again = from(join(target, '*'));
          const after = again.sinkToList();
          await again.run();
          expect(rowsOf(after)).toEqual(rowsOf(before));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('divide rows by the values of columns, and never leave the folder', async () => {
    const target = path('divided');
    const source = new DataFrame({ key: 'utf8', day: 'date', price: 'f64' });
    const written = source.to(toCsvFiles(target, { partitionBy: ['key', 'day'] })).sinkToList();
    const keys = ['a', '../../up', null, '', 'a', 'x/y=z', '..'];
    source.emit({ key: keys, day: keys.map(() => 86_400_000), price: keys.map((_, i) => i) });
    await source.end();
    const found = written[0]!.map(({ path, rows }) => [
      path.slice(target.length + 1).replace(/part-.*/, ''),
      rows,
    ]);
    expect(found).toEqual([
      ['key=%2E.%2F..%2Fup/day=1970-01-02/', 1],
      ['key=%2E./day=1970-01-02/', 1],
      ['key=__HIVE_DEFAULT_PARTITION__/day=1970-01-02/', 2],
      ['key=a/day=1970-01-02/', 2],
      ['key=x%2Fy%3Dz/day=1970-01-02/', 1],
    ]);
    const file = written[0]!.find(({ rows }) => rows === 2)!;
    expect(await readFile(file.path, 'utf8')).toMatch(/^price\n/);
  });

  it('are read by another reader', async () => {
    const target = path('others');
    const source = new DataFrame({ symbol: 'utf8', at: 'timestamp', price: 'f64' });
    const [written] = [source.to(toArrowFiles(target)).sinkToList()];
    source.emit({ symbol: ['A', null], at: [1_500_000n, 2_000_000n], price: [1, null] });
    await source.end();
    const table = tableFromIPC(await readFile(written[0]![0]!.path));
    expect(table.toArray().map((row) => [row.symbol, row.at, row.price])).toEqual([
      ['A', 1.5, 1],
      [null, 2, null],
    ]);
  });

  it('write a batch again under the same name, and leave nothing half written', async () => {
    const target = path('blocked');
    await writeFile(target, 'a file is in the way');
    const clock = new VirtualClock();
    const tables = new Stream<Table>({ clock });
    const ids = new Set<string>();
    const sink = toParquetFiles(target, { batch: { linger: 0 } });
    const write = sink.write.bind(sink);
    let attempts = 0;
    sink.write = async (batch) => {
      ids.add(batch.id);
      attempts++;
      // As where the process lives on but the answer is lost.
      const files = await write(batch);
      if (attempts < 4) throw new Error('lost');
      return files;
    };
    const written = tables
      .to(sink)
      .onError({ retry: { attempts: 9, backoff: '1s' } })
      .sinkToList();
    const frame = new DataFrame({ price: 'f64' });
    frame.sink((table) => tables.emit(table as unknown as Table));
    frame.emit({ price: [1, 2, 3] });
    while (written.length === 0) {
      if (attempts === 2) await rm(target, { force: true, recursive: true });
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance('1s');
    }
    expect(ids.size).toBe(1);
    expect(attempts).toBe(4);
    expect(await readdir(target)).toHaveLength(1);
    expect(written[0]![0]!.rows).toBe(3);
  });

  it('fail with what the system says, and remove what was written', async () => {
    const target = path('missing/parts');
    const frame = new DataFrame({ key: 'utf8', price: 'f64' });
    const letters = new Stream<DeadLetter>();
    const seen = letters.sinkToList();
    frame.to(toNdjsonFiles(target, { partitionBy: ['key'] })).onError({ deadLetter: letters });
    await mkdir(target, { recursive: true });
    // The second of two partitions cannot be made.
    await writeFile(join(target, 'key=b'), 'in the way');
    frame.emit({ key: ['a', 'b'], price: [1, 2] });
    await frame.end();
    expect(seen).toHaveLength(1);
    expect(seen[0]!.error).toMatchObject({ code: 'ERR_IO' });
    expect(await readdir(join(target, 'key=a'))).toEqual([]);
  });

  it('refuse what they cannot write', async () => {
    const frame = new DataFrame({ key: 'utf8' });
    expect(() => toParquetFiles('')).toThrow(/folder must be a path/);
    expect(() => toArrowFiles(folder, { compression: 'gzip' })).toThrow(/compression/);
    expect(() => toCsvFiles(folder, { delimiter: 'ab' })).toThrow(/delimiter must be one ASCII/);
    expect(() => toNdjsonFiles(folder, { delimiter: ';' } as never)).toThrow(/unknown option/);
    frame.to(toParquetFiles(folder, { partitionBy: ['nope'] }));
    expect(() => frame.emit({ key: ['a'] })).toThrow(/no column 'nope' to partition by/);
  });
});
