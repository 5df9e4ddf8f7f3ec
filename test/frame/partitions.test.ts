import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DataFrame,
  type Schema,
  type Series,
  toArrowFiles,
  toCsvFiles,
  toNdjsonFiles,
  toParquetFiles,
} from '../../src/index.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-'));
afterAll(() => rmSync(root, { recursive: true }));

const SCHEMA = { v: 'f64', k: 'utf8', n: 'i32', ok: 'bool', at: 'timestamp', d: 'date' } as const;
const KEYS = ['k', 'n', 'ok', 'at', 'd'] as const;
const day = 86_400_000;
const rows = Array.from({ length: 40 }, (_, i) => ({
  v: i,
  k: [null, 'ä/b', 'a=b', '..', 'x y'][i % 5]!,
  n: i % 3 === 0 ? null : -i % 3,
  ok: i % 4 === 0 ? null : i % 2 === 0,
  at: i % 2 === 0 ? 1_600_000_000_123 : null,
  d: (i % 2) * day,
}));
const formats = {
  parquet: [toParquetFiles, DataFrame.fromParquet],
  ndjson: [toNdjsonFiles, DataFrame.fromNdjson],
  csv: [toCsvFiles, DataFrame.fromCsv],
  arrow: [toArrowFiles, DataFrame.fromArrow],
} as const;

type Read = <S extends Schema>(files: string, options: object) => DataFrame<S>;
const reader = (format: keyof typeof formats) => formats[format][1] as unknown as Read;

async function write(format: keyof typeof formats, folder: string) {
  const frame = new DataFrame(SCHEMA);
  frame.to(formats[format][0](folder, { partitionBy: [...KEYS] }));
  await frame.emit(rows);
  await frame.end();
  return join(folder, '**', '*.*');
}

describe.each(Object.keys(formats) as (keyof typeof formats)[])('%s in folders', (format) => {
  it('reads back whole what was written with partitionBy', async () => {
    const files = await write(format, join(root, format));
    const options = { columns: SCHEMA, partitions: KEYS, batch: 7 };
    const read = reader(format)<typeof SCHEMA>(files, options);
    expect(read.schema).toEqual(SCHEMA);
    const seen = read.sinkToList();
    const keyed = read.groupBy('k').count().sinkToList();
    await read.run();
    const back = seen.flatMap((table) => table.toRows()).sort((a, b) => a.v! - b.v!);
    expect(back).toEqual(rows);
    const counts = new Map(
      keyed
        .at(-1)!
        .toRows()
        .map(({ k, count }) => [k, count]),
    );
    expect(counts).toEqual(new Map(rows.map(({ k }) => [k, 8])));
  });

  it('has text where no type is said, behind the columns of the files', async () => {
    const files = await write(format, join(root, `${format}-text`));
    const read = reader(format)(files, { partitions: { n: 'i64', k: 'utf8' } });
    expect(Object.entries(read.schema)).toEqual([
      ['v', expect.anything()],
      ['n', 'i64'],
      ['k', 'utf8'],
    ]);
    const some = reader(format)(files, { partitions: ['d'], columns: ['d'] });
    expect(some.schema).toEqual({ d: 'utf8' });
    const days = (some.col('d') as unknown as Series<'utf8'>).valueCounts().sinkToList();
    await some.run();
    expect(
      days
        .at(-1)!
        .toRows()
        .map((row) => Object.values(row))
        .sort(),
    ).toEqual([
      ['1970-01-01', 20],
      ['1970-01-02', 20],
    ]);
  });
});

it('says what is wrong with folders and partitions', async () => {
  const files = await write('csv', join(root, 'wrong'));
  const read = (partitions: unknown, options = {}) =>
    DataFrame.fromCsv(files, { partitions, ...options } as never);
  expect(() => read(['z'])).toThrow(/it must lie in a folder 'z=…'/);
  expect(() => read(['k', 'k'])).toThrow(/partitions must be different names/);
  expect(() => read('k')).toThrow(TypeError);
  expect(() => read({ k: 'text' })).toThrow(/the type of column 'k' must be one of/);
  expect(() => read(['k'], { columns: ['z'] })).toThrow(/no column 'z'/);
  const bad = read({ k: 'f64' }) as unknown as DataFrame<{ k: 'f64' }>;
  bad.k.sink(() => {});
  await expect(bad.run()).rejects.toThrow(/f64/);
  async function* stream() {
    yield 'v\n1\n';
  }
  expect(() => DataFrame.fromCsv(stream(), { partitions: ['k'] })).toThrow(/has no partitions/);
});
