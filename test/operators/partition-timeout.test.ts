import fc from 'fast-check';
import { expect, it } from 'vitest';
import { playMarbles, recordTimed } from '../../src/time/marbles.ts';
import { acknowledgements, describeForms, timedSource } from '../graph/forms.ts';

describeForms('partition with a timeout', () => {
  it('emits what there is, counted from the first element of each partition', async () => {
    const { clock, source } = timedSource<string>();
    const seen = recordTimed(source.partition(3, { timeout: 25 }), clock);
    const played = playMarbles(source, 'ab---cdef-', clock);
    await clock.runAll();
    await played;
    expect(seen).toEqual([
      { time: 25, value: ['a', 'b'] },
      { time: 70, value: ['c', 'd', 'e'] },
      { time: 105, value: ['f'] },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('has a timer for each key', async () => {
    const { clock, source } = timedSource<string>();
    const key = (x: string) => x === x.toUpperCase();
    const seen = recordTimed(source.partition(2, { timeout: 25, key }), clock);
    const played = playMarbles(source, 'aBc-D---e', clock);
    await clock.runAll();
    await played;
    expect(seen).toEqual([
      { time: 20, value: ['a', 'c'] },
      { time: 35, value: ['B'] },
      { time: 65, value: ['D'] },
      { time: 105, value: ['e'] },
    ]);
  });

  it('gives what a recount by hand gives', async () => {
    const gaps = fc.array(fc.nat(20), { maxLength: 30 });
    const sizes = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(gaps, sizes, fc.integer({ min: 1, max: 30 }), async (waits, n, timeout) => {
        const { clock, source } = timedSource();
        const seen = source.partition(n, { timeout }).sinkToList();
        const wanted: number[][] = [];
        let open: number[] = [];
        let due = Number.POSITIVE_INFINITY;
        for (const wait of waits) {
          await clock.advance(wait);
          const now = clock.now();
          if (now >= due && open.length > 0) {
            wanted.push(open);
            open = [];
          }
          if (open.length === 0) due = now + timeout;
          open.push(now);
          if (open.length === n) {
            wanted.push(open);
            open = [];
          }
          source.emit(now);
        }
        await clock.runAll();
        if (open.length > 0) wanted.push(open);
        expect(seen).toEqual(wanted);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('reports an error of a late partition, and acknowledges its elements', async () => {
    const { clock, source, errors } = timedSource();
    const { log, options } = acknowledgements();
    source.partition(2, { timeout: 10 }).sink((items) => {
      if (items.includes(1)) throw new Error('no');
    });
    source.emit(1, options(1));
    await clock.advance(10);
    source.emit(2, options(2));
    await clock.advance(10);
    expect(errors).toEqual([new Error('no')]);
    expect(log).toEqual([
      [1, 'no'],
      [2, 'ok'],
    ]);
  });

  it('restores what is left of the timeout', async () => {
    const first = timedSource();
    const partition = first.source.partition(3, { timeout: 10 });
    first.source.emit(1);
    await first.clock.advance(4);
    const second = timedSource();
    const restored = second.source.partition(3, { timeout: 10 });
    const seen = recordTimed(restored, second.clock);
    restored.restore(structuredClone(partition.snapshot()!));
    second.source.emit(2);
    await second.clock.runAll();
    expect(seen).toEqual([{ time: 6, value: [1, 2] }]);
    first.source.destroy();
    expect(first.clock.pending).toBe(0);
  });
});
