import fc from 'fast-check';
import { expect, it } from 'vitest';
import { playMarbles, recordTimed } from '../../src/time/marbles.ts';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('timedWindow', () => {
  it('emits at once and then at every interval, empty windows too', async () => {
    const { clock, source } = timedSource<string>();
    const seen = recordTimed(source.timedWindow(20), clock);
    const played = playMarbles(source, '-(abc)---d', clock);
    await clock.advance(80);
    await played;
    expect(seen).toEqual([
      { time: 0, value: [] },
      { time: 20, value: ['a', 'b', 'c'] },
      { time: 40, value: [] },
      { time: 60, value: ['d'] },
      { time: 80, value: [] },
    ]);
    source.destroy();
  });

  it('puts every element into the window of its time, whatever the arrivals', async () => {
    const gaps = fc.array(fc.nat(40), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.integer({ min: 1, max: 30 }), async (waits, interval) => {
        const { clock, source } = timedSource();
        const seen = recordTimed(source.timedWindow(interval), clock);
        await clock.advance(0);
        const arrivals: number[] = [];
        for (const wait of waits) {
          await clock.advance(wait);
          arrivals.push(clock.now());
          source.emit(clock.now());
        }
        await clock.advance(interval);
        source.destroy();
        expect(seen.map(({ time }) => time)).toEqual(seen.map((_, i) => i * interval));
        for (const { time, value } of seen) {
          const wanted = arrivals.filter((at) => at >= time - interval && at < time);
          expect(value).toEqual(wanted);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('holds back emit while a window is being delivered, and keeps its times', async () => {
    const { clock, source } = timedSource();
    const gate = deferred();
    const seen: [number, readonly number[]][] = [];
    source.timedWindow(10).sink((window) => {
      seen.push([clock.now(), window]);
      return window.includes(1) ? gate.promise : undefined;
    });
    await clock.advance(5);
    expect(source.emit(1)).toBeUndefined();
    await clock.advance(5);
    expect(source.tryEmit(9)).toBe(false);
    let accepted = false;
    source.emit(2)?.then(() => {
      accepted = true;
    });
    await clock.advance(25);
    expect(accepted).toBe(false);
    gate.resolve();
    await turn();
    expect(accepted).toBe(true);
    await clock.advance(5);
    source.destroy();
    expect(seen).toEqual([
      [0, []],
      [10, [1]],
      [35, [2]],
      [40, []],
    ]);
  });

  it('makes emit wait when a window is full', async () => {
    const { clock, source } = timedSource();
    const seen = source.timedWindow(10, { maxsize: 2 }).sinkToList();
    await clock.advance(5);
    source.emitMany([1, 2]);
    expect(source.tryEmit(3)).toBe(false);
    const accepted = source.emit(3);
    expect(accepted).toBeInstanceOf(Promise);
    await clock.advance(5);
    await accepted;
    expect(seen).toEqual([[], [1, 2, 3]]);
    source.destroy();
  });

  it('acknowledges all elements of a window when it was delivered', async () => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    const gate = deferred();
    source.timedWindow(10).sink((window) => (window.length > 0 ? gate.promise : undefined));
    source.emit(1, options(1));
    await clock.advance(0);
    source.emit(2, options(2));
    expect(log).toEqual([]);
    gate.resolve();
    await clock.advance(10);
    source.destroy();
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'ok'],
    ]);
  });

  it.each([true, false])('at the end of input, with flush %s', async (flush) => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    const seen = source.timedWindow(10, { flush }).sinkToList();
    await clock.advance(0);
    source.emit(1, options(1));
    await source.end();
    expect(seen).toEqual(flush ? [[], [1]] : [[]]);
    expect(log).toEqual([[1, 'ok']]);
    expect(clock.pending).toBe(0);
  });

  it('restores the open window and when it closes', async () => {
    const first = timedSource();
    const window = first.source.timedWindow(10);
    await first.clock.advance(4);
    first.source.emit(1);
    const second = timedSource();
    const restored = second.source.timedWindow(10);
    const seen = recordTimed(restored, second.clock);
    restored.restore(structuredClone(window.snapshot()!));
    second.source.emit(2);
    await second.clock.advance(10);
    expect(seen).toEqual([{ time: 6, value: [1, 2] }]);
    first.source.destroy();
    second.source.destroy();
  });

  it('refuses an interval that is not above 0', () => {
    expect(() => timedSource().source.timedWindow(0)).toThrow(
      'Cannot create timedWindow: interval must be above 0, got 0',
    );
  });
});
