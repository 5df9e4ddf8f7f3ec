import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Aggregation,
  type Column,
  DataFrame,
  MillraceError,
  Series,
} from '../../src/index.ts';
import * as naive from './naive.ts';
import { batches, close, number } from './random.ts';

const whole = fc.option(fc.integer({ min: -1000, max: 1000 }));

const valuesOf = (rows: Column) => rows.toArray().filter((value) => value !== null) as number[];
const total = (rows: Column) => valuesOf(rows).reduce((sum, value) => sum + value, 0);

const sum: Aggregation<Column<'f64'>, number> = {
  initial: () => 0,
  onNew: (state, rows) => state + total(rows),
};

const forms = {
  'onNew alone': sum,
  merge: { ...sum, merge: (a: number, b: number) => a + b },
  onOld: { ...sum, onOld: (state: number, rows: Column) => state - total(rows) },
};

describe('aggregates of your own, against rows aggregated anew', () => {
  it.each(Object.entries(forms))('over windows, by %s', (_, aggregation) => {
    fc.assert(
      fc.property(batches(whole), fc.integer({ min: 1, max: 50 }), (input, n) => {
        const series = new Series('f64');
        const seen = series.window({ n }).aggregate(aggregation).sinkToList();
        const all = series.expanding().aggregate(sum).sinkToList();
        const full = input.filter(({ length }) => length > 0);
        full.forEach((batch, i) => {
          series.emit(batch);
          const rows = full.slice(0, i + 1).flat();
          expect([seen[i], all[i]]).toEqual([naive.sum(rows.slice(-n)), naive.sum(rows)]);
        });
      }),
    );
  });

  it('over frames', () => {
    const frame = new DataFrame({ k: 'utf8', ok: 'bool', n: 'i64' });
    const seen = frame
      .window({ n: 3 })
      .aggregate({
        initial: (): unknown[] => [],
        onNew: (rows, table) => [...rows, ...table.toRows()],
        onOld: (rows, table) => rows.slice(table.numRows),
        result: (rows) => rows.slice(),
      })
      .sinkToList();
    const rows = Array.from({ length: 10 }, (_, i) => ({
      k: i % 4 === 0 ? null : `k${i}`,
      ok: i % 3 === 0 ? null : i % 2 === 0,
      n: i % 5 === 0 ? null : i,
    }));
    frame.emit(rows.slice(0, 2));
    frame.emit(rows.slice(2, 9));
    frame.emit(rows.slice(9));
    expect(seen).toEqual([rows.slice(0, 2), rows.slice(6, 9), rows.slice(7)]);
  });

  it('a function that throws leaves the state as it was, and is named', () => {
    const series = new Series('f64', { name: 'price' });
    const seen = series
      .aggregate({
        initial: () => 0,
        onNew: (state, rows) => {
          if (rows.at(0) === 13) throw new RangeError('unlucky');
          return state + total(rows);
        },
      })
      .sinkToList();
    series.emit([1]);
    expect(() => series.emit([13])).toThrow(
      new MillraceError(
        'ERR_USER_FUNCTION',
        "Cannot compute aggregate of 'price': its function threw RangeError: unlucky",
      ),
    );
    series.emit([2]);
    expect(seen).toEqual([1, 3]);
  });
});

describe('apply, against windows of all rows', () => {
  const mean = (values: ArrayLike<number>) => naive.mean(Array.from(values));

  it('rolling, slidingWindow and partition', () => {
    fc.assert(
      fc.property(
        batches(number),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(12),
        fc.boolean(),
        (input, n, p, returnPartial) => {
          const minPeriods = Math.min(p, n);
          const series = new Series('f64');
          const lists = [
            series.rolling(n, { minPeriods }).apply(mean).sinkToList(),
            series.slidingWindow(n, { returnPartial }).apply(mean).sinkToList(),
            series.partition(n).apply(mean).sinkToList(),
          ];
          for (const batch of input) series.emit(batch);
          const rows = input.flat();
          const windows = rows.map((_, i) => rows.slice(Math.max(0, i + 1 - n), i + 1));
          const expected = [
            naive.rolling(rows, n, minPeriods, naive.mean),
            windows.filter(({ length }) => returnPartial || length === n).map(naive.mean),
            windows.filter((_, i) => (i + 1) % n === 0).map(naive.mean),
          ];
          lists.forEach((list, which) => {
            const actual = list.flatMap((column) => column.toArray());
            expect(actual.length).toBe(expected[which]!.length);
            actual.forEach((value, i) => {
              const want = expected[which]![i];
              if (!close(value, want))
                expect({ which, i, value }).toEqual({ which, i, value: want });
            });
          });
        },
      ),
    );
  });

  it('of text and integers, with results of another type', () => {
    const frame = new DataFrame({ word: 'utf8', n: 'i64' });
    const joined = frame
      .partition(2)
      .word.apply((words) => words.join('+'), { type: 'utf8' })
      .sinkToList();
    const sums = frame
      .rolling(2, { minPeriods: 1 })
      .n.apply((ns) => ns.reduce((a, b) => a + b), { type: 'i64' })
      .sinkToList();
    frame.emit({ word: ['a', null, 'b'], n: [2n ** 60n, null, 5] });
    frame.emit({ word: ['c'], n: [7] });
    expect(joined.flatMap((column) => column.toArray())).toEqual(['a', 'b+c']);
    expect(sums.flatMap((column) => column.toArray())).toEqual([2n ** 60n, 2n ** 60n, 5, 12]);
  });

  it('a result of another type, and a function that throws, name the operator', () => {
    const series = new Series('f64', { name: 'price' });
    series
      .rolling(1)
      .apply(() => 'much' as never)
      .sink(() => {});
    expect(() => series.emit([1])).toThrow(/^Cannot compute rolling.apply of 'price': .*much/);
    const other = new Series('f64');
    const seen = other
      .partition(2)
      .apply((values) => {
        if (values[0] === 13) throw new Error('unlucky');
        return values[0]!;
      })
      .sinkToList();
    other.emit([1]);
    expect(() => other.emit([2, 13, 4])).toThrow(/partition.apply of 'value': .*Error: unlucky/);
    other.emit([5, 6]);
    expect(seen.flatMap((column) => column.toArray())).toEqual([5]);
  });
});

it('slices of columns and tables count like those of arrays', () => {
  const row = fc.record({ x: number, b: fc.option(fc.boolean()), t: fc.option(fc.string()) });
  const bound = fc.integer({ min: -50, max: 50 });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), bound, bound, bound, (rows, a, b, c) => {
      const frame = new DataFrame({ x: 'f64', b: 'bool', t: 'utf8' });
      const seen = frame.sinkToList();
      frame.emit(rows);
      const table = seen[0];
      if (table === undefined) return;
      expect(table.slice(a, b).slice(c).toRows()).toEqual(rows.slice(a, b).slice(c));
      const part = table.slice(a, b).column('x').rename('y');
      expect(part.nullCount).toBe(rows.slice(a, b).filter(({ x }) => x === null).length);
      expect(part.toArray()).toEqual(rows.slice(a, b).map(({ x }) => x));
    }),
  );
});
