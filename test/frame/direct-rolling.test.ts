import { describe, expect, it } from 'vitest';
import { Series } from '../../src/index.ts';

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
