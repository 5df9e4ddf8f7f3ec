import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms(
  'D16, streamz counts the step of slice from 0, ignores end=0 and drops promises',
  () => {
    it('slices as Python slices a list', () => {
      const argument = fc.nat(8);
      fc.assert(
        fc.property(
          argument,
          fc.option(argument, { nil: undefined }),
          fc.integer({ min: 1, max: 4 }),
          (start, end, step) => {
            const elements = Array.from({ length: 10 }, (_, i) => i);
            const source = new Stream<number>();
            const seen = source.slice(start, end, step).sinkToList();
            source.emitMany(elements);
            const wanted = elements.slice(start, end).filter((_, i) => i % step === 0);
            expect(seen).toEqual(wanted);
          },
        ),
      );
    });

    it('holds the emitter back, and leaves its source after the last element', async () => {
      const source = new Stream<number>();
      let done = false;
      source.slice(0, 1).sink(async () => {
        await new Promise(setImmediate);
        done = true;
      });
      await source.emit(1);
      expect(done).toBe(true);
      expect(source.downstreams).toEqual([]);
      source.slice(0, 0).sink(() => expect.unreachable());
      source.emit(2);
    });
  },
);
