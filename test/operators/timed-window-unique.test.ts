import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordTimed } from '../../src/time/marbles.ts';
import { acknowledgements, describeForms, timedSource } from '../graph/forms.ts';

describeForms('timedWindowUnique', () => {
  it('emits at once and then at every interval, empty windows too', async () => {
    const { clock, source } = timedSource<string>();
    const seen = recordTimed(source.timedWindowUnique(10), clock);
    await clock.advance(5);
    source.emitMany(['a', 'b', 'a']);
    await clock.advance(15);
    expect(seen).toEqual([
      { time: 0, value: [] },
      { time: 10, value: ['a', 'b'] },
      { time: 20, value: [] },
    ]);
    source.destroy();
  });

  it('keeps the first or the last of each key, as a recount does', async () => {
    const elements = fc.array(fc.record({ key: fc.nat(4), n: fc.nat() }), { maxLength: 30 });
    const keeps = fc.constantFrom('first' as const, 'last' as const);
    await fc.assert(
      fc.asyncProperty(elements, keeps, async (all, keep) => {
        const { source } = timedSource<{ key: number; n: number }>();
        const seen = source.timedWindowUnique(10, { key: 'key', keep }).sinkToList();
        source.emitMany(all);
        await source.end();
        const wanted = all.filter((one, i) =>
          keep === 'first'
            ? all.findIndex(({ key }) => key === one.key) === i
            : all.findLastIndex(({ key }) => key === one.key) === i,
        );
        expect(seen).toEqual(all.length === 0 ? [] : [wanted]);
      }),
      { numRuns: 40 },
    );
  });

  it.each(['first', 'last'] as const)('acknowledges what keep %s leaves out', async (keep) => {
    const { source } = timedSource<string>();
    const { log, options } = acknowledgements();
    source.timedWindowUnique(10, { keep });
    source.emit('a', options(1));
    source.emit('a', options(2));
    expect(log).toEqual([[keep === 'first' ? 2 : 1, 'ok']]);
    await source.end();
    expect(log).toHaveLength(2);
  });

  it('restores the open window', async () => {
    const { clock, source } = timedSource<string>();
    const window = source.timedWindowUnique(10);
    await clock.advance(1);
    source.emitMany(['b', 'a']);
    const other = timedSource<string>();
    const restored = other.source.timedWindowUnique(10);
    const seen = restored.sinkToList();
    restored.restore(structuredClone(window.snapshot()!));
    other.source.emitMany(['b', 'c']);
    await other.source.end();
    expect(seen).toEqual([['b', 'a', 'c']]);
    source.destroy();
  });
});
