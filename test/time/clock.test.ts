import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Stream, systemClock } from '../../src/index.ts';

const DAY = 86_400_000;

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 2 ** 31 - 1, 2 ** 31, 100 * DAY])('waits %d milliseconds', (delay) => {
    const fired: number[] = [];
    const start = systemClock.now();
    systemClock.setTimeout(() => fired.push(systemClock.now() - start), delay);
    vi.advanceTimersByTime(delay - 1);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(200 * DAY);
    expect(fired).toEqual([delay]);
  });

  it.each([1, 100 * DAY])('forgets a timer of %d milliseconds, and leaves none behind', (delay) => {
    const timer = systemClock.setTimeout(() => {
      throw new Error('forgotten');
    }, delay);
    vi.advanceTimersByTime(delay / 2);
    systemClock.clearTimeout(timer);
    systemClock.clearTimeout(timer);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(200 * DAY);
  });

  it('keeps the time of operators that wait for months', () => {
    const source = new Stream<number>({ clock: systemClock });
    const parts = source.partition(2, { timeout: '30 days' }).sinkToList();
    const windows = source.timedWindow('30 days').sinkToList();
    vi.advanceTimersByTime(0);
    source.emit(1);
    vi.advanceTimersByTime(29 * DAY);
    expect([parts, windows]).toEqual([[], [[]]]);
    vi.advanceTimersByTime(2 * DAY);
    expect([parts, windows]).toEqual([[[1]], [[], [1]]]);
    source.destroy();
    expect(vi.getTimerCount()).toBe(0);
  });
});
