import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series, VirtualClock } from '../../src/index.ts';

const jupyter = Symbol.for('Jupyter.display');

describe('live()', () => {
  it('shows the first result, then the last of each interval', async () => {
    const clock = new VirtualClock();
    const numbers = new Series('i32');
    const shown: unknown[] = [];
    const view = numbers
      .sum()
      .live((bundle) => shown.push(bundle['text/plain']), { interval: 100, clock });
    expect(String(view)).toBe('(no results yet)');
    numbers.emit([1]);
    numbers.emit([2]);
    numbers.emit([3]);
    expect(shown).toEqual(['1']);
    await clock.advance(100);
    expect(shown).toEqual(['1', '6']);
    await clock.advance(100);
    numbers.emit([4]);
    expect(shown).toEqual(['1', '6', '10']);
    numbers.emit([5]);
    view.destroy();
    await clock.advance(1000);
    numbers.emit([6]);
    expect(shown).toEqual(['1', '6', '10']);
    expect(inspect(view)).toBe('15');
  });

  it('is an aligned table in a terminal and one of HTML in a notebook', () => {
    const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
    const view = trades.groupBy('symbol').price.mean().live();
    trades.emit({ symbol: ['<A>', 'B'], price: [1.5, 20] });
    const bundle = (view as unknown as Record<symbol, () => Record<string, string>>)[jupyter]!();
    expect(bundle['text/plain']).toBe('symbol  price\nutf8      f64\n<A>       1.5\nB          20');
    expect(bundle['text/html']).toContain('<td>&lt;A&gt;</td><td align="right">1.5</td>');
    const columns = trades.price.live();
    trades.emit({ symbol: ['A'], price: [null] });
    expect(columns.bundle()['text/html']).toContain('<td align="right">null</td>');
  });

  it('has an error of the display come out of the next emission', async () => {
    const clock = new VirtualClock();
    const numbers = new Series('f64');
    let fails = false;
    numbers.live(
      () => {
        if (fails) throw new Error('no screen');
      },
      { interval: 10, clock },
    );
    numbers.emit([1]);
    numbers.emit([2]);
    fails = true;
    await clock.advance(10);
    fails = false;
    expect(() => numbers.emit([3])).toThrow('no screen');
    expect(() => numbers.live(3 as never)).toThrow(TypeError);
    expect(() => numbers.live(() => {}, { interval: -1 })).toThrow(RangeError);
  });
});

describe('single rows', () => {
  it('collect up to a number, or for as long as they may wait, on a clock of ours', async () => {
    const clock = new VirtualClock();
    const trades = new DataFrame({ price: 'f64' }, { batch: 3, linger: '50ms', clock });
    const seen = trades.sinkToList();
    const sizes = () => seen.map((table) => table.numRows);
    trades.emit({ price: 1 });
    await clock.advance(49);
    expect(sizes()).toEqual([]);
    trades.emit({ price: 2 });
    await clock.advance(1);
    expect(sizes()).toEqual([2]);
    for (const price of [3, 4, 5, 6]) trades.emit({ price });
    expect(sizes()).toEqual([2, 3]);
    await clock.advance(50);
    expect(sizes()).toEqual([2, 3, 1]);
    await clock.advance(1000);
    trades.emit({ price: 7 });
    trades.flush();
    expect(sizes()).toEqual([2, 3, 1, 1]);
  });
});
