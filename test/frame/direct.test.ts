import { describe, expect, it } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';

// The naive twin: sums of small integers are exact in any order.
function sums(values: ArrayLike<number>, n: number): (number | null)[] {
  return Array.from(values, (_, end) => {
    if (end + 1 < n) return null;
    let sum = 0;
    for (let i = end + 1 - n; i <= end; i++) sum += values[i] ?? 0;
    return sum;
  });
}

// A lone column of floats is rolled from the caller's memory into that of the results.
describe('rolling over a lone column of floats', () => {
  it('reads a part of a buffer and nothing beside it', () => {
    const series = new Series('f64');
    const seen = series.rolling(3).sum().sinkToList();
    const whole = Float64Array.from({ length: 100 }, (_, i) => i * i);
    series.emit(whole.subarray(10, 30));
    series.emit(whole.subarray(30, 31));
    series.emit(whole.subarray(31, 100));
    const got = seen.flatMap((column) => [...column]);
    expect(got).toEqual(sums(whole.subarray(10), 3));
    expect(whole[9]).toBe(81);
  });

  it('takes its own results for input, in one memory with those to come', () => {
    const series = new Series('f64');
    const seen = series.rolling(2).sum().sinkToList();
    const input = Float64Array.from({ length: 50 }, (_, i) => i);
    const all: number[] = [...input];
    series.emit(input);
    for (let round = 0; round < 20; round++) {
      const last = seen.at(-1)?.values;
      if (!(last instanceof Float64Array)) throw new Error('no floats');
      // Halved, so that the sums stay small; in place, where the results lie.
      for (let i = 0; i < last.length; i++) last[i] = Math.floor((last[i] ?? 0) / 2);
      const again = last.subarray(1);
      all.push(...again);
      series.emit(again);
    }
    expect(seen.at(-1)?.length).toBe(30);
    const lastRows = [...(seen.at(-1) ?? [])];
    expect(lastRows).toEqual(sums(all, 2).slice(-lastRows.length));
  });
});

// Columns of floats are computed from the caller's memory into that of the results.
describe('computing a column of floats', () => {
  it('reads parts of the columns that it needs, with or without missing values', () => {
    const frame = new DataFrame({ a: 'f64', name: 'utf8', b: 'f64' });
    const spread = frame.assign({ double: frame.b.mul(2) });
    const seen = spread.double.sub(frame.a).sinkToList();
    const a = Float64Array.from({ length: 100 }, (_, i) => i);
    const b = Float64Array.from({ length: 100 }, (_, i) => i * i);
    const names = (length: number) => Array.from({ length }, (_, i) => `n${i}`);
    frame.emit({ a: a.subarray(1, 50), name: names(49), b: b.subarray(1, 50) });
    frame.emit({ a: [50, null, 52], name: names(3), b: b.subarray(50, 53) });
    frame.emit({ a: a.subarray(53), name: names(47), b: b.subarray(53) });
    const expected = Array.from(a, (x, i) => (i === 51 ? null : 2 * i * i - x)).slice(1);
    expect(seen.flatMap((column) => [...column])).toEqual(expected);
    expect([a[0], b[0], a[99], b[99]]).toEqual([0, 0, 99, 9801]);
  });

  it('takes its own results for input, in one memory with those to come', () => {
    const series = new Series('f64');
    let seen: Float64Array = new Float64Array();
    series.add(1).sink(({ values }) => {
      seen = values;
    });
    series.emit(Float64Array.from({ length: 500 }, (_, i) => i));
    for (let round = 1; round < 20; round++) {
      expect(Array.from(seen)).toEqual(Array.from({ length: 500 }, (_, i) => i + round));
      series.emit(seen);
    }
  });

  it('says what is wrong with columns of different lengths', () => {
    const frame = new DataFrame({ a: 'f64', b: 'f64' });
    const seen = frame.a.add(frame.b).sinkToList();
    expect(() => frame.emit({ a: new Float64Array(3), b: new Float64Array(2) })).toThrow('3');
    frame.emit({ a: Float64Array.of(1), b: Float64Array.of(2) });
    expect(seen.map((column) => [...column])).toEqual([[3]]);
  });
});
