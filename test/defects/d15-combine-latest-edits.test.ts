import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms(
  'D15, streamz fails when combineLatest loses an input, and for a.combineLatest(a)',
  () => {
    it('an input that has spoken can be disconnected', () => {
      const [a, b, c] = [new Stream<number>(), new Stream<number>(), new Stream<number>()];
      const combined = a.combineLatest(b, c);
      const seen = combined.sinkToList();
      for (const stream of [a, b, c]) stream.emit(1);
      c.disconnect(combined);
      a.emit(2);
      expect(seen).toEqual([
        [1, 1, 1],
        [2, 1],
      ]);
    });

    it('a stream can be combined with itself', () => {
      const source = new Stream<number>();
      const seen = source.combineLatest(source).sinkToList();
      source.emit(1);
      source.emit(2);
      expect(seen).toEqual([
        [1, 1],
        [2, 1],
        [2, 2],
      ]);
    });
  },
);
