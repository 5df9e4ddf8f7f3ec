import { createReadStream, existsSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readFlights, totalsByOrigin } from '../../test/examples/flights-oracle.ts';
import { randoms, type Size, type Suite } from '../suite.ts';

const KEYS = 1000;

/** Writes a file of records once for all processes; quarters add up exactly in any order. */
function records(format: 'ndjson' | 'csv', size: Size): { path: string; format: typeof format } {
  const rows = size === 'full' ? 1_000_000 : 1000;
  const path = join(tmpdir(), `millrace-bench-1-${rows}.${format}`);
  if (existsSync(path)) return { path, format };
  const keys = randoms(rows, 1);
  const values = randoms(rows, 2);
  const lines = format === 'csv' ? ['id,key,value,size,at'] : [];
  for (let i = 0; i < rows; i++) {
    const key = `k${Math.floor(keys[i]! * KEYS)}`;
    const value = Math.floor(values[i]! * 40_000) / 4;
    const at = 1_700_000_000_000 + i * 250;
    lines.push(
      format === 'csv'
        ? `${i},${key},${value},${i % 500},${at}`
        : JSON.stringify({ id: i, key, value, size: i % 500, at }),
    );
  }
  // Another process may be writing the same file.
  const part = `${path}.${process.pid}`;
  writeFileSync(part, `${lines.join('\n')}\n`);
  renameSync(part, path);
  return { path, format };
}

/** The sums by a loop over lines, whose fields stand where they were written. */
async function sums(path: string, field: (line: string) => [string, number]) {
  const totals = new Map<string, number>();
  const lines = createInterface({ input: createReadStream(path) });
  for await (const line of lines) {
    if (line.startsWith('id')) continue;
    const [key, value] = field(line);
    totals.set(key, (totals.get(key) ?? 0) + value);
  }
  return totals;
}

export const ndjsonFile: Suite<'recordSums'> = {
  name: 'ndjson-file',
  title: 'NDJSON file, 1e6 records of 5 fields → sum per key, 1,000 keys',
  work: 'recordSums',
  task: (size) => records('ndjson', size),
  expected: ({ path }) =>
    sums(path, (line) => {
      const [, key, value] = /"key":"(k\d+)","value":([\d.]+)/.exec(line)!;
      return [key!, Number(value)];
    }),
  elements: () => 1_000_000,
  engines: ['millrace', 'hand', 'duckdb', 'polars'],
  targets: [
    { rival: 'hand-written loop', times: 6 },
    { rival: 'DuckDB', times: 1.3 },
    { rival: 'nodejs-polars', times: 1.3 },
  ],
};

export const csvFile: Suite<'recordSums'> = {
  name: 'csv-file',
  title: 'CSV file, 1e6 rows of 5 columns → sum per key, 1,000 keys',
  work: 'recordSums',
  task: (size) => records('csv', size),
  expected: ({ path }) =>
    sums(path, (line) => {
      const [, key, value] = line.split(',');
      return [key!, Number(value)];
    }),
  elements: () => 1_000_000,
  engines: ['millrace', 'csv-parse', 'duckdb', 'polars'],
  targets: [
    { rival: 'csv-parse', times: 15 },
    { rival: 'DuckDB', times: 1 },
  ],
};

const flightsPath = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

export const parquetFile: Suite<'delaySums'> = {
  name: 'parquet-file',
  title: 'Parquet file, the 3,000,000 flights → sum of delays per airport',
  work: 'delaySums',
  task: () => ({ path: flightsPath }),
  expected: async ({ path }) => {
    const flights = await readFlights(path);
    const totals = totalsByOrigin(flights, 0, flights.delay.length);
    return new Map(totals.map(({ origin, sum }) => [origin, sum]));
  },
  elements: () => 3_000_000,
  engines: ['millrace', 'duckdb', 'polars'],
  targets: [{ rival: 'DuckDB', times: 0.67 }],
};
