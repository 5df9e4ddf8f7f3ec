import fc from 'fast-check';
import { expect, it } from 'vitest';
import { playMarbles, recordTimed } from '../../src/time/marbles.ts';
import { acknowledgements, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('delay', () => {
  it('moves every element by the same time', async () => {
    const { clock, source } = timedSource<string>();
    const seen = recordTimed(source.delay(25), clock);
    const played = playMarbles(source, 'a-(bc)--d', clock);
    await clock.runAll();
    await played;
    expect(seen).toEqual([
      { time: 25, value: 'a' },
      { time: 45, value: 'b' },
      { time: 45, value: 'c' },
      { time: 75, value: 'd' },
    ]);
  });

  it('emits each element at its arrival plus the interval, whatever the arrivals', async () => {
    const gaps = fc.array(fc.nat(50), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.nat(60), async (waits, interval) => {
        const { clock, source } = timedSource();
        const seen = recordTimed(source.delay(interval), clock);
        const wanted: { time: number; value: number }[] = [];
        for (const [i, wait] of waits.entries()) {
          await clock.advance(wait);
          wanted.push({ time: clock.now() + interval, value: i });
          source.emit(i);
        }
        await clock.runAll();
        expect(seen).toEqual(wanted);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('accepts at once, until maxsize elements are held', async () => {
    const { clock, source } = timedSource();
    const seen = recordTimed(source.delay(10, { maxsize: 2 }), clock);
    expect(source.emit(1)).toBeUndefined();
    expect(source.tryEmit(2)).toBe(true);
    expect(source.tryEmit(3)).toBe(false);
    let accepted = false;
    source.emit(4)?.then(() => {
      accepted = true;
    });
    await clock.advance(9);
    expect(accepted).toBe(false);
    await clock.advance(1);
    expect(accepted).toBe(true);
    expect(seen.map(({ value }) => value)).toEqual([1, 2, 4]);
  });

  it('goes on after a delivery that failed', async () => {
    const { clock, source, errors, failures } = timedSource();
    const seen: number[] = [];
    source.delay(10).sink((x) => {
      if (x === 1) throw new Error('no');
      seen.push(x);
    });
    source.emitMany([1, 2]);
    await clock.runAll();
    expect(seen).toEqual([2]);
    expect(errors).toEqual([new Error('no')]);
    expect(failures).toEqual([{ element: 1, operator: 'delay', stream: undefined }]);
  });

  it('acknowledges when the element was delivered, not when it was held', async () => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    source.delay(10).sink((x) => {
      if (x === 2) throw new Error('two');
    });
    for (const x of [1, 2, 3]) source.emit(x, options(x));
    await clock.advance(9);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'two'],
      [3, 'ok'],
    ]);
  });

  it('keeps what is left of each delay in a snapshot', async () => {
    const first = timedSource();
    const delayed = first.source.delay(10);
    first.source.emit(1);
    await first.clock.advance(4);
    first.source.emit(2);
    const second = timedSource();
    const restored = second.source.delay(10);
    const seen = recordTimed(restored, second.clock);
    restored.restore(structuredClone(delayed.snapshot()!));
    second.source.emit(3);
    await second.clock.runAll();
    expect(seen).toEqual([
      { time: 6, value: 1 },
      { time: 10, value: 2 },
      { time: 10, value: 3 },
    ]);
  });

  it('frees its timer and gives up what it holds when it is destroyed', async () => {
    const { clock, source, errors } = timedSource();
    const { log, options } = acknowledgements();
    const delayed = source.delay(10);
    const seen = delayed.sinkToList();
    source.emit(1, options(1));
    delayed.destroy();
    expect(clock.pending).toBe(0);
    expect(log).toEqual([[1, 'Cannot deliver an element that delay held: it was destroyed']]);
    await clock.advance(20);
    await turn();
    expect(seen).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('refuses what is no duration', () => {
    const { source } = timedSource();
    expect(() => source.delay('soon')).toThrow(TypeError);
    expect(() => source.delay(-1)).toThrow(RangeError);
    expect(() => source.delay(1, { maxsize: 0 })).toThrow(RangeError);
  });
});
