import { afterEach, describe, expect, it } from 'vitest';
import { setCompiler } from '../../src/graph/compile.ts';
import { type DeadLetter, Stream, VirtualClock } from '../../src/index.ts';
import { acknowledgements, deferred, turn } from './forms.ts';

/** Throws for odd numbers. */
function even(x: number): number {
  if (x % 2 === 1) throw new RangeError(`odd ${x}`);
  return x;
}

describe.each(['generated', 'closure'] as const)('onError(), %s', (form) => {
  setCompiler(form);
  afterEach(() => setCompiler(form));
  const build = (clock = new VirtualClock()) => {
    setCompiler(form);
    return new Stream<number>({ clock });
  };

  it("'fail' is the default, and can be set again", () => {
    const source = build();
    const node = source.map(even).onError('skip');
    const seen = node.sinkToList();
    source.emit(1);
    node.onError('fail');
    expect(() => source.emit(1)).toThrow('odd 1');
    source.emit(2);
    expect(seen).toEqual([2]);
  });

  it("'skip' leaves the element out, in this branch only, and acknowledges it", () => {
    const source = build();
    const kept = source.map(even).onError('skip').sinkToList();
    const all = source.sinkToList();
    const acknowledged: unknown[] = [];
    for (const x of [1, 2, 3]) source.emit(x, { acknowledge: (e) => acknowledged.push(e) });
    expect(kept).toEqual([2]);
    expect(all).toEqual([1, 2, 3]);
    expect(acknowledged).toEqual([undefined, undefined, undefined]);
  });

  it('leaves errors of nodes downstream to them', () => {
    const source = build();
    source
      .map((x) => x)
      .onError('skip')
      .map(even);
    expect(() => source.emit(1)).toThrow('odd 1');
  });

  it('covers a sink whose promise rejects', async () => {
    const source = build();
    const seen: number[] = [];
    source
      .sink(async (x) => {
        await turn();
        seen.push(even(x));
      })
      .onError('skip');
    await Promise.all([1, 2].map((x) => source.emit(x)));
    expect(seen).toEqual([2]);
  });

  it('keeps the state of an operator consistent', () => {
    const source = build();
    const sums = source
      .accumulate((sum, x) => sum + even(x), { start: 0 })
      .onError('skip')
      .sinkToList();
    source.emitMany([2, 3, 4]);
    expect(sums).toEqual([2, 6]);
  });

  describe('deadLetter', () => {
    it('gets the element with what happened to it, and the acknowledgement waits for it', async () => {
      const source = build();
      const letters = new Stream<DeadLetter>();
      const seen: DeadLetter[] = [];
      letters.sink(async (letter) => {
        await turn();
        seen.push(letter);
      });
      source.map(even).onError({ deadLetter: letters });
      const acknowledged: unknown[] = [];
      const emitted = source.emit(1, { acknowledge: (e) => acknowledged.push(e) });
      expect(acknowledged).toEqual([]);
      await emitted;
      await turn();
      expect(acknowledged).toEqual([undefined]);
      expect(seen).toMatchObject([
        {
          element: 1,
          operator: 'map',
          stream: undefined,
          attempts: 1,
          error: { message: 'odd 1' },
        },
      ]);
    });

    it('fails with both errors when the dead letters fail too', () => {
      const source = build();
      const letters = new Stream<DeadLetter>();
      letters.sink(() => {
        throw new Error('full');
      });
      source.map(even).onError({ deadLetter: letters });
      expect(() => source.emit(1)).toThrow('full');
      source.emit(2);
    });
  });

  describe('retry', () => {
    /** Fails the first `failures` times it is called with an element. */
    function flaky(failures: number) {
      const calls: number[] = [];
      const f = (x: number) => {
        calls.push(x);
        if (calls.filter((y) => y === x).length <= failures) throw new Error(`attempt ${x}`);
        return x;
      };
      return { f, calls };
    }

    it('tries again after growing pauses and holds the emitter back meanwhile', async () => {
      const clock = new VirtualClock();
      const source = build(clock);
      const times: number[] = [];
      const { f } = flaky(3);
      const seen = source
        .map((x) => {
          times.push(clock.now());
          return f(x);
        })
        .onError({ retry: { attempts: 5, backoff: 100, maxBackoff: 150 } })
        .sinkToList();
      let accepted = -1;
      void source.emit(7)?.then(() => {
        accepted = clock.now();
      });
      await clock.runAll();
      expect(times).toEqual([0, 100, 250, 400]);
      expect(seen).toEqual([7]);
      expect(accepted).toBe(400);
      expect(source.emit(7)).toBeUndefined();
    });

    it('fails, skips or writes a dead letter once the attempts are used up', async () => {
      const clock = new VirtualClock();
      const letters = new Stream<DeadLetter>();
      const dead = letters.sinkToList();
      const retry = { attempts: 2, backoff: 10 };
      const run = async (policy: Parameters<Stream<number>['onError']>[0]) => {
        const source = build(clock);
        const { f, calls } = flaky(9);
        source.map(f).onError(policy);
        const outcome = Promise.resolve(source.emit(1)).then(
          () => 'accepted',
          (error: Error) => error.message,
        );
        await clock.runAll();
        expect(calls).toEqual([1, 1]);
        return outcome;
      };
      expect(await run({ retry })).toBe('attempt 1');
      expect(await run({ retry, then: 'skip' })).toBe('accepted');
      expect(await run({ retry, then: { deadLetter: letters } })).toBe('accepted');
      expect(dead).toMatchObject([{ element: 1, attempts: 2 }]);
    });

    it('limits the time of an attempt', async () => {
      const clock = new VirtualClock();
      const source = build(clock);
      let calls = 0;
      source
        .sink(() => (++calls === 1 ? new Promise(() => undefined) : Promise.resolve()))
        .onError({ retry: { attempts: 2, backoff: 5, timeout: 50 } });
      let accepted = -1;
      void source.emit(1)?.then(() => {
        accepted = clock.now();
      });
      await clock.runAll();
      expect([calls, accepted]).toEqual([2, 55]);
    });

    it('does not repeat what only failed downstream', async () => {
      const source = build();
      const { f, calls } = flaky(0);
      source
        .map(f)
        .onError({ retry: { attempts: 3 } })
        .map(even);
      expect(() => source.emit(1)).toThrow('odd 1');
      expect(calls).toEqual([1]);
    });

    it('ends at once when the node is destroyed, and leaves no timer', async () => {
      const clock = new VirtualClock();
      const source = build(clock);
      const node = source.map(even).onError({ retry: { attempts: 9, backoff: '1h' } });
      const failed = expect(source.emit(1)).rejects.toThrow('odd 1');
      await turn();
      expect(clock.pending).toBe(1);
      node.destroy();
      await failed;
      expect(clock.pending).toBe(0);
    });

    it.each(['skip', 'deadLetter'] as const)(
      'acknowledges negatively when the node is destroyed, also where the policy ends in %s',
      async (then) => {
        const clock = new VirtualClock();
        const source = build(clock);
        const letters = new Stream<DeadLetter>();
        const dead = letters.sinkToList();
        const last = deferred();
        const node = source
          .sink((x) => {
            if (x === 1) throw new Error('one');
            return last.promise;
          })
          .onError({
            retry: { attempts: 9, backoff: '1h' },
            then: then === 'skip' ? then : { deadLetter: letters },
          });
        const { log, options } = acknowledgements();
        const emitted = [1, 2].map((x) => source.emit(x, options(x)));
        await turn();
        node.destroy();
        await turn();
        const destroyed = 'Cannot deliver an element that sink held: it was destroyed';
        expect(log).toEqual([[1, destroyed]]);
        // An attempt that was under way may still succeed; there is none after it.
        last.reject(new Error('two'));
        await Promise.all(emitted);
        expect(log.at(-1)).toEqual([2, destroyed]);
        expect([clock.pending, dead]).toEqual([0, []]);
      },
    );

    it('acknowledges once, with the error only if all attempts failed', async () => {
      const clock = new VirtualClock();
      const source = build(clock);
      source.map(flaky(1).f).onError({ retry: { attempts: 2, backoff: 10 } });
      source.map(flaky(0).f).buffer(2).sink(turn);
      const acknowledged: unknown[] = [];
      void source.emit(1, { acknowledge: (e) => acknowledged.push(e) });
      await clock.advance(5);
      expect(acknowledged).toEqual([]);
      await clock.runAll();
      await turn();
      expect(acknowledged).toEqual([undefined]);
    });
  });

  it('applies to the calls of mapAsync', async () => {
    const clock = new VirtualClock();
    const source = build(clock);
    const letters = new Stream<DeadLetter>();
    const dead = letters.sinkToList();
    let calls = 0;
    const seen = source
      .mapAsync(async (x) => {
        calls++;
        return even(x);
      })
      .onError({ retry: { attempts: 2, backoff: 10 }, then: { deadLetter: letters } })
      .sinkToList();
    const acknowledged: unknown[] = [];
    for (const x of [1, 2]) void source.emit(x, { acknowledge: (e) => acknowledged.push(e) });
    await clock.runAll();
    await turn();
    expect(seen).toEqual([2]);
    expect(calls).toBe(3);
    expect(dead).toMatchObject([{ element: 1, operator: 'mapAsync', attempts: 2 }]);
    expect(acknowledged).toEqual([undefined, undefined]);
  });

  it.each([
    [undefined, /'fail', 'skip'/],
    ['ignore', /got "ignore"/],
    [{ deadLetter: 7 }, /deadLetter: stream/],
    [{ retry: { attempts: 0 } }, /attempts must be a positive integer, got 0/],
    [{ retry: { attempts: 1, backoff: -1 } }, /not be negative|not negative/],
    [{ retry: { attempts: 1, jitter: 2 } }, /jitter must be from 0 to 1, got 2/],
    [{ retry: { attempts: 1, tries: 2 } }, /"tries" is not an option/],
    [{ retry: { attempts: 1 }, then: { retry: { attempts: 1 } } }, /'fail', 'skip'/],
  ])('refuses %j', (policy, message) => {
    expect(() => build().onError(policy as never)).toThrow(message);
  });
});

it('spreads retries over the time that jitter allows', async () => {
  const clock = new VirtualClock();
  const source = new Stream<number>({ clock });
  const times: number[] = [];
  source
    .map((): never => {
      times.push(clock.now());
      throw new Error('no');
    })
    .onError({ retry: { attempts: 2, backoff: 100, jitter: 0.5 }, then: 'skip' });
  for (let i = 0; i < 20; i++) void source.emit(i);
  await clock.runAll();
  const waits = times.filter((time) => time > 0);
  expect(waits).toHaveLength(20);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(50);
  expect(Math.max(...waits)).toBeLessThanOrEqual(100);
  expect(new Set(waits).size).toBeGreaterThan(5);
});
