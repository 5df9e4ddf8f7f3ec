import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms('D33, streamz recurses over deep graphs and round loops', () => {
  it('a graph of 1500 nodes, where streamz fails, runs and is drawn', () => {
    const source = new Stream<number>();
    let stream = source;
    for (let i = 0; i < 1500; i++) stream = stream.map((x) => x + 1);
    const seen = stream.sinkToList();
    source.emit(0);
    expect(seen).toEqual([1500]);
    expect(source.toDot().match(/->/g)).toHaveLength(1501);
  });

  it('elements go a million times round a loop', () => {
    const source = new Stream<number>();
    const next = source.map((x) => x + 1).filter((x) => x < 1_000_000);
    let last = 0;
    next.sink((x) => {
      last = x;
    });
    next.connect(source);
    source.emit(0);
    expect(last).toBe(999_999);
  });
});
