import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordTimed } from '../../src/time/marbles.ts';
import type { VirtualClock } from '../../src/time/virtual-clock.ts';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

function wait(clock: VirtualClock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, milliseconds);
  });
}

describeForms('mapAsync', () => {
  const work = fc.array(fc.nat(30), { maxLength: 25 });
  const parallelisms = fc.integer({ min: 1, max: 5 });

  it('in order gives what a map would, with no more than parallelism calls in flight', async () => {
    await fc.assert(
      fc.asyncProperty(work, parallelisms, async (times, parallelism) => {
        const { clock, source } = timedSource();
        let inFlight = 0;
        let most = 0;
        const f = async (x: number) => {
          most = Math.max(most, ++inFlight);
          await wait(clock, x);
          inFlight--;
          return x * 2;
        };
        const seen = source.mapAsync(f, { parallelism }).sinkToList();
        const emitted = Promise.resolve(source.emitMany(times)).then(() => source.end());
        await clock.runAll();
        await emitted;
        expect(seen).toEqual(times.map((x) => x * 2));
        expect(most).toBe(Math.min(parallelism, times.length));
      }),
      { numRuns: 30 },
    );
  });

  it('out of order gives each result when it comes', async () => {
    await fc.assert(
      fc.asyncProperty(work, parallelisms, async (times, parallelism) => {
        const { clock, source } = timedSource();
        const f = (x: number) => wait(clock, x).then(() => x);
        const seen = recordTimed(source.mapAsync(f, { parallelism, ordered: false }), clock);
        const emitted = Promise.resolve(source.emitMany(times)).then(() => source.end());
        await clock.runAll();
        await emitted;
        // The twin: workers that each take the next element when they are free.
        const free = new Array(parallelism).fill(0);
        const wanted = times.map((x) => {
          const worker = free.indexOf(Math.min(...free));
          free[worker] += x;
          return { time: free[worker], value: x };
        });
        const byTime = (a: { time: number; value: number }, b: typeof a) =>
          a.time - b.time || a.value - b.value;
        expect([...seen].sort(byTime)).toEqual(wanted.sort(byTime));
        expect(seen.map(({ time }) => time)).toEqual(wanted.map(({ time }) => time));
      }),
      { numRuns: 30 },
    );
  });

  it('with a key makes the calls of each one after the other, and no more than parallelism', async () => {
    const keyed = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', -0, 0, NaN), time: fc.nat(9) }),
      {
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(keyed, parallelisms, async (work, parallelism) => {
        const { clock, source } = timedSource<{ key: unknown; time: number; i: number }>();
        const running = new Set<unknown>();
        let most = 0;
        const options = { parallelism, key: 'key' } as const;
        const node = source.mapAsync(async (x) => {
          expect(running.has(x.key)).toBe(false);
          running.add(x.key);
          most = Math.max(most, running.size);
          await wait(clock, x.time);
          running.delete(x.key);
          return x;
        }, options);
        const seen = node.sinkToList();
        const elements = work.map((x, i) => ({ ...x, i }));
        const emitted = Promise.resolve(source.emitMany(elements)).then(() => source.end());
        await clock.runAll();
        await emitted;
        expect(most).toBeLessThanOrEqual(parallelism);
        for (const key of new Set(work.map((x) => x.key))) {
          const ofKey = (list: typeof seen) => list.filter((x) => new Set([x.key]).has(key));
          expect(ofKey(seen)).toEqual(ofKey(elements));
        }
        expect(seen.map(({ i }) => i).sort((a, b) => a - b)).toEqual(elements.map(({ i }) => i));
      }),
      { numRuns: 30 },
    );
  });

  it('with a key of its own for each gives what it gives out of order', async () => {
    await fc.assert(
      fc.asyncProperty(work, parallelisms, async (times, parallelism) => {
        const run = async (options: object) => {
          const { clock, source } = timedSource();
          const node = source.mapAsync((x) => wait(clock, x).then(() => x), options);
          const seen = recordTimed(node, clock);
          const emitted = Promise.resolve(source.emitMany(times)).then(() => source.end());
          await clock.runAll();
          await emitted;
          return seen;
        };
        const key = () => Symbol('own');
        expect(await run({ parallelism, key })).toEqual(await run({ parallelism, ordered: false }));
      }),
      { numRuns: 20 },
    );
  });

  it('lets other keys overtake, and fails an element whose key cannot be had', async () => {
    const { source, errors } = timedSource();
    const slow = deferred<void>();
    const key = (x: number) => {
      if (x === 9) throw new Error('no key');
      return x % 2;
    };
    const f = async (x: number) => {
      if (x === 1) await slow.promise;
      return x;
    };
    const seen = source.mapAsync(f, { parallelism: 4, key }).sinkToList();
    for (const x of [1, 3, 2, 9]) source.emit(x);
    await turn();
    expect(seen).toEqual([2]);
    expect(errors).toEqual([new Error('no key')]);
    slow.resolve();
    await source.end();
    expect(seen).toEqual([2, 1, 3]);
  });

  it('calls of a key that answer at once do not grow the stack', async () => {
    const { source } = timedSource();
    const first = deferred<void>();
    const f = (x: number) => (x === 0 ? first.promise.then(() => x) : x);
    const n = 20_000;
    const seen = source.mapAsync(f, { parallelism: n, key: () => 'one' }).sinkToList();
    for (let x = 0; x < n; x++) source.emit(x);
    first.resolve();
    await source.end();
    expect(seen).toEqual(Array.from({ length: n }, (_, x) => x));
  });

  it('has a key instead of an order', () => {
    const { source } = timedSource();
    expect(() => source.mapAsync(async () => 1, { key: 'x' as never, ordered: true })).toThrow(
      'Cannot create mapAsync: ordered must be left out with a key, got true',
    );
  });

  it('takes results that are no promises too', async () => {
    const { source } = timedSource();
    const seen = source.mapAsync((x) => x + 1).sinkToList();
    source.emit(1);
    await source.end();
    expect(seen).toEqual([2]);
  });

  it('accepts while there is room for a call', async () => {
    const { source } = timedSource();
    const gates = [deferred<string>(), deferred<string>(), deferred<string>()];
    const called: number[] = [];
    const f = (x: number) => {
      called.push(x);
      return gates[x]!.promise;
    };
    const seen = source.mapAsync(f, { parallelism: 2 }).sinkToList();
    expect(source.emit(0)).toBeUndefined();
    expect(source.tryEmit(1)).toBe(true);
    expect(source.tryEmit(9)).toBe(false);
    let accepted = false;
    source.emit(2)?.then(() => {
      accepted = true;
    });
    gates[1]?.resolve('b');
    await turn();
    // The result waits for the one before it, and keeps its place.
    expect([called, seen, accepted]).toEqual([[0, 1], [], false]);
    gates[0]?.resolve('a');
    await turn();
    expect([called, seen, accepted]).toEqual([[0, 1, 2], ['a', 'b'], true]);
    gates[2]?.resolve('c');
    await turn();
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it.each([true, false])(
    'leaves out an element that fails and goes on, ordered %s',
    async (ordered) => {
      const { source, errors, failures } = timedSource();
      const { log, options } = acknowledgements();
      const f = (x: number) => {
        if (x === 1) throw new Error('thrown');
        return x === 2 ? Promise.reject(new Error('rejected')) : Promise.resolve(x);
      };
      const seen = source.mapAsync(f, { parallelism: 2, ordered }).sinkToList();
      for (const x of [0, 1, 2, 3]) await source.emit(x, options(x));
      await source.end();
      expect(seen).toEqual([0, 3]);
      expect(errors).toEqual([new Error('thrown'), new Error('rejected')]);
      expect(failures.map(({ element }) => element)).toEqual([1, 2]);
      expect(log.sort()).toEqual([
        [0, 'ok'],
        [1, 'thrown'],
        [2, 'rejected'],
        [3, 'ok'],
      ]);
    },
  );

  it('acknowledges when the result was delivered', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const [call, delivery] = [deferred(), deferred()];
    source.mapAsync(() => call.promise).sink(() => delivery.promise);
    source.emit(1, options(1));
    call.resolve();
    await turn();
    expect(log).toEqual([]);
    delivery.resolve();
    await turn();
    expect(log).toEqual([[1, 'ok']]);
  });

  it('with stopOnError takes nothing more until start', async () => {
    const { source, errors } = timedSource();
    const { log, options } = acknowledgements();
    let broken = true;
    const f = async (x: number) => {
      if (broken) throw new Error(`no ${x}`);
      return x;
    };
    const mapped = source.mapAsync(f, { stopOnError: true });
    const seen = mapped.sinkToList();
    source.emit(1, options(1));
    await expect(source.emit(2, options(2))).rejects.toMatchObject({ code: 'ERR_STOPPED' });
    expect(() => source.emit(3)).toThrow('an earlier one failed');
    expect(errors).toEqual([new Error('no 1')]);
    expect(log.map(([x]) => x)).toEqual([1, 2]);
    broken = false;
    await mapped.start();
    source.emit(4);
    await source.end();
    expect(seen).toEqual([4]);
  });

  it('fails calls that take too long, and aborts their signal', async () => {
    const { clock, source, errors } = timedSource();
    const signals: AbortSignal[] = [];
    const f = (x: number, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return wait(clock, x).then(() => x);
    };
    const seen = source.mapAsync(f, { timeout: 10, parallelism: 2 }).sinkToList();
    source.emitMany([5, 50]);
    await clock.runAll();
    expect(seen).toEqual([5]);
    expect(errors).toMatchObject([{ code: 'ERR_TIMEOUT' }]);
    expect(signals.map((signal) => signal.aborted)).toEqual([false, true]);
    expect(clock.pending).toBe(0);
  });

  it('gives everything up when its signal is aborted', async () => {
    const { source, errors } = timedSource();
    const { log, options } = acknowledgements();
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const call = deferred();
    const seen = source
      .mapAsync(
        (_, { signal }) => {
          signals.push(signal);
          return call.promise;
        },
        { signal: controller.signal },
      )
      .sinkToList();
    source.emit(1, options(1));
    const waiting = source.emit(2, options(2));
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    call.resolve();
    await turn();
    expect([seen, errors]).toEqual([[], []]);
    expect(log.map(([x, how]) => [x, how !== 'ok']).sort()).toEqual([
      [1, true],
      [2, true],
    ]);
    expect(signals[0]?.aborted).toBe(true);
    expect(() => source.emit(3)).toThrow('Cannot mapAsync an element: aborted');
  });

  it('aborts calls and drops their results when it is destroyed', async () => {
    const { source, errors } = timedSource();
    const { log, options } = acknowledgements();
    const call = deferred();
    const signals: AbortSignal[] = [];
    const mapped = source.mapAsync((_, { signal }) => {
      signals.push(signal);
      return call.promise;
    });
    const seen = mapped.sinkToList();
    source.emit(1, options(1));
    const waiting = source.emit(2);
    mapped.destroy();
    await waiting;
    call.reject(new Error('too late'));
    await turn();
    expect([seen, errors]).toEqual([[], []]);
    expect(signals[0]?.aborted).toBe(true);
    expect(log).toEqual([[1, 'Cannot deliver an element that mapAsync held: it was destroyed']]);
  });

  it('makes the calls again that were in flight at a snapshot', async () => {
    const { source } = timedSource();
    const held = source.mapAsync(() => new Promise<number>(() => {}), { parallelism: 2 });
    for (const x of [1, 2, 3]) source.emit(x);
    const other = timedSource();
    const restored = other.source.mapAsync(async (x) => x * 10, { parallelism: 2 });
    const seen = restored.sinkToList();
    restored.restore(structuredClone(held.snapshot()!));
    other.source.emit(4);
    await other.source.end();
    expect(seen).toEqual([10, 20, 30, 40]);
  });

  it('refuses wrong arguments', () => {
    const { source } = timedSource();
    // @ts-expect-error not a function
    expect(() => source.mapAsync(3)).toThrow(TypeError);
    expect(() => source.mapAsync(async (x) => x, { parallelism: 0 })).toThrow(RangeError);
    // @ts-expect-error not an option
    expect(() => source.mapAsync(async (x) => x, { concurrency: 2 })).toThrow('concurrency');
  });
});
