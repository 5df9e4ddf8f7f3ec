import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataFrame } from '../../src/index.ts';

const path = join(
  dirname(createRequire(import.meta.url).resolve('vega-datasets')),
  '../data/flights-3m.parquet',
);
const columns = { date: 'timestamp', delay: 'i64', origin: 'utf8' } as const;

describe('a frame over a file', () => {
  it('reads what the graph uses, to the end, letting others have their turn', async () => {
    const flights = DataFrame.fromParquet(path, { columns, batch: 8192 });
    const counts = flights.groupBy('origin').count().sinkToList();
    let turns = 0;
    const progress: number[] = [];
    const ticking = setInterval(() => turns++, 1);
    const result = await flights.run({ onProgress: ({ rows }) => progress.push(rows) });
    clearInterval(ticking);
    expect(result.rows).toBe(3_000_000);
    expect(result.batches).toBeGreaterThanOrEqual(3_000_000 / 8192);
    expect(turns).toBeGreaterThan(0);
    expect(progress.at(-1)).toBe(3_000_000);
    const total = counts.at(-1)!.column('count').toArray() as number[];
    expect(total.reduce((sum, count) => sum + count)).toBe(3_000_000);
  });

  it('waits for sinks before the next batch, and ends on an error of theirs', async () => {
    const flights = DataFrame.fromParquet(path, { columns: ['delay'], batch: 1000 });
    let running = 0;
    let batches = 0;
    flights.sink(async (table) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      expect(table.columnNames).toEqual(['delay']);
      if (++batches === 5) throw new Error('enough');
    });
    await expect(flights.run()).rejects.toThrow('enough');
    expect(batches).toBe(5);
  });

  it('reads and computes on a thread of its own, with the same results', async () => {
    const read = async (thread: boolean) => {
      const flights = DataFrame.fromParquet(path, { columns, thread });
      const counts = flights.groupBy('origin').count().sinkToList();
      const { rows, batches } = await flights.run();
      return { rows, batches, results: counts.length, last: counts.at(-1)!.toColumns() };
    };
    expect(await read(true)).toEqual(await read(false));
    const failing = DataFrame.fromParquet(path, { columns: ['delay'], batch: 1000, thread: true });
    failing.sink(() => {
      throw new Error('enough');
    });
    await expect(failing.run()).rejects.toThrow('enough');
  });

  it('ends when told to', async () => {
    const flights = DataFrame.fromParquet(path, { columns });
    flights.size().sink(() => {});
    await expect(flights.run({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it('checks columns against the file', () => {
    expect(() => DataFrame.fromParquet(path, { columns: ['nope'] })).toThrow(
      /no column 'nope', the file has date, delay/,
    );
    expect(() => DataFrame.fromParquet(path, { columns: { delay: 'utf8' } })).toThrow(
      /column 'delay' is i\d+, wanted utf8/,
    );
    const flights = DataFrame.fromParquet(path, { columns });
    expect(() => flights.emit([])).toThrow(/it reads a file/);
  });
});
