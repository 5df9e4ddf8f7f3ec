import { describe, expect, it } from 'vitest';
import { Batch, Stream } from '../src/index.ts';

describe('Batch', () => {
  it('maps, filters, plucks and sums the elements of batches', () => {
    const source = new Stream<{ n: number }>();
    const batch = source.partition(2).toBatch();
    const doubled = batch.pluck('n').map((n) => 2 * n);
    const lists = doubled.stream.sinkToList();
    const large = doubled.filter((n) => n > 4).stream.sinkToList();
    const sums = doubled.sum().sinkToList();
    const single = batch.toStream().sinkToList();
    source.emitMany([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
    expect(lists).toEqual([
      [2, 4],
      [6, 8],
    ]);
    expect(large).toEqual([[], [6, 8]]);
    expect(sums).toEqual([6, 20]);
    expect(single).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
  });

  it('goes to a frame, whose aggregates are over all rows so far', () => {
    const source = new Stream<{ value: number }>();
    const means = source
      .partition(2)
      .toBatch()
      .toDataFrame({ value: 'f64' })
      .value.mean()
      .sinkToList();
    source.emitMany([1, 2, 6, 7].map((value) => ({ value })));
    expect(means).toEqual([1.5, 4]);
  });

  it('takes any iterable and refuses anything else', () => {
    const source = new Stream<Iterable<number>>();
    const seen = new Batch(source).map((x) => -x).stream.sinkToList();
    source.emit(new Set([1, 2]));
    expect(seen).toEqual([[-1, -2]]);
    expect(() => source.emit(7 as never)).toThrow(
      /Cannot Batch.map: elements must be iterable, got 7/,
    );
    expect(() => new Batch([] as never)).toThrow(/a Stream is wanted/);
  });
});
