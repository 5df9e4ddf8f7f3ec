import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms('D30, streamz fails in starmap on anything but a tuple', () => {
  it('spreads any iterable, and says what it got otherwise', () => {
    const source = new Stream<Iterable<number>>();
    const sums = source.starmap((a: number, b: number) => a + b).sinkToList();
    source.emit([1, 2]);
    source.emit(new Set([3, 4]));
    expect(sums).toEqual([3, 7]);
    expect(() => source.emit(5 as never)).toThrow(/Cannot starmap.*5/);
    source.emit([6, 7]);
    expect(sums.at(-1)).toBe(13);
  });
});
