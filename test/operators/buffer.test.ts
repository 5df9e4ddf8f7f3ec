import fc from 'fast-check';
import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

/** How many of those that are not processed have a place: first come, first served. */
function placesTaken(sizes: readonly number[], n: number, limit = Number.POSITIVE_INFINITY) {
  let bytes = 0;
  let places = 0;
  while (places < Math.min(n, sizes.length) && bytes < limit) bytes += sizes[places++]!;
  return places;
}

describeForms('buffer', () => {
  it('accepts n elements and delivers them by itself', async () => {
    const { source } = timedSource();
    const seen = source.buffer(3).sinkToList();
    expect(source.emitMany([1, 2, 3])).toBeUndefined();
    expect(seen).toEqual([]);
    await turn();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('makes emit wait for room, in order', async () => {
    const { source } = timedSource();
    const gates = [deferred(), deferred(), deferred(), deferred()];
    const started: number[] = [];
    source.buffer(1).sink((x) => {
      started.push(x);
      return gates[x]?.promise;
    });
    const accepted: number[] = [];
    const emit = (x: number) => Promise.resolve(source.emit(x)).then(() => accepted.push(x));
    const all = [0, 1, 2, 3].map(emit);
    await turn();
    // The one that is being delivered has the place until it is processed.
    expect([started, accepted]).toEqual([[0], [0]]);
    gates[0]?.resolve();
    await turn();
    expect([started, accepted]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    for (const gate of gates) gate.resolve();
    await Promise.all(all);
    await turn();
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it.each([
    ['dropNewest', [1, 2]],
    ['dropOldest', [4, 5]],
  ] as const)('with overflow %s keeps %j of five, and acknowledges all', async (overflow, kept) => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const seen = source.buffer(2, { overflow }).sinkToList();
    for (const x of [1, 2, 3, 4]) expect(source.emit(x, options(x))).toBeUndefined();
    expect(source.tryEmit(5, options(5))).toBe(true);
    await turn();
    expect(seen).toEqual(kept);
    expect(log.sort()).toEqual([1, 2, 3, 4, 5].map((x) => [x, 'ok']));
  });

  it('with overflow error lets emit fail, and that branch only', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const seen = source.buffer(1, { overflow: 'error' }).sinkToList();
    const other = source.sinkToList();
    source.emit(1);
    expect(source.tryEmit(2)).toBe(false);
    expect(() => source.emit(3, options(3))).toThrow(
      'Cannot buffer an element: all 1 places are taken',
    );
    await turn();
    expect([seen, other, log]).toEqual([
      [1],
      [1, 3],
      [[3, 'Cannot buffer an element: all 1 places are taken']],
    ]);
  });

  it('delivers what a plain queue would, however it fills and empties', async () => {
    const sizes = fc.integer({ min: 0, max: 30 });
    const steps = fc.array(fc.oneof(sizes, fc.constant('deliver' as const)), { maxLength: 60 });
    const limits = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), limits, async (script, n, limit) => {
        const { source } = timedSource();
        const seen: number[] = [];
        let processed = 0;
        let open: (() => void) | undefined;
        const bytes = limit === undefined ? {} : { maxBytes: limit, sizeOf: (x: number) => x };
        source.buffer(n, bytes).sink((x) => {
          seen.push(x);
          return new Promise<void>((resolve) => {
            open = resolve;
          }).then(() => void processed++);
        });
        const sent: number[] = [];
        let accepted = 0;
        for (const step of script) {
          if (step === 'deliver') {
            open?.();
          } else {
            sent.push(step);
            Promise.resolve(source.emit(step)).then(() => accepted++);
          }
          await turn();
          expect(accepted).toBe(processed + placesTaken(sent.slice(processed), n, limit));
          expect(seen.length).toBe(Math.min(sent.length, processed + 1));
        }
        for (let i = 0; i < sent.length; i++) {
          open?.();
          await turn();
        }
        expect(seen).toEqual(sent);
        expect(accepted).toBe(sent.length);
      }),
      { numRuns: 50 },
    );
  });

  it('gives a place back when the element is processed, not when it is taken out', async () => {
    const { clock, source } = timedSource();
    source.buffer(2).sink(() => new Promise<void>((resolve) => clock.setTimeout(resolve, 100)));
    const times: number[] = [];
    for (let x = 0; x < 4; x++) {
      void Promise.resolve(source.emit(x)).then(() => times.push(clock.now()));
    }
    await clock.runAll();
    expect(times).toEqual([0, 0, 100, 200]);
  });

  it('hands its place on to what comes round a loop, so that a loop does not wait for itself', async () => {
    const { source } = timedSource();
    const next = source.buffer(1).filter((x) => x < 100);
    const seen = next.sinkToList();
    next.map((x) => x + 1).connect(source);
    source.emit(0);
    await source.end();
    expect(seen.length).toBe(100);
  });

  it.each(['wait', 'dropOldest'] as const)(
    'keeps count over a stop that gives up, with overflow %s',
    async (overflow) => {
      const { source } = timedSource();
      const gates = [deferred(), deferred(), deferred(), deferred()];
      const seen: number[] = [];
      source.buffer(1, { overflow, maxBytes: 8 }).sink((x) => {
        seen.push(x);
        return gates[x]?.promise;
      });
      source.emit(0);
      await turn();
      const second = source.emit(1);
      await source.stop({ drain: false });
      await second;
      gates[0]?.resolve();
      await turn();
      expect(source.emit(2)).toBeUndefined();
      await turn();
      const fourth = source.emit(3);
      expect(fourth === undefined).toBe(overflow === 'dropOldest');
      gates[2]?.resolve();
      gates[3]?.resolve();
      await fourth;
      await turn();
      expect(seen).toEqual([0, 2, 3]);
    },
  );

  it('drops as many as it takes to be below the bytes', async () => {
    const { source } = timedSource<string>();
    const { log, options } = acknowledgements();
    const seen = source.buffer(9, { overflow: 'dropOldest', maxBytes: 10 }).sinkToList();
    for (const x of ['a', 'bb', 'ccc', 'd'.repeat(9), 'e']) source.emit(x, options(x));
    // 18 bytes of d are more than 10: for e, all of it has to go.
    expect(log.map(([name]) => name)).toEqual(['a', 'bb', 'ccc', 'd'.repeat(9)]);
    await turn();
    expect(seen).toEqual(['e']);
  });

  it('restores what waits in it', async () => {
    const { source } = timedSource();
    const held = source.buffer(5);
    source.emitMany([1, 2]);
    const snapshot = structuredClone(held.snapshot()!);
    const other = timedSource();
    const restored = other.source.buffer(5);
    const seen = restored.sinkToList();
    restored.restore(snapshot);
    other.source.emit(3);
    await turn();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('refuses a size that is no positive integer, and unknown policies', () => {
    const { source } = timedSource();
    for (const n of [0, -1, 1.5, Number.POSITIVE_INFINITY]) {
      expect(() => source.buffer(n)).toThrow(RangeError);
    }
    // @ts-expect-error not a policy
    expect(() => source.buffer(1, { overflow: 'grow' })).toThrow(RangeError);
  });
});
