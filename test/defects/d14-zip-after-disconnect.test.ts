import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms(
  'D14, streamz never emits from zip again after a disconnect with full buffers',
  () => {
    it('what the remaining inputs have waiting goes out, and later elements too', () => {
      const [a, b, c] = [new Stream<number>(), new Stream<number>(), new Stream<number>()];
      const zipped = a.zip(b, c);
      const seen = zipped.sinkToList();
      a.emitMany([1, 2]);
      b.emitMany([10, 20]);
      c.disconnect(zipped);
      expect(seen).toEqual([
        [1, 10],
        [2, 20],
      ]);
      a.emit(3);
      b.emit(30);
      expect(seen.at(-1)).toEqual([3, 30]);
    });
  },
);
