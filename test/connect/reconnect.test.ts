import { describe, expect, it } from 'vitest';
import { Backoff, reconnecting, type Session, Source, VirtualClock } from '../../src/index.ts';
import type { SourceRun } from '../../src/sources/source.ts';

class Sessions extends Source<number> {
  readonly #backoff: Backoff;
  readonly #session: (session: Session<number>) => Promise<void>;

  constructor(
    clock: VirtualClock,
    backoff: Backoff,
    session: (session: Session<number>) => Promise<void>,
  ) {
    super({ clock });
    this.#backoff = backoff;
    this.#session = session;
  }

  protected override run(run: SourceRun<number>): Promise<void> {
    return reconnecting(run, this.#backoff, this.#session);
  }
}

const exact = (options: object = {}) => new Backoff('test', { jitter: 0, ...options });

describe('Backoff', () => {
  it('doubles up to the longest, and begins anew after a reset', () => {
    const backoff = exact({ backoff: 100, maxBackoff: 350 });
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([
      100, 200, 350, 350,
    ]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('takes a random part off', () => {
    const backoff = new Backoff('test', { backoff: 100, jitter: 0.5 }, () => 0.5);
    expect(backoff.next()).toBe(75);
  });

  it('stays finite however often it fails', () => {
    const backoff = exact({ maxBackoff: '30s' });
    for (let i = 0; i < 5000; i++) expect(backoff.next()).toBeLessThanOrEqual(30_000);
  });

  it('refuses what makes no sense', () => {
    expect(() => exact({ attempts: 0 })).toThrow('Cannot create test: attempts');
    expect(() => new Backoff('test', { jitter: 2 })).toThrow('jitter must be from 0 to 1, got 2');
    expect(() => exact({ retries: 3 })).toThrow('retries');
  });
});

describe('reconnecting()', () => {
  it('waits longer after each failure, and less after a success', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const source = new Sessions(clock, exact({ backoff: 100 }), async (session) => {
      times.push(clock.now());
      if (times.length === 3) session.connected();
      if (times.length < 5) throw new Error('gone');
    });
    const done = source.start();
    await clock.advance('10s');
    await done;
    expect(times).toEqual([0, 100, 300, 400, 600]);
  });

  it('gives up after so many attempts, with the last error', async () => {
    const clock = new VirtualClock();
    let calls = 0;
    const source = new Sessions(clock, exact({ attempts: 3 }), async () => {
      throw new Error(`refused ${++calls}`);
    });
    const done = expect(source.start()).rejects.toThrow('refused 3');
    await clock.advance('1m');
    await done;
  });

  it('does not take an error of the graph for one of the connection', async () => {
    const clock = new VirtualClock();
    let calls = 0;
    const source = new Sessions(clock, exact(), async (session) => {
      calls++;
      await session.emit(1);
    });
    source.sink(() => {
      throw new Error('bad element');
    });
    await expect(source.start()).rejects.toThrow('bad element');
    expect(calls).toBe(1);
  });

  it('stops while it waits', async () => {
    const clock = new VirtualClock();
    const source = new Sessions(clock, exact({ backoff: '1h' }), async () => {
      throw new Error('refused');
    });
    const done = source.start();
    await clock.advance(10);
    await source.stop();
    await done;
    expect(clock.pending).toBe(0);
  });
});
