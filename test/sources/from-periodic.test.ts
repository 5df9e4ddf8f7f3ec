import { describe, expect, it } from 'vitest';
import { fromPeriodic, VirtualClock } from '../../src/index.ts';

describe('fromPeriodic()', () => {
  it('calls at once and then at its times, until it is stopped, and again after a start', async () => {
    const clock = new VirtualClock();
    const source = fromPeriodic(() => clock.now(), 100, { clock });
    const seen = source.sinkToList();
    void source.start();
    await clock.advance(250);
    await source.stop();
    await clock.advance(1000);
    expect(seen).toEqual([0, 100, 200]);
    void source.start();
    await clock.advance(100);
    await source.stop();
    expect(seen).toEqual([0, 100, 200, 1250, 1350]);
    expect(clock.pending).toBe(0);
  });

  it('leaves out the times that a slow graph covers', async () => {
    const clock = new VirtualClock();
    const source = fromPeriodic(() => clock.now(), 100, { clock });
    const seen: number[] = [];
    source.sink((at: number) => {
      seen.push(at);
      return new Promise<void>((resolve) => clock.setTimeout(resolve, 250));
    });
    void source.start();
    await clock.advance(1000);
    expect(seen).toEqual([0, 300, 600, 900]);
    const stopped = source.stop();
    await clock.advance(500);
    await stopped;
  });

  it('waits for a promise, and goes on after an error', async () => {
    const clock = new VirtualClock();
    const errors: string[] = [];
    let call = 0;
    const source = fromPeriodic(
      async () => {
        if (++call === 2) throw new Error('sensor unplugged');
        return call;
      },
      100,
      { clock, onError: (error) => void errors.push(String(error)) },
    );
    const seen = source.sinkToList();
    void source.start();
    await clock.advance(250);
    await source.stop();
    expect(seen).toEqual([1, 3]);
    expect(errors).toEqual(['Error: sensor unplugged']);
  });

  it('fails without onError, and can be started again', async () => {
    let call = 0;
    const source = fromPeriodic(() => {
      if (++call === 1) throw new Error('not yet');
      return call;
    }, 1);
    const seen = source.sinkToList();
    await expect(source.start()).rejects.toThrow('not yet');
    const done = source.start();
    await new Promise(setImmediate);
    await source.stop();
    await done;
    expect(seen[0]).toBe(2);
  });

  it('refuses wrong arguments', () => {
    expect(() => fromPeriodic(1 as never, 1)).toThrow('f must be a function');
    expect(() => fromPeriodic(() => 1, 0)).toThrow('interval must be above 0');
  });
});
