import { describe, expect, it } from 'vitest';
import { DataFrame, Series, Stream, VirtualClock } from '../../src/index.ts';

describe('emit', () => {
  it('delivers before it returns, in order of subscription', () => {
    const series = new Series('f64');
    const seen: string[] = [];
    const mean = series.mean();
    mean.sink(() => seen.push('a'));
    series.sum().sink(() => seen.push('b'));
    const third = mean.sink(() => seen.push('c'));
    expect(series.emit([1])).toBeUndefined();
    expect(seen).toEqual(['a', 'b', 'c']);
    third.destroy();
    series.emit([1]);
    expect(seen).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  it('returns a promise where a sink did, and it waits for all of them', async () => {
    const series = new Series('f64');
    const order: string[] = [];
    let release = () => {};
    series.sum().sink(() => new Promise<void>((resolve) => (release = resolve)));
    series.max().sink(async () => {
      throw new Error('refused');
    });
    const emitting = series.emit([1])!;
    emitting.catch(() => order.push('rejected'));
    await Promise.resolve();
    expect(order).toEqual([]);
    release();
    await expect(emitting).rejects.toThrow('refused');
    expect(order).toEqual(['rejected']);
  });

  it('from within a sink: results come after those of the batch before, and no stack grows', () => {
    const series = new Series('f64');
    const seen: unknown[] = [];
    series.sum().sink((sum) => {
      if (sum! < 20_000) series.emit([1]);
    });
    series.max().sink((most) => seen.push(most));
    series.emit([1]);
    expect(seen).toHaveLength(20_000);
  });

  it('of single values collects to a batch', () => {
    const series = new Series('i64', { batch: 3 });
    const seen = series.sinkToList();
    for (let i = 0; i < 7; i++) series.emit(i);
    expect(seen.map((column) => column.toArray())).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    series.emit([8, 9]);
    expect(seen.slice(2).map((column) => column.toArray())).toEqual([[6], [8, 9]]);
    series.emit(10);
    series.flush();
    series.flush();
    expect(seen.slice(4).map((column) => column.toArray())).toEqual([[10]]);
  });

  it('of single rows waits no longer than linger', async () => {
    const clock = new VirtualClock();
    const frame = new DataFrame({ x: 'f64' }, { linger: '10ms', clock });
    const seen = frame.x.sinkToList();
    frame.emit({ x: 1 });
    await clock.advance(9);
    frame.emit({ x: 2 });
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen[0]?.toArray()).toEqual([1, 2]);
    expect(clock.pending).toBe(0);
    frame.emit({ x: 3 });
    frame.emit([{ x: 4 }]);
    expect(clock.pending).toBe(0);
    expect(seen.slice(1).map((column) => column.toArray())).toEqual([[3], [4]]);
  });

  it('tells the next call of what failed while nobody waited', async () => {
    const clock = new VirtualClock();
    const series = new Series('f64', { linger: 1, clock });
    series.sum().sink((sum) => {
      if (sum === 1) throw new Error('lost');
    });
    series.emit(1);
    await clock.advance(1);
    await expect(series.emit(2)).rejects.toThrow('lost');
    await clock.advance(1);
    expect(series.emit(3)).toBeUndefined();
    series.flush();
  });

  it('writes over what no sink keeps, and over nothing else', () => {
    const series = new Series('f64');
    const double = series.mul(2);
    const kept = double.sinkToList();
    const read: (number | null)[] = [];
    const buffers = new Set<ArrayBufferLike>();
    const reading = series.neg().sink(
      (column) => {
        read.push(...column);
        buffers.add(column.values.buffer);
        if (column.at(0) === -1) series.emit([2]);
      },
      { reuse: true },
    );
    const values = Float64Array.from({ length: 3000 }, (_, i) => i);
    for (let i = 0; i < 20; i++) series.emit(values);
    expect(buffers.size).toBeGreaterThan(5);
    expect(kept.every((column) => column.at(-1) === 5998)).toBe(true);
    reading.destroy();
    const alone = new Series('f64');
    const seen: (number | null)[] = [];
    const owned = new Set<ArrayBufferLike>();
    const keeping = alone.add(0).sink(() => {});
    alone.emit([0]);
    keeping.destroy();
    alone.mul(1).sink(
      (column) => {
        seen.push(...column);
        owned.add(column.values.buffer);
        if (column.at(0) === 1) alone.emit([2]);
      },
      { reuse: true },
    );
    for (let i = 0; i < 20; i++) alone.emit(values);
    alone.emit([1]);
    expect(seen.slice(-2)).toEqual([1, 2]);
    expect(seen).toHaveLength(60_002);
    expect(owned.size).toBeLessThan(3);
  });

  it('reaches a sink only with what came after it', () => {
    const series = new Series('f64');
    const first = series.sinkToList();
    series.emit(1);
    const second = series.sinkToList();
    series.emit([2]);
    expect(first.map((column) => column.toArray())).toEqual([[1], [2]]);
    expect(second.map((column) => column.toArray())).toEqual([[2]]);
  });
});

describe('the planes', () => {
  it('cross down and up', () => {
    const numbers = new Stream<number>();
    const doubled = numbers.toSeries('f64', { batch: 2 }).mul(2);
    const seen = doubled.toStream().sinkToList();
    numbers.emitMany([1, 2, 3]);
    expect(seen).toEqual([2, 4]);
  });

  it('cross with rows and tables', () => {
    const rows = new Stream<{ k: string; x: number }>();
    const frame = rows.toDataFrame({ k: 'utf8', x: 'f64' }, { batch: 2 });
    const up = frame.filter(frame.x.gt(1)).toStream().sinkToList();
    const sums = frame.groupBy('k').x.sum().toStream();
    const tables = sums.map((table) => table.toRows()).sinkToList();
    const least = frame.x.min().toStream().sinkToList();
    rows.emit({ k: 'a', x: 1 });
    rows.emit({ k: 'b', x: 2 });
    expect(up).toEqual([{ k: 'b', x: 2 }]);
    expect(tables).toEqual([
      [
        { k: 'a', x: 1 },
        { k: 'b', x: 2 },
      ],
    ]);
    expect(least).toEqual([1]);
  });

  it('hold back: an asynchronous sink up there holds an emitter down here', async () => {
    const series = new Series('f64');
    const seen: number[] = [];
    series.toStream().sink(async (x) => {
      await Promise.resolve();
      seen.push(x!);
    });
    const emitting = series.emit([1, 2]);
    expect(emitting).toBeInstanceOf(Promise);
    await emitting;
    expect(seen).toEqual([1, 2]);
  });
});

describe('time', () => {
  it('partitions by event time, counting what comes late', () => {
    const frame = new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' });
    const seen: unknown[] = [];
    const days = frame
      .partition('1d', { on: 'at' })
      .groupBy('k')
      .agg({ x: ['mean', 'count'] });
    days.sink((table) => seen.push(...table));
    const day = 86_400_000;
    frame.emit([
      { at: 1, k: 'a', x: 1 },
      { at: 2, k: 'a', x: 3 },
      { at: day, k: 'b', x: 5 },
      { at: day - 1, k: 'b', x: 7 },
      { at: new Date(3 * day + 5), k: 'c', x: 9 },
    ]);
    expect(seen).toEqual([
      { at: 0, k: 'a', x_mean: 2, x_count: 2 },
      { at: day, k: 'b', x_mean: 5, x_count: 1 },
    ]);
    expect(frame.lateRows).toBe(1);
    frame.end();
    expect(seen[2]).toEqual({ at: 3 * day, k: 'c', x_mean: 9, x_count: 1 });
  });

  it('floors to whole spans', () => {
    const times = new Series('timestamp');
    const seen = times.floor('1h').sinkToList();
    times.emit([3_600_000 * 5 + 1, -1, 1_500_000n]);
    expect(seen[0]?.toArray()).toEqual([18_000_000, -3_600_000, 0]);
  });
});

describe('the graph', () => {
  it('explains its plan', () => {
    const prices = new Series('f64', { name: 'price' });
    prices
      .mul(2)
      .rolling(3)
      .mean()
      .sink(() => {});
    expect(prices.explain()).toMatchInlineSnapshot(`
      "native plan 'price', one call per batch
      #0 input: frame (price: f64)
      #1 project of #0: series (price: f64)
      #2 rolling of #1: series (price: f64)
      #3 sink of #2"
    `);
  });

  it('says what each node has done', () => {
    const prices = new Series('f64', { name: 'price' });
    const dear = prices.filter(prices.gt(2));
    dear.mean().sink(() => {});
    for (let batch = 0; batch < 3; batch++) prices.emit([1, 2, 3, 4]);
    // Another sink makes another plan, which goes on where the first one was.
    dear.max().sink(() => {});
    const lines = dear
      .explain()
      .replace(/\d+\.\d{3} ms/g, 'T ms')
      .split('\n');
    expect(lines[1]).toBe('#0 input: frame (price: f64); 3 batches, 12 rows, T ms');
    expect(lines.find((line) => line.includes('filter'))).toMatch(/; read through$/);
    expect(lines.findLast((line) => line.includes('aggregate'))).not.toContain('rows');
    prices.emit([5]);
    const after = dear.explain();
    expect(after).toMatch(/aggregate of #\d: scalar \(price: f64\); 4 batches, 4 rows/);
    expect(after).toMatch(/aggregate of #\d: scalar \(price: f64\); 1 batch, 1 row, /);
    dear.sink(() => {});
    prices.emit([1, 6]);
    expect(dear.explain()).toMatch(/filter of .*; 1 batch, 1 row, /);
  });

  it('says what a rolling window in place has done', () => {
    const prices = new Series('f64');
    const means = prices.rolling(2).mean();
    means.sink(() => {});
    prices.emit(Float64Array.of(1, 2, 3));
    prices.emit(Float64Array.of(4));
    expect(means.explain()).toMatch(/rolling of #\d: series \(value: f64\); 2 batches, 4 rows/);
  });

  it('computes nothing without a sink, and checks what comes in all the same', () => {
    const series = new Series('f64');
    series.mean();
    expect(series.emit([1])).toBeUndefined();
    expect(() => series.emit(['x' as unknown as number])).toThrow(/takes a number, got 'x'/);
  });

  it('refuses a snapshot that is none, or of another graph', () => {
    const one = new Series('f64');
    one.mean().sink(() => {});
    const other = new Series('f64');
    other.max().sink(() => {});
    const code = (name: string) => expect.objectContaining({ code: name });
    expect(() => one.restore(new Uint8Array(3))).toThrow(code('ERR_CORRUPT_SNAPSHOT'));
    expect(() => one.restore('x' as unknown as Uint8Array)).toThrow(TypeError);
    expect(() => one.restore(other.snapshot())).toThrow(code('ERR_CORRUPT_STATE'));
  });

  it('keeps columns that have the names of methods', () => {
    const frame = new DataFrame({ sum: 'f64', filter: 'f64', x: 'f64' });
    expect(frame.filter).toBeInstanceOf(Function);
    const seen = frame.col('filter').add(frame.col('sum')).sinkToList();
    frame.emit([{ sum: 1, filter: 2, x: 3 }]);
    expect(seen[0]?.toArray()).toEqual([3]);
    expect(frame.groupBy('x').col('sum').sum()).toBeDefined();
  });
});
