import { describe, expect, it } from 'vitest';
import { DataFrame } from '../../src/index.ts';

const schema = { symbol: 'utf8', kept: 'bool', price: 'f64' } as const;

function means() {
  const frame = new DataFrame(schema);
  const kept = frame.filter(frame.col('kept'));
  const seen = kept.groupBy('symbol').price.mean().sinkToList();
  const last = () =>
    seen
      .at(-1)
      ?.toRows()
      .map((row) => Object.values(row));
  return { frame, seen, last };
}

// The key column of a table is shared between batches while no key is new.
describe('the keys of a group-by', () => {
  it('follow new keys, and strings that are no keys yet', () => {
    const { frame, seen, last } = means();
    const batch = (symbols: string[], kept = true) =>
      frame.emit(symbols.map((symbol, i) => ({ symbol, kept, price: i })));

    batch(['a', 'b']);
    const first = seen[0]?.toRows();
    batch(['b', 'a']);
    expect(last()).toEqual([
      ['a', 0.5],
      ['b', 0.5],
    ]);
    batch(['c', 'd'], false);
    batch(['a']);
    expect(last()?.map(([key]) => key)).toEqual(['a', 'b']);
    batch(['d', 'c', 'a']);
    expect(last()?.map(([key]) => key)).toEqual(['a', 'b', 'd', 'c']);
    batch(['e']);
    expect(last()?.map(([key]) => key)).toEqual(['a', 'b', 'd', 'c', 'e']);
    expect(seen[0]?.toRows()).toEqual(first);
  });

  it('are those of the state that was restored', () => {
    const before = means();
    before.frame.emit([
      { symbol: 'x', kept: true, price: 1 },
      { symbol: 'y', kept: true, price: 2 },
    ]);
    const after = means();
    after.frame.emit([
      { symbol: 'p', kept: true, price: 5 },
      { symbol: 'q', kept: true, price: 6 },
    ]);
    after.frame.restore(before.frame.snapshot());
    after.frame.emit([{ symbol: 'y', kept: true, price: 4 }]);
    expect(after.last()).toEqual([
      ['x', 1],
      ['y', 3],
    ]);
  });
});
