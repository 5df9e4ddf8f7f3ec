import { expect, it } from 'vitest';
import { fromIterable, Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms('D12, streamz fails in zipLatest whenever a Source feeds it', () => {
  it('a source feeds the lossless side, and waits for an asynchronous sink', async () => {
    const source = fromIterable([1, 2, 3]);
    const other = new Stream<string>();
    const seen: unknown[] = [];
    source.zipLatest(other).sink(async (pair) => {
      await new Promise(setImmediate);
      seen.push(pair);
    });
    other.emit('a');
    await source.start();
    expect(seen).toEqual([
      [1, 'a'],
      [2, 'a'],
      [3, 'a'],
    ]);
  });
});
