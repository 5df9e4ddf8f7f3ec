import { expect, it } from 'vitest';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

it('fires timers in order of time, then of creation, each at its own time', async () => {
  const clock = new VirtualClock(1000);
  const seen: string[] = [];
  clock.setTimeout(() => seen.push(`b@${clock.now()}`), 20);
  clock.setTimeout(() => seen.push(`a@${clock.now()}`), 10);
  clock.setTimeout(() => seen.push(`c@${clock.now()}`), 20);
  await clock.advance(15);
  expect(seen).toEqual(['a@10']);
  expect(clock.now()).toBe(15);
  expect(clock.wallTime()).toBe(1015);
  await clock.advance({ milliseconds: 5 });
  expect(seen).toEqual(['a@10', 'b@20', 'c@20']);
  expect(clock.pending).toBe(0);
});

it('fires timers that timers set, and lets promises settle between them', async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const tick = async () => {
    await Promise.resolve();
    await Promise.resolve();
    seen.push(clock.now());
    if (seen.length < 3) clock.setTimeout(tick, 10);
  };
  clock.setTimeout(tick, 10);
  await clock.runAll();
  expect(seen).toEqual([10, 20, 30]);
});

it('forgets cleared timers, even from inside another at the same time', async () => {
  const clock = new VirtualClock();
  let fired = false;
  const second = () => {
    fired = true;
  };
  clock.setTimeout(() => clock.clearTimeout(handle), 5);
  const handle = clock.setTimeout(second, 5);
  await clock.runAll();
  expect(fired).toBe(false);
  expect(clock.pending).toBe(0);
});

it('runAll() rejects instead of running a periodic timer for ever', async () => {
  const clock = new VirtualClock();
  const again = () => void clock.setTimeout(again, 1);
  again();
  await expect(clock.runAll(50)).rejects.toThrow(RangeError);
});
