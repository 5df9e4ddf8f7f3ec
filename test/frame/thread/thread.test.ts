// A plan on a thread of its own: what comes out, in which order, what holds whom back, and what becomes
// of errors. A sink that waits is let go by hand, so that no test depends on how fast anything is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, DataFrame, Series, Stream, type Table } from '../../../src/index.ts';
import { batches, number } from '../random.ts';

const floats = (length: number, first = 0) =>
  Float64Array.from({ length }, (_, i) => Math.sin(first + i));

/** A sink that settles when it is let. */
function gate() {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  return {
    wait: () => (isOpen ? undefined : new Promise<void>((resolve) => waiting.push(resolve))),
    open() {
      isOpen = true;
      for (const resolve of waiting) resolve();
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a thread', () => {
  it('gives the results of inline plans, however the rows are split', async () => {
    const row = fc.record({
      k: fc.constantFrom('a', 'b', 'ä', '', null),
      x: number,
      i: fc.oneof(fc.integer(), fc.constant(null)),
      at: fc.integer({ min: 0, max: 1e12 }),
    });
    const schema = { k: 'utf8', x: 'f64', i: 'i64', at: 'timestamp' } as const;
    const build = (thread: boolean) => {
      const frame = new DataFrame(schema, { thread: thread && { maxBatches: 2, maxBytes: 100 } });
      const seen: unknown[] = [];
      const list = (result: unknown) => {
        seen.push(
          result !== null && typeof result === 'object'
            ? ((result as Table).toColumns?.() ?? [...(result as Column)])
            : result,
        );
      };
      frame.x.rolling(3, { minPeriods: 1 }).mean().sink(list);
      frame
        .groupBy('k')
        .agg({ x: ['mean', 'max'], i: 'sum' })
        .sink(list);
      frame.filter(frame.x.gt(0)).select('k', 'at').sink(list);
      frame.k.valueCounts().sink(list);
      frame.x.median().sink(list);
      return { frame, seen };
    };
    await fc.assert(
      fc.asyncProperty(batches(row), async (input) => {
        const inline = build(false);
        const threaded = build(true);
        for (const batch of input) {
          inline.frame.emit(batch);
          await threaded.frame.emit(batch);
        }
        inline.frame.end();
        await threaded.frame.end();
        expect(threaded.seen).toEqual(inline.seen);
        threaded.frame.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it('takes every type, and owns what it was given', async () => {
    const schema = {
      b: 'bool',
      i: 'i64',
      u: 'u64',
      f: 'f32',
      t: 'utf8',
      d: 'date',
      s: 'duration',
    } as const;
    const frame = new DataFrame(schema, { thread: true });
    const seen = frame.sinkToList();
    const f = Float32Array.of(1, 2);
    frame.emit({
      b: [true, null],
      i: [2n ** 62n, null],
      u: [2n ** 63n, 1],
      f,
      t: ['one', null],
      d: [86_400_000, null],
      s: [1.5, 2],
    });
    f.fill(7);
    await frame.flush();
    expect(seen[0]?.toColumns()).toEqual({
      b: [true, null],
      i: [2n ** 62n, null],
      u: [2n ** 63n, 1],
      f: [1, 2],
      t: ['one', null],
      d: [86_400_000, null],
      s: [1.5, 2],
    });
  });

  it('delivers in order, and by itself', async () => {
    const series = new Series('f64', { thread: true });
    const seen: (number | null)[] = [];
    const done = new Promise<void>((resolve) => {
      series.cumsum().sink((column) => {
        seen.push(column.at(-1));
        if (seen.length === 50) resolve();
      });
    });
    for (let i = 0; i < 50; i++) expect([undefined, true]).toContain(series.emit([1]) && true);
    await done;
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('collects single values as ever', async () => {
    const series = new Series('i64', { batch: 3, thread: true });
    const seen = series.sinkToList();
    for (let i = 0; i < 7; i++) series.emit(i);
    await series.flush();
    expect(seen.map((column) => column.toArray())).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(series.flush()).toBeUndefined();
  });

  it('serves several graphs, each with its own', async () => {
    const all = Array.from({ length: 6 }, (_, g) => {
      const series = new Series('f64', { thread: true });
      const sums: (number | null)[] = [];
      series.sum().sink((sum) => sums.push(sum));
      return { series, sums, g };
    });
    for (let round = 0; round < 20; round++) {
      for (const { series, g } of all) await series.emit([g]);
    }
    await Promise.all(all.map(({ series }) => series.flush()));
    for (const { sums, g } of all) expect(sums.at(-1)).toBe(20 * g);
  });

  it('ends the input, with what the plan holds back and what follows it', async () => {
    const frame = new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' }, { thread: true });
    const days = frame.partition('1d', { on: 'at' }).groupBy('k').x.sum().sinkToList();
    const mapped = frame.x.map((x) => x * 2, 'f64').sinkToList();
    await frame.emit([
      { at: 1, k: 'a', x: 1 },
      { at: 2, k: 'a', x: 3 },
    ]);
    await frame.end();
    expect(days.map((table) => table.toRows())).toEqual([[{ at: 0, k: 'a', x: 4 }]]);
    expect(mapped.map((column) => column.toArray())).toEqual([[2, 6]]);
  });

  it('stands between the planes', async () => {
    const rows = new Stream<number>();
    const doubled = rows.toSeries('f64', { batch: 4, thread: true }).mul(2);
    const seen = doubled.toStream().sinkToList();
    for (let i = 0; i < 10; i++) await rows.emit(i);
    await rows.end();
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => 2 * i));
  });

  it('runs sinks that emit into their own graph after those of the batch before', async () => {
    const series = new Series('f64', { thread: { maxBatches: 1 } });
    const seen: (number | null)[] = [];
    series.sum().sink((sum) => {
      seen.push(sum);
      if (sum! < 200) series.emit([1]);
      if (sum! < 200 && sum! % 10 === 0) series.emit([0]);
    });
    series.emit([1]);
    await series.flush();
    while (seen.at(-1)! < 200) await series.flush();
    expect(seen).toEqual(seen.toSorted((a, b) => a! - b!));
  });

  it('says what its nodes have done', async () => {
    const frame = new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' }, { thread: true });
    frame
      .partition('1d', { on: 'at' })
      .groupBy('k')
      .x.sum()
      .sink(() => {});
    await frame.emit({ at: [2 * 86_400_000, 1], k: ['a', 'a'], x: [1, 2] });
    await frame.flush();
    expect(frame.lateRows).toBe(1);
    expect(frame.explain()).toMatch(/input: frame .*; 1 batch, 2 rows/);
  });

  it.each([
    [1, 'true, false or options'],
    [{ threads: 2 }, "unknown option 'threads'"],
    [{ maxBatches: 0 }, 'maxBatches must be a positive integer'],
    [{ maxBatches: 1e6 }, 'at most 65536'],
    [{ maxBytes: 1.5 }, 'maxBytes must be a positive integer'],
    [{ onError: 1 }, 'expected a function'],
  ])('refuses %j', (thread, message) => {
    expect(() => new Series('f64', { thread: thread as unknown as boolean })).toThrow(message);
  });
});

describe('backpressure of a thread', () => {
  it('bounds what waits, while a sink does not settle', async () => {
    const series = new Series('f64', { thread: { maxBatches: 3 } });
    const { wait, open } = gate();
    let delivered = 0;
    series.add(1).sink(() => {
      delivered++;
      return wait();
    });
    let accepted = 0;
    let settled: unknown;
    const batch = floats(1000);
    while (settled === undefined && accepted < 100) {
      settled = series.emit(batch);
      accepted++;
      await turn();
    }
    // One delivered, three results, one with the thread, three batches, and the one in line.
    expect(settled).toBeInstanceOf(Promise);
    expect(accepted).toBeLessThanOrEqual(9);
    while (delivered === 0) await turn();
    for (let i = 0; i < 20; i++) await turn();
    expect(delivered).toBe(1);
    open();
    await settled;
    await series.flush();
    expect(delivered).toBe(accepted);
  });

  it('bounds the bytes that wait', async () => {
    const series = new Series('f64', { thread: { maxBytes: 100_000 } });
    const { wait, open } = gate();
    series.add(1).sink(wait);
    const batch = floats(5000);
    let bytes = 0;
    for (let settled: unknown; settled === undefined && bytes < 1e7; bytes += batch.byteLength) {
      settled = series.emit(batch);
      await turn();
    }
    // One delivered, 100 kB of results, one with the thread, 100 kB of batches, and one in line.
    expect(bytes).toBeLessThanOrEqual(200_000 + 3 * batch.byteLength);
    open();
    await series.flush();
  });

  it('takes a batch that is larger than all bytes it may hold', async () => {
    const series = new Series('f64', { thread: { maxBytes: 1, maxBatches: 1 } });
    let rows = 0;
    series.add(1).sink((column) => {
      rows += column.length;
    });
    for (let i = 0; i < 10; i++) await series.emit(floats(1000));
    await series.flush();
    expect(rows).toBe(10_000);
  });

  it('waits for the thread where nobody waits for a place', async () => {
    const series = new Series('f64', { thread: { maxBatches: 2 } });
    let delivered = 0;
    series
      .rolling(10)
      .median()
      .sink(() => {
        delivered++;
      });
    const batch = floats(2000);
    for (let emitted = 1; emitted <= 100; emitted++) {
      series.emit(batch);
      // In the ring, with the thread, as results, and in line.
      expect(emitted - delivered).toBeLessThanOrEqual(8);
    }
    await series.flush();
    expect(delivered).toBe(100);
  });
});

describe('errors of a thread', () => {
  it('go to onError with their code, and the graph goes on', async () => {
    const failures: unknown[] = [];
    const series = new Series('i64', { thread: { onError: (error) => failures.push(error) } });
    const sums: unknown[] = [];
    series
      .mul(4)
      .sum()
      .sink((sum) => {
        sums.push(sum);
      });
    for (const x of [1n, 2n ** 62n, 1n]) await series.emit([x]);
    await series.flush();
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_OVERFLOW' })]);
    expect((failures[0] as Error).message).toMatch(/^Cannot /);
    expect(sums).toEqual([4, 8]);
  });

  it('of bad input are thrown at once, and nothing of the batch is taken', async () => {
    const frame = new DataFrame({ k: 'utf8', x: 'f64' }, { thread: true });
    const seen = frame.groupBy('k').x.sum().sinkToList();
    expect(() => frame.emit({ k: ['a'], x: ['1' as unknown as number] })).toThrow(TypeError);
    await frame.emit({ k: ['b'], x: [1] });
    await frame.flush();
    expect(seen.map((table) => table.toColumns())).toEqual([{ k: ['b'], x: [1] }]);
  });

  it('of sinks go to onError, thrown or rejected, and the others are served', async () => {
    const failures: unknown[] = [];
    const series = new Series('f64', {
      thread: { onError: (error) => void failures.push((error as Error).message) },
    });
    series.sum().sink((sum) => {
      if (sum === 1) throw new Error('thrown');
    });
    series.max().sink(async (most) => {
      if (most === 2) throw new Error('rejected');
    });
    const last: unknown[] = [];
    series.min().sink((least) => {
      last.push(least);
    });
    for (const x of [1, 2, 2]) await series.emit([x]);
    await series.flush();
    expect(failures).toEqual(['thrown', 'rejected', 'rejected']);
    expect(last).toEqual([1, 1, 1]);
  });
});

describe('the state of a thread', () => {
  it('is snapshot after all that was emitted, delivered before it returns', async () => {
    const build = () => {
      const frame = new DataFrame({ k: 'utf8', x: 'f64' }, { thread: true });
      return { frame, seen: frame.groupBy('k').x.sum().sinkToList() };
    };
    const one = build();
    for (let i = 0; i < 40; i++) one.frame.emit([{ k: `k${i % 3}`, x: i }]);
    const snapshot = one.frame.snapshot();
    expect(one.seen).toHaveLength(40);
    const other = build();
    await other.frame.emit([{ k: 'zzz', x: 1 }]);
    other.frame.restore(snapshot);
    expect(other.seen).toHaveLength(1);
    const inline = new DataFrame({ k: 'utf8', x: 'f64' });
    const expected = inline.groupBy('k').x.sum().sinkToList();
    inline.restore(snapshot);
    for (const frame of [one.frame, other.frame, inline]) {
      await frame.emit([
        { k: 'k1', x: 1 },
        { k: 'new', x: 5 },
      ]);
      await frame.flush();
    }
    const rows = expected.at(-1)!.toColumns();
    expect(rows.k).toEqual(['k0', 'k1', 'k2', 'new']);
    expect(one.seen.at(-1)!.toColumns()).toEqual(rows);
    expect(other.seen.at(-1)!.toColumns()).toEqual(rows);
    expect(one.frame.snapshot()).toEqual(inline.snapshot());
  });

  it('goes on where the graph grows, and a new sink gets only what comes after it', async () => {
    const series = new Series('f64', { thread: true });
    const first = series.cumsum().sinkToList();
    for (let i = 0; i < 10; i++) series.emit([1]);
    const second = series.cumsum().sinkToList();
    const third = series.sum().sinkToList();
    expect(first).toHaveLength(10);
    series.emit([1]);
    await series.flush();
    expect(first.at(-1)?.toArray()).toEqual([11]);
    expect(second.map((column) => column.toArray()).length).toBe(1);
    expect(third).toEqual([1]);
  });

  it('is kept when a sink ends, which gets what was emitted before', async () => {
    const series = new Series('f64', { thread: true });
    const seen: unknown[] = [];
    const sums = series.sum();
    const sink = sums.sink((sum) => {
      seen.push(sum);
    });
    for (let i = 0; i < 30; i++) series.emit([1]);
    sink.destroy();
    expect(seen).toHaveLength(30);
    await series.emit([1]);
    expect(seen).toHaveLength(30);
    const again = sums.sinkToList();
    series.emit([1]);
    await series.flush();
    expect(again.at(-1)).toBeGreaterThan(30);
  });

  it('takes words, also between values, in order', async () => {
    const run = async (thread: boolean) => {
      const series = new Series('utf8', { thread });
      const counts = series.frequencies().sinkToList();
      const lengths = series.map((word) => word.length, 'i32').sinkToList();
      await series.emit(['b', 'zz']);
      for (let i = 0; i < 20; i++) await series.emitWords(Buffer.from(`a b${i % 7} ccc a`));
      await series.emit(['a', 'new', 'b3']);
      await series.emitWords(Buffer.from(' last new word'));
      await series.emit(['word', 'b']);
      await series.flush();
      return [counts.at(-1), lengths.flatMap((column) => [...column.toArray()])];
    };
    expect(await run(true)).toEqual(await run(false));
    const series = new Series('utf8', { thread: true });
    series.frequencies().sinkToList();
    expect(() => series.emitWords(Uint8Array.of(0xff, 32))).toThrow(/must be UTF-8/);
  });

  it('may be ended from within a delivery', async () => {
    const series = new Series('f64', { thread: true });
    const seen: unknown[] = [];
    const sink = series.sum().sink((sum) => {
      seen.push(sum);
      if (seen.length === 3) sink.destroy();
    });
    for (let i = 0; i < 30; i++) series.emit([1]);
    await series.flush();
    expect(seen).toEqual([1, 2, 3]);
    const other = new Series('f64', { thread: true });
    let calls = 0;
    other.sum().sink(() => {
      calls++;
      other.destroy();
    });
    for (let i = 0; i < 10; i++) other.emit([1]);
    await other.flush();
    expect(calls).toBe(1);
  });
});
