import { describe, expect, it } from 'vitest';
import { BoundedQueue, fromQueue } from '../../src/index.ts';

const turn = () => new Promise(setImmediate);

describe('fromQueue()', () => {
  it('emits what is pushed, before and after the start, to the end', async () => {
    const queue = new BoundedQueue<number>();
    await queue.push(1);
    const source = fromQueue(queue);
    const seen = source.sinkToList();
    const done = source.start();
    await turn();
    await queue.push(2);
    queue.close();
    await done;
    expect(seen).toEqual([1, 2]);
    expect(source.state).toBe('ended');
    await expect(queue.push(3)).rejects.toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
    expect(queue.tryPush(3)).toBe(false);
  });

  it('holds back whoever pushes while the graph is busy, and keeps the order', async () => {
    const queue = new BoundedQueue<number>({ capacity: 10 });
    const source = fromQueue(queue);
    const gates: (() => void)[] = [];
    const seen: number[] = [];
    source.sink((x: number) => {
      seen.push(x);
      return new Promise<void>((resolve) => gates.push(resolve));
    });
    const done = source.start();
    let pushed = 0;
    const producer = (async () => {
      for (let i = 0; i < 1000; i++) {
        await queue.push(i);
        pushed++;
      }
      queue.close();
    })();
    await turn();
    for (let i = 0; i < 1000; i++) {
      expect(pushed - seen.length).toBeLessThanOrEqual(11);
      expect(queue.size).toBeLessThanOrEqual(11);
      gates.shift()?.();
      await turn();
    }
    await producer;
    await done;
    expect(seen).toEqual([...Array(1000).keys()]);
  });

  it('keeps what waits at a stop for the next start', async () => {
    const queue = new BoundedQueue<number>();
    const source = fromQueue(queue);
    const seen: number[] = [];
    source.sink((x: number) => {
      if (seen.push(x) === 2) void source.stop();
    });
    for (const x of [1, 2, 3]) queue.tryPush(x);
    await source.start();
    expect(seen).toEqual([1, 2]);
    expect(queue.size).toBe(1);
    queue.close();
    await source.start();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('tells those who wait for a place that the queue was closed', async () => {
    const queue = new BoundedQueue<number>({ capacity: 1 });
    await queue.push(1);
    const waiting = queue.push(2);
    queue.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
    expect(queue.size).toBe(1);
  });

  it('lets timers run while elements are there', async () => {
    const queue = new BoundedQueue<number>({ capacity: 200_000 });
    for (let i = 0; i < 200_000; i++) queue.tryPush(i);
    const source = fromQueue(queue);
    let count = 0;
    source.sink(() => void count++);
    const done = source.start();
    await turn();
    await source.stop();
    await done;
    expect(count).toBeLessThan(200_000);
  });

  it('refuses wrong arguments', () => {
    expect(() => fromQueue([] as never)).toThrow('a BoundedQueue is wanted');
    expect(() => new BoundedQueue({ capacity: 0 })).toThrow('capacity');
  });
});
