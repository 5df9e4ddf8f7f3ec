import fc from 'fast-check';
import { expect, it } from 'vitest';
import { playMarbles, recordTimed } from '../../src/time/marbles.ts';
import { acknowledgements, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('rateLimit', () => {
  it('spaces elements out, and lets those that come late enough through at once', async () => {
    const { clock, source } = timedSource<string>();
    const seen = recordTimed(source.rateLimit(20), clock);
    const played = playMarbles(source, '(abc)---d', clock);
    await clock.runAll();
    await played;
    expect(seen).toEqual([
      { time: 0, value: 'a' },
      { time: 20, value: 'b' },
      { time: 40, value: 'c' },
      { time: 60, value: 'd' },
    ]);
  });

  it('keeps order and distance whatever the arrivals', async () => {
    const gaps = fc.array(fc.nat(50), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.integer({ min: 0, max: 60 }), async (waits, interval) => {
        const { clock, source } = timedSource();
        const seen = recordTimed(source.rateLimit(interval), clock);
        const wanted: { time: number; value: number }[] = [];
        let next = 0;
        for (const [value, wait] of waits.entries()) {
          await clock.advance(wait);
          const time = Math.max(next, clock.now());
          next = time + interval;
          wanted.push({ time, value });
          source.emit(value);
        }
        await clock.runAll();
        expect(seen).toEqual(wanted);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the emitter the outcome of its own element', async () => {
    const { clock, source, errors } = timedSource();
    const { log, options } = acknowledgements();
    source.rateLimit(10).sink(async (x) => {
      if (x !== 2) throw new Error(`no ${x}`);
    });
    const outcomes = [1, 2, 3].map((x) =>
      Promise.resolve(source.emit(x, options(x))).then(
        () => 'ok',
        (error) => String(error),
      ),
    );
    expect(source.tryEmit(4)).toBe(false);
    await clock.runAll();
    expect(await Promise.all(outcomes)).toEqual(['Error: no 1', 'ok', 'Error: no 3']);
    expect(log).toEqual([
      [1, 'no 1'],
      [2, 'ok'],
      [3, 'no 3'],
    ]);
    expect(errors).toEqual([]);
  });

  it('lets no element of a loop overtake another', async () => {
    const { clock, source } = timedSource();
    const limited = source.rateLimit(10);
    const seen = recordTimed(limited, clock);
    limited
      .map((x) => x + 10)
      .filter((x) => x < 30)
      .connect(source);
    source.emit(1)?.catch(() => {});
    source.emit(2)?.catch(() => {});
    await clock.runAll();
    expect(seen).toEqual([
      { time: 0, value: 1 },
      { time: 10, value: 11 },
      { time: 20, value: 2 },
      { time: 30, value: 21 },
      { time: 40, value: 12 },
      { time: 50, value: 22 },
    ]);
  });

  it('restores what waits, and the time of the next element', async () => {
    const first = timedSource();
    const limited = first.source.rateLimit(10);
    limited.sinkToList();
    for (const x of [1, 2, 3]) first.source.emit(x);
    await first.clock.advance(4);
    const second = timedSource();
    const restored = second.source.rateLimit(10);
    const seen = recordTimed(restored, second.clock);
    restored.restore(structuredClone(limited.snapshot()!));
    await second.clock.runAll();
    expect(seen).toEqual([
      { time: 6, value: 2 },
      { time: 16, value: 3 },
    ]);
  });

  it('lets emitters go, and frees its timer, when it is destroyed', async () => {
    const { clock, source } = timedSource();
    const limited = source.rateLimit(10);
    source.emit(1);
    const waiting = source.emit(2);
    limited.destroy();
    await waiting;
    await turn();
    expect(clock.pending).toBe(0);
  });
});
