import { describe, expect, it } from 'vitest';
import { BoundedQueue, estimateBytes, fromEvents, Stream } from '../../src/index.ts';
import { deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describe('estimateBytes()', () => {
  it.each([
    [1, 8],
    [undefined, 8],
    [null, 8],
    [true, 8],
    [10n, 8],
    [Symbol('s'), 8],
    [() => 0, 8],
    ['', 0],
    ['abc', 6],
    [new Uint8Array(7), 7],
    [new ArrayBuffer(9), 9],
    [Buffer.from('abc'), 3],
    [[], 16],
    [[1, 'a'], 26],
    // biome-ignore lint/suspicious/noSparseArray: a hole is read as undefined
    [[1, , 3], 40],
    [{ a: 1, b: [2] }, 16 + 8 + 24],
    [new Map([['ab', 1]]), 16 + 4 + 8],
    [new Set([1, 2]), 32],
    [Object.create(null), 16],
    [Object.freeze({ a: 1 }), 24],
    [new Date(0), 16],
  ])('of %s is %d', (value, bytes) => {
    expect(estimateBytes(value)).toBe(bytes);
  });

  it('counts an object once, also one that contains itself', () => {
    const shared = [1];
    expect(estimateBytes([shared, shared])).toBe(16 + 16 + 8);
    const loop: unknown[] = [];
    loop.push(loop);
    expect(estimateBytes(loop)).toBe(16);
  });

  it('does not grow the stack with depth', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(estimateBytes(deep)).toBe(100_000 * 16 + 8);
  });
});

describeForms('a limit in bytes', () => {
  const limit = { maxBytes: 100, sizeOf: (x: number) => x };

  it('holds back who emits into delay', async () => {
    const { clock, source } = timedSource();
    const seen = source.delay('1s', limit).sinkToList();
    expect(source.emit(99)).toBeUndefined();
    expect(source.tryEmit(50)).toBe(true);
    expect(source.tryEmit(0)).toBe(false);
    const third = source.emit(1);
    expect(third).toBeInstanceOf(Promise);
    await clock.advance('1s');
    await third;
    expect(seen).toEqual([99, 50, 1]);
  });

  it('holds back who emits into mapAsync, whatever the order', async () => {
    for (const options of [{}, { ordered: false }, { key: (x: number) => x % 2 }]) {
      const { source, errors } = timedSource();
      const gates = new Map([60, 70, 20].map((x) => [x, deferred()]));
      const called: number[] = [];
      const seen = source
        .mapAsync(
          async (x) => {
            called.push(x);
            await gates.get(x)?.promise;
            if (x === 60) throw new Error('sixty');
            return x;
          },
          { parallelism: 9, ...limit, ...options },
        )
        .sinkToList();
      expect([source.emit(60), source.emit(70)]).toEqual([undefined, undefined]);
      expect(source.tryEmit(20)).toBe(false);
      const third = source.emit(20);
      gates.get(60)?.resolve();
      await third;
      gates.get(70)?.resolve();
      gates.get(20)?.resolve();
      await source.end();
      expect(seen).toEqual([70, 20]);
      expect(called).toContain(20);
      expect(errors).toHaveLength(1);
    }
  });

  it('keeps count in mapAsync over a stop that gives up, and over restore', async () => {
    const { source } = timedSource();
    const held = source.mapAsync(() => new Promise(() => undefined), { parallelism: 9, ...limit });
    expect(source.emit(200)).toBeUndefined();
    const waiting = source.emit(1);
    const snapshot = held.snapshot()!;
    await source.stop({ drain: false });
    await waiting;
    expect(source.tryEmit(99)).toBe(true);
    expect(source.tryEmit(1)).toBe(true);
    expect(source.tryEmit(1)).toBe(false);
    held.restore(snapshot);
    expect(source.tryEmit(1)).toBe(false);
  });

  it('holds back the side of zip and zipLatest that runs ahead', async () => {
    const bytes = { maxBytes: 100, sizeOf: (x: unknown) => x as number };
    for (const join of ['zip', 'zipLatest'] as const) {
      const left = timedSource().source;
      const right = new Stream<string>();
      const joined = join === 'zip' ? left.zip(right, bytes) : left.zipLatest(right, bytes);
      const seen = joined.sinkToList();
      expect([left.emit(50), left.emit(60)]).toEqual([undefined, undefined]);
      expect(left.tryEmit(1)).toBe(false);
      const third = left.emit(7);
      expect(third).toBeInstanceOf(Promise);
      right.emit('a');
      await third;
      expect(seen[0]).toEqual([50, 'a']);
      if (join === 'zip') expect(left.emit(7)).toBeUndefined();
    }
  });

  it('measures only what has to wait in a join', () => {
    const { source } = timedSource();
    const other = new Stream<number>();
    const measured: unknown[] = [];
    const sizeOf = (x: unknown) => measured.push(x);
    source.zip(other, { maxBytes: 10, sizeOf });
    source.zipLatest(other, { maxBytes: 10, sizeOf });
    other.emit(1);
    source.emit(2);
    expect(measured).toEqual([1]);
  });

  it('holds back who fills a timed window', async () => {
    const { clock, source } = timedSource();
    const seen = source.timedWindow('1s', limit).sinkToList();
    const unique = source.timedWindowUnique('1s', { ...limit, keep: 'last' }).sinkToList();
    await turn();
    expect([source.emit(100), source.tryEmit(1)]).toEqual([undefined, false]);
    const second = source.emit(1);
    await clock.advance('1s');
    await second;
    expect(source.emit(2)).toBeUndefined();
    await source.end();
    expect(seen.flat()).toEqual([100, 1, 2]);
    expect(unique.flat()).toEqual([100, 1, 2]);
  });

  it('counts what replaces an element of its key for what it replaces', () => {
    const { source } = timedSource();
    const key = () => 0;
    source.timedWindowUnique('1s', { ...limit, key, keep: 'last' });
    for (const x of [60, 60, 60, 99, 40]) expect(source.emit(x)).toBeUndefined();
    source.destroy();
  });

  it('lets elements of no bytes in up to the number', () => {
    const { source } = timedSource();
    source.buffer(2, limit).sink(() => new Promise(() => undefined));
    expect([0, 0, 0].map((x) => source.tryEmit(x))).toEqual([true, true, false]);
  });

  it('fails the element whose size is no number of bytes, and only that', async () => {
    const { source } = timedSource();
    const seen = source.buffer(5, { maxBytes: 10, sizeOf: (x) => x - 1 }).sinkToList();
    for (const x of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => source.emit(x)).toThrow(RangeError);
    }
    expect(() => source.emit(0)).toThrow(
      'Cannot measure an element of buffer: sizeOf must return a number of bytes, got -1',
    );
    source.emit(1);
    await turn();
    expect(seen).toEqual([1]);
  });

  it('is refused where it makes no sense', () => {
    const { source } = timedSource();
    for (const maxBytes of [0, -1, 1.5, '1kB' as never]) {
      expect(() => source.buffer(1, { maxBytes })).toThrow(/maxBytes must be a positive integer/);
    }
    expect(() => source.delay(1, { sizeOf: () => 1 })).toThrow('sizeOf must come with maxBytes');
    expect(() => source.zip(source, { maxBytes: 1, sizeOf: 3 as never })).toThrow(
      'Cannot create zip: sizeOf must be a function, got 3',
    );
  });
});

describe('a limit in bytes of a source that is called', () => {
  it('drops what comes beyond, and fails with an overflow', async () => {
    for (const overflow of ['dropNewest', 'dropOldest', 'error'] as const) {
      const target = new EventTarget();
      const source = fromEvents<Event>(target, 'x', {
        maxBytes: 2,
        sizeOf: () => 1,
        overflow,
        endEvent: 'end',
        onError: () => undefined,
      });
      const seen: Event[] = [];
      source.sink((event) => void seen.push(event));
      const done = source.start();
      await turn();
      const events = [1, 2, 3, 4].map(() => new Event('x'));
      for (const event of events) target.dispatchEvent(event);
      target.dispatchEvent(new Event('end'));
      await done;
      expect(source.dropped).toBe(2);
      expect(seen).toEqual(overflow === 'dropOldest' ? events.slice(2) : events.slice(0, 2));
    }
  });

  it('fails the source where the size is none', async () => {
    const target = new EventTarget();
    const source = fromEvents(target, 'x', { maxBytes: 2, sizeOf: () => Number.NaN });
    const done = source.start();
    await turn();
    target.dispatchEvent(new Event('x'));
    await expect(done).rejects.toThrow('Cannot measure an element of fromEvents: sizeOf');
  });
});

describe('a limit in bytes of a queue', () => {
  it('lets those who push wait, and in when there is room for them', async () => {
    const queue = new BoundedQueue<number>({ maxBytes: 10, sizeOf: (x) => x });
    const pushed: number[] = [];
    const push = (x: number) => queue.push(x).then(() => pushed.push(x));
    const all = [9, 9, 1, 2, 3].map(push);
    await turn();
    expect([pushed, queue.size, queue.tryPush(0)]).toEqual([[9, 9], 5, false]);
    expect(queue.shift()?.value).toBe(9);
    await turn();
    expect(pushed).toEqual([9, 9, 1]);
    expect(queue.shift()?.value).toBe(9);
    await Promise.all(all);
    expect([1, 2, 3].map(() => queue.shift()?.value)).toEqual([1, 2, 3]);
    await expect(queue.push(Number.NaN)).rejects.toThrow(RangeError);
    expect(queue.shift()).toBeUndefined();
  });
});
