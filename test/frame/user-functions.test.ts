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

describe('apply to windows that are tables', () => {
  const SCHEMA = { at: 'timestamp', k: 'utf8', day: 'date', x: 'f64' } as const;
  const rows = fc.array(
    fc.record({
      at: fc.nat(30),
      k: fc.constantFrom('a', 'b', null),
      day: fc.constantFrom(0, 86_400_000, null),
      x: fc.option(fc.integer({ min: -5, max: 5 })),
    }),
    { maxLength: 8 },
  );
  const total = (values: Float64Array) => values.reduce((all, value) => all + value, 0);

  it('has the rows, the order and the late rows of named aggregates', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 5 }), (input) => {
        const frame = new DataFrame(SCHEMA);
        const twin = new DataFrame(SCHEMA);
        const ways = (of: typeof frame) => [
          of.partition('5ms', { on: 'at' }).groupBy('k', 'day').x,
          of.partition('5ms', { on: 'at' }).groupBy(of.at.floor('2ms').rename('two')).x,
          of.window({ n: 3 }).groupBy('day', 'k').x,
          of.window({ n: 3 }).groupBy('k', { emit: 'changes' }).x,
          of.window({ n: 3 }).groupBy(of.x.gt(0).rename('positive'), { emit: 'changes' }).x,
        ];
        const seen = ways(frame).map((way) => way.apply(total).sinkToList());
        const sums = ways(twin).map((way) => way.sum().sinkToList());
        for (const batch of input.filter(({ length }) => length > 0)) {
          frame.emit(batch);
          twin.emit(batch);
        }
        frame.end();
        twin.end();
        const tables = (lists: { toRows(): object[] }[][]) =>
          lists.map((list) => list.map((table) => table.toRows()));
        expect(tables(seen)).toEqual(tables(sums));
        expect(frame.lateRows).toBe(twin.lateRows);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on from a snapshot, of which equal states give equal bytes', () => {
    const build = () => {
      const frame = new DataFrame(SCHEMA);
      const seen: unknown[][] = [[], [], []];
      const ways = [
        frame.partition('5ms', { on: 'at', lateness: 3 }).groupBy('k').x,
        frame.window({ n: 3 }).groupBy('day').x,
        frame.window({ value: '5ms', lateness: 3 }).groupBy('k').x,
      ];
      ways.forEach((way, i) => {
        way.apply(total).sink((table) => seen[i]!.push(table.toRows()));
      });
      return { frame, seen };
    };
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 5 }), fc.nat(5), (input, cut) => {
        const [whole, before, after] = [build(), build(), build()];
        const batches = input.filter(({ length }) => length > 0);
        for (const batch of batches) whole.frame.emit(batch);
        for (const batch of batches.slice(0, cut)) before.frame.emit(batch);
        after.frame.restore(before.frame.snapshot());
        expect(after.frame.snapshot()).toEqual(before.frame.snapshot());
        for (const batch of batches.slice(cut)) after.frame.emit(batch);
        whole.frame.end();
        after.frame.end();
        const joined = before.seen.map((list, i) => [...list, ...after.seen[i]!]);
        expect(joined).toEqual(whole.seen);
        expect(after.frame.lateRows).toBe(whole.frame.lateRows);
      }),
      { numRuns: 60 },
    );
  });

  it('gives up the results of what threw, and goes on', () => {
    const frame = new DataFrame(SCHEMA);
    const seen = frame
      .partition('5ms', { on: 'at' })
      .col('x')
      .apply((values) => {
        if (values[0] === 13) throw new Error('unlucky');
        return values[0]!;
      })
      .sinkToList();
    const row = (at: number, x: number) => ({ at, k: null, day: null, x });
    frame.emit([row(0, 1), row(5, 13)]);
    expect(() => frame.emit([row(10, 2), row(11, 3)])).toThrow(/partition.apply of 'x': .*unlucky/);
    frame.end();
    expect(seen.flatMap((table) => table.toRows())).toEqual([
      { at: 0, x: 1 },
      { at: 10, x: 2 },
    ]);
  });

  it('refuses what it has no windows for, and names that are there twice', () => {
    const frame = new DataFrame(SCHEMA);
    const f = () => 0;
    const partition = frame.partition('5ms', { on: 'at' });
    expect(() => partition.col('at').apply(f)).toThrow(/different names, got 'at' twice/);
    expect(() => partition.groupBy('k').col('k').apply(f)).toThrow(/got 'k' twice/);
    expect(() => frame.at.partition('5ms', { on: 'at' })).toThrow(/'at' names the beginning/);
    expect(() => frame.x.partition('5ms', { on: 'x' as never })).toThrow(/must be a timestamp/);
    expect(() => new Series('f64').partition('5ms', {} as never)).toThrow(/timestamp column/);
    expect(() => partition.x.apply(f, { type: 'f31' as 'f64' })).toThrow(/type must be one of/);
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
