import fc from 'fast-check';
import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

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
    // One is being delivered, one waits in the buffer.
    expect([started, accepted]).toEqual([[0], [0, 1]]);
    gates[0]?.resolve();
    await turn();
    expect([started, accepted]).toEqual([
      [0, 1],
      [0, 1, 2],
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
    const steps = fc.array(fc.constantFrom('emit', 'deliver'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (script, n) => {
        const { source } = timedSource();
        const seen: number[] = [];
        let open: (() => void) | undefined;
        source.buffer(n).sink((x) => {
          seen.push(x);
          return new Promise<void>((resolve) => {
            open = resolve;
          });
        });
        let sent = 0;
        let accepted = 0;
        for (const step of script) {
          if (step === 'emit') {
            Promise.resolve(source.emit(sent++)).then(() => accepted++);
          } else {
            open?.();
          }
          await turn();
          // One more than n at most is held: the one that is being delivered.
          expect(accepted).toBe(Math.min(sent, seen.length + n));
        }
        for (let i = 0; i < sent; i++) {
          open?.();
          await turn();
        }
        expect(seen).toEqual(Array.from({ length: sent }, (_, i) => i));
      }),
      { numRuns: 25 },
    );
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
