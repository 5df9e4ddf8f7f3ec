import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';

const number = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0) },
);

// Aggregates alone: the plan then needs no arrays, and reads the caller's memory.
describe('aggregates of a lone column of floats', () => {
  it('are those of naive loops', () => {
    const batches = fc.array(fc.array(number, { maxLength: 50 }), { maxLength: 6 });
    fc.assert(
      fc.property(batches, fc.integer({ min: -100, max: 100 }), (batches, above) => {
        const series = new Series('f64');
        const y = series.mul(2).add(1);
        const kept = y.filter(y.gt(above));
        const sums = kept.sum().sinkToList();
        const least = kept.min().sinkToList();
        const means = series.mean().sinkToList();
        const all: number[] = [];
        for (const batch of batches) {
          all.push(...batch);
          series.emit(Float64Array.from(batch));
          const values = all.map((x) => x * 2 + 1).filter((x) => x > above);
          const sum = values.reduce((a, b) => a + b, 0);
          expect(sums.at(-1)).toBe(sum);
          expect(least.at(-1)).toBe(values.length === 0 ? null : Math.min(...values) + 0);
          const mean = all.reduce((a, b) => a + b, 0) / all.length;
          expect(means.at(-1)).toBe(all.length === 0 ? null : mean);
        }
        expect(sums.length).toBe(batches.length);
      }),
    );
  });

  it('read a part of a buffer and nothing beside it', () => {
    const series = new Series('f64');
    const [sums, most] = [series.sum().sinkToList(), series.max().sinkToList()];
    const whole = Float64Array.from({ length: 100 }, (_, i) => i);
    series.emit(whole.subarray(10, 13));
    expect([sums.at(-1), most.at(-1)]).toEqual([33, 12]);
  });

  it('go on when a sink comes that needs rows, and when one goes', () => {
    const series = new Series('f64');
    const sums = series.filter(series.gt(0)).sum().sinkToList();
    series.emit(Float64Array.of(1, -1, 2));
    const columns = series.filter(series.gt(0)).sinkToList();
    series.emit(Float64Array.of(4, -8));
    expect(sums).toEqual([3, 7]);
    expect(columns.map((column) => [...column])).toEqual([[4]]);
    const later = series.max().sinkToList();
    series.emit([8, null]);
    expect([sums.at(-1), later.at(-1)]).toEqual([15, 8]);
  });

  it('may be emitted to by their own sinks', () => {
    const series = new Series('f64');
    const [sums, counts]: number[][] = [[], []];
    series.sum().sink((sum) => {
      sums!.push(sum!);
      if (sum! < 4) series.emit(Float64Array.of(1));
    });
    series.max().sink((most) => void counts!.push(most!));
    series.emit(Float64Array.of(1));
    expect(sums).toEqual([1, 2, 3, 4]);
    expect(counts).toEqual([1, 1, 1, 1]);
  });

  it('are restored from a snapshot', () => {
    const make = () => {
      const series = new Series('f64');
      return { series, sums: series.filter(series.lt(10)).sum().sinkToList() };
    };
    const [a, b] = [make(), make()];
    a.series.emit(Float64Array.of(0.1, 0.2, 30));
    b.series.restore(a.series.snapshot());
    for (const { series } of [a, b]) series.emit(Float64Array.of(0.3));
    expect(a.sums.at(-1)).toBe(b.sums.at(-1));
  });

  it('have their place in explain', () => {
    const series = new Series('f64');
    series.filter(series.gt(0)).sum().sinkToList();
    series.emit(Float64Array.of(1, -1));
    expect(series.explain()).toMatch(/#0 input: frame \(value: f64\); 1 batch, 2 rows/);
    expect(series.explain()).toMatch(/aggregate of .*; 1 batch, 1 row/);
  });
});

describe('aggregates of a column that is not read through', () => {
  it.each(['timestamp', 'duration', 'u64'] as const)('are there, of %s', (type) => {
    const frame = new DataFrame({ at: type, x: 'f64' });
    const most = frame.at.max().sinkToList();
    const kept = frame.filter(frame.x.gt(1)).at.max().sinkToList();
    frame.emit({ at: [0, 1, 0], x: [1, 2, 3] });
    frame.emit({ at: [0, 0, 0], x: [1, 0, 3] });
    expect(most.map(Number)).toEqual([1, 1]);
    expect(kept.map(Number)).toEqual([1, 1]);
  });
});
