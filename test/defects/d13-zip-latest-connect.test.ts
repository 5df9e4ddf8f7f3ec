import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms('D13, streamz has an IndexError in zipLatest after connect', () => {
  it('an input that is connected later counts as one more, and one that is disconnected as none', () => {
    const [lossless, a, b] = [new Stream<number>(), new Stream<string>(), new Stream<string>()];
    const joined = lossless.zipLatest(a);
    const seen = joined.sinkToList();
    a.emit('a');
    lossless.emit(1);
    b.connect(joined);
    lossless.emit(2); // waits: b has not spoken
    b.emit('b');
    b.disconnect(joined);
    lossless.emit(3);
    expect(seen).toEqual([
      [1, 'a'],
      [2, 'a', 'b'],
      [3, 'a'],
    ]);
  });
});
