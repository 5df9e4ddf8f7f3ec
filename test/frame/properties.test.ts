import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, DataFrame, Series } from '../../src/index.ts';
import * as naive from './naive.ts';
import { batches, close, number } from './random.ts';

const same = (actual: readonly unknown[], expected: readonly unknown[]) => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    if (!close(value, expected[i])) expect({ i, value }).toEqual({ i, value: expected[i] });
  });
};

const rowsOf = (columns: Column[]) => columns.flatMap((column) => column.toArray());

describe('rows do not depend on batches, and are those of a naive twin', () => {
  const aggregates = {
    sum: naive.sum,
    mean: naive.mean,
    min: naive.min,
    max: naive.max,
    var: naive.variance,
    count: naive.count,
    median: naive.quantile,
  } as const;

  it.each(Object.keys(aggregates) as (keyof typeof aggregates)[])('rolling.%s', (name) => {
    fc.assert(
      fc.property(batches(number), fc.integer({ min: 1, max: 30 }), fc.nat(30), (input, n, p) => {
        const minPeriods = Math.min(p, n);
        const series = new Series('f64');
        const seen = series.rolling(n, { minPeriods })[name]().sinkToList() as Column[];
        for (const batch of input) series.emit(batch);
        same(rowsOf(seen), naive.rolling(input.flat(), n, minPeriods, aggregates[name]));
      }),
    );
  });

  it('expressions', () => {
    const row = fc.record({ x: number, y: number });
    fc.assert(
      fc.property(batches(row), (input) => {
        const frame = new DataFrame({ x: 'f64', y: 'f64' });
        const { x, y } = frame;
        const seen = frame
          .assign({
            sum: x.add(y),
            scaled: x.mul(2).sub(1).div(4),
            less: x.lt(y),
            either: x.gt(0).or(y.isNull()),
            filled: x.fillNull(7).neg(),
          })
          .select('sum', 'scaled', 'less', 'either', 'filled')
          .sinkToList();
        for (const batch of input) frame.emit(batch);
        const both = (a: number | null, b: number | null, f: (a: number, b: number) => unknown) =>
          a === null || b === null ? null : f(a, b);
        const expected = input
          .flat()
          .map(({ x: a, y: b }) => [
            both(a, b, (p, q) => p + q),
            both(a, 0, (p) => (p * 2 - 1) / 4),
            both(a, b, (p, q) => p < q),
            b === null ? true : a === null ? null : a > 0,
            -(a ?? 7),
          ]);
        const actual = seen.flatMap((table) =>
          table.toRows().map((values) => Object.values(values)),
        );
        expect(actual.length).toBe(expected.length);
        actual.forEach((values, i) => {
          same(values, expected[i]!);
        });
      }),
    );
  });

  it('a filter, and what follows it', () => {
    fc.assert(
      fc.property(batches(number), (input) => {
        const series = new Series('f64');
        const seen = series.filter(series.gt(0)).rolling(3).sum().sinkToList();
        for (const batch of input) series.emit(batch);
        const kept = input.flat().filter((value) => value !== null && value > 0);
        same(rowsOf(seen), naive.rolling(kept, 3, 3, naive.sum));
      }),
    );
  });

  it('slidingWindow and partition', () => {
    fc.assert(
      fc.property(batches(number), fc.integer({ min: 1, max: 20 }), (input, n) => {
        const series = new Series('f64');
        const sliding = series.slidingWindow(n).mean().sinkToList();
        const partial = series.slidingWindow(n, { returnPartial: true }).max().sinkToList();
        const parts = series.partition(n).sum().sinkToList();
        for (const batch of input) series.emit(batch);
        const all = input.flat();
        const windows = all.map((_, i) => all.slice(Math.max(0, i + 1 - n), i + 1));
        same(rowsOf(sliding), windows.filter(({ length }) => length === n).map(naive.mean));
        same(rowsOf(partial), windows.map(naive.max));
        const full = Math.floor(all.length / n);
        const expected = Array.from({ length: full }, (_, i) =>
          naive.sum(all.slice(i * n, i * n + n)),
        );
        same(rowsOf(parts), expected);
      }),
    );
  });

  it('ewm', () => {
    const finite = number.map((value) => (Number.isFinite(value) ? value! % 1000 : null));
    fc.assert(
      fc.property(batches(finite), (input) => {
        const series = new Series('f64');
        const vars = series.ewm({ alpha: 0.3 }).var().sinkToList();
        const stds = series.ewm({ alpha: 0.3 }).std().sinkToList();
        for (const batch of input) series.emit(batch);
        const expected = naive.weightedVariance(input.flat(), 0.3);
        rowsOf(vars).forEach((value, i) => {
          if (value === null) expect(expected[i]).toBeNull();
          else expect(value).toBeCloseTo(expected[i]!, 4);
        });
        same(
          rowsOf(stds),
          rowsOf(vars).map((value) => (value === null ? null : Math.sqrt(value as number))),
        );
      }),
    );
  });

  it('cumulative', () => {
    fc.assert(
      fc.property(batches(number), (input) => {
        const series = new Series('f64');
        const sums = series.cumsum().sinkToList();
        const most = series.cummax().sinkToList();
        for (const batch of input) series.emit(batch);
        const all = input.flat();
        const upTo = (f: (values: readonly (number | null)[]) => number | null) =>
          all.map((value, i) => (value === null ? null : f(all.slice(0, i + 1))));
        same(rowsOf(sums), upTo(naive.sum));
        same(rowsOf(most), upTo(naive.max));
      }),
    );
  });
});

describe('values per batch are those of a naive twin', () => {
  it('running aggregates and windows', () => {
    fc.assert(
      fc.property(batches(number), fc.integer({ min: 1, max: 20 }), (input, n) => {
        const series = new Series('f64');
        const seen = {
          sum: series.sum().sinkToList(),
          mean: series.mean().sinkToList(),
          min: series.min().sinkToList(),
          var: series.var({ ddof: 0 }).sinkToList(),
          count: series.count().sinkToList(),
          size: series.size().sinkToList(),
          window: series.window({ n }).max().sinkToList(),
        };
        const full = input.filter(({ length }) => length > 0);
        for (const batch of full) series.emit(batch);
        const prefixes = full.map((_, i) => full.slice(0, i + 1).flat());
        same(seen.sum, prefixes.map(naive.sum));
        same(seen.mean, prefixes.map(naive.mean));
        same(seen.min, prefixes.map(naive.min));
        same(
          seen.var,
          prefixes.map((values) => naive.variance(values, 0)),
        );
        same(seen.count, prefixes.map(naive.count));
        same(
          seen.size,
          prefixes.map(({ length }) => length),
        );
        same(
          seen.window,
          prefixes.map((values) => naive.max(values.slice(-n))),
        );
      }),
    );
  });

  const keyed = fc.record({
    k: fc.constantFrom('a', 'b', '', 'ü', null),
    x: number,
  });

  it('groups, in the order in which keys were first seen', () => {
    fc.assert(
      fc.property(batches(keyed), (input) => {
        const frame = new DataFrame({ k: 'utf8', x: 'f64' });
        const seen = frame
          .groupBy('k')
          .agg({ x: ['mean', 'sum', 'max', 'count', 'size'] })
          .sinkToList();
        const full = input.filter(({ length }) => length > 0);
        for (const batch of full) frame.emit(batch);
        expect(seen.length).toBe(full.length);
        seen.forEach((table, i) => {
          const rows = full.slice(0, i + 1).flat();
          const groups = [...new Set(rows.map(({ k }) => k))].map(
            (k) => [k, rows.filter((row) => row.k === k)] as const,
          );
          const actual = table.toRows().map((row) => Object.values(row));
          expect(actual.length).toBe(groups.length);
          groups.forEach(([k, members], g) => {
            const xs = members.map(({ x }) => x);
            const all = [naive.mean(xs), naive.sum(xs), naive.max(xs), naive.count(xs), xs.length];
            same(actual[g]!, [k, ...all]);
          });
        });
      }),
    );
  });

  it('rolling and shift within groups, row by row', () => {
    fc.assert(
      fc.property(batches(keyed), fc.integer({ min: 1, max: 5 }), (input, n) => {
        const frame = new DataFrame({ k: 'utf8', x: 'f64' });
        const means = frame.groupBy('k').rolling(n).x.mean().sinkToList();
        const before = frame.groupBy('k').x.shift(n).sinkToList();
        for (const batch of input) frame.emit(batch);
        const rows = input.flat();
        const own = rows.map(({ k }, i) =>
          rows.slice(0, i + 1).flatMap((row) => (row.k === k ? [row.x] : [])),
        );
        same(
          rowsOf(means),
          own.map((xs) => naive.rolling(xs, n, n, naive.mean).at(-1)),
        );
        same(
          rowsOf(before),
          own.map((xs) => xs.at(-1 - n) ?? null),
        );
      }),
    );
  });

  it('valueCounts', () => {
    fc.assert(
      fc.property(batches(fc.constantFrom('x', 'y', 'z')), (input) => {
        const words = new Series('utf8', { name: 'word' });
        const seen = words.valueCounts().sinkToList();
        const changed = words.frequencies({ emit: 'changes' }).sinkToList();
        for (const batch of input) words.emit(batch);
        const latest = new Map<string | null, unknown>();
        for (const table of changed) for (const row of table) latest.set(row.word, row);
        expect([...latest.values()]).toEqual(seen.at(-1)?.toRows() ?? []);
        const counts = new Map<string, number>();
        for (const word of input.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
        const expected = [...counts].map(([word, count]) => ({ word, count }));
        expect(seen.at(-1)?.toRows() ?? []).toEqual(expected);
      }),
    );
  });
});

describe('what goes in comes out', () => {
  const row = fc.record({
    b: fc.option(fc.boolean()),
    i8: fc.option(fc.integer({ min: -128, max: 127 })),
    u16: fc.option(fc.integer({ min: 0, max: 65535 })),
    u32: fc.option(fc.nat(0xffff_ffff)),
    i64: fc.option(
      fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    ),
    u64: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    f32: fc.option(fc.float()),
    f64: fc.option(fc.double()),
    text: fc.option(fc.string({ unit: 'grapheme' })),
    at: fc.option(fc.integer({ min: -8e12, max: 8e12 })),
  });
  const schema = {
    b: 'bool',
    i8: 'i8',
    u16: 'u16',
    u32: 'u32',
    i64: 'i64',
    u64: 'u64',
    f32: 'f32',
    f64: 'f64',
    text: 'utf8',
    at: 'timestamp',
  } as const;

  const narrow = (value: unknown) =>
    typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

  it.each(['rows', 'single rows', 'columns'])('as %s', (form) => {
    fc.assert(
      fc.property(batches(row), fc.boolean(), (input, keyed) => {
        const frame = new DataFrame(schema, { batch: 7 });
        const seen = frame.sinkToList();
        if (keyed)
          frame
            .groupBy('text')
            .count()
            .sink(() => {});
        for (const rows of input) {
          if (form === 'rows') frame.emit(rows);
          else if (form === 'single rows') for (const one of rows) frame.emit(one);
          else {
            const names = Object.keys(schema) as (keyof typeof schema)[];
            const columns = names.map((name) => [name, rows.map((one) => one[name])]);
            frame.emit(Object.fromEntries(columns) as Parameters<typeof frame.emit>[0]);
          }
        }
        frame.flush();
        const expected = input
          .flat()
          .map((one) => Object.fromEntries(Object.entries(one).map(([k, v]) => [k, narrow(v)])));
        expect(seen.flatMap((table) => table.toRows())).toEqual(expected);
      }),
    );
  });
});

describe('state', () => {
  it('goes on in another graph as if nothing had happened', () => {
    const keyed = fc.record({ k: fc.constantFrom('a', 'b', 'c'), x: number });
    const build = () => {
      const frame = new DataFrame({ k: 'utf8', x: 'f64' });
      const seen: unknown[] = [];
      const add = (result: unknown) => void seen.push(result);
      frame
        .groupBy('k')
        .x.mean()
        .sink((table) => add(table.toRows()));
      frame.x
        .rolling(4)
        .std()
        .sink((column) => add(column.toArray()));
      frame.x
        .ewm({ span: 3 })
        .mean()
        .sink((column) => add(column.toArray()));
      frame.x
        .partition(3)
        .sum()
        .sink((column) => add(column.toArray()));
      return { frame, seen };
    };
    fc.assert(
      fc.property(batches(keyed), batches(keyed), (first, second) => {
        const whole = build();
        for (const batch of [...first, ...second]) whole.frame.emit(batch);
        const before = build();
        for (const batch of first) before.frame.emit(batch);
        const after = build();
        after.frame.restore(before.frame.snapshot());
        for (const batch of second) after.frame.emit(batch);
        expect([...before.seen, ...after.seen]).toEqual(whole.seen);
      }),
    );
  });

  it('is kept when sinks are added later', () => {
    const keyed = fc.record({ k: fc.constantFrom('a', 'b', 'c'), x: number, n: fc.integer() });
    fc.assert(
      fc.property(batches(keyed), batches(keyed), (first, second) => {
        const frame = new DataFrame({ k: 'utf8', x: 'f64', n: 'i64' });
        const means = frame.groupBy('k').x.mean();
        const rolling = frame.x.rolling(3).sum();
        const twin = new DataFrame({ k: 'utf8', x: 'f64', n: 'i64' });
        const expected = [
          twin.groupBy('k').x.mean().sinkToList(),
          twin.x.rolling(3).sum().gt(0).sinkToList(),
        ];
        const seen = [means.sinkToList(), rolling.gt(0).sinkToList()];
        for (const batch of first) {
          frame.emit(batch);
          twin.emit(batch);
        }
        const sums = twin.x.rolling(3).sum();
        const fresh = frame.groupBy('k').col('n').sum().sinkToList();
        const middle = rolling.sinkToList();
        const again = means.sinkToList();
        for (const batch of second) {
          frame.emit(batch);
          twin.emit(batch);
        }
        const plain = (lists: readonly (readonly unknown[])[]) =>
          lists.map((list) => list.map((one) => [...(one as Iterable<unknown>)]));
        expect(plain(seen)).toEqual(plain(expected));
        expect(plain([again])[0]).toEqual(
          plain([expected[0]!.slice(-again.length || Infinity)])[0],
        );
        const all = [...first, ...second].flat().map(({ x }) => x);
        const tail = naive.rolling(all, 3, 3, naive.sum).slice(first.flat().length);
        same(rowsOf(middle as Column[]), tail);
        expect(sums).toBeDefined();
        const rows = second.flat();
        const expectedSums = [...new Set(rows.map(({ k }) => k))].map((k) => ({
          k,
          n: rows.filter((one) => one.k === k).reduce((total, { n }) => total + n, 0),
        }));
        expect(fresh.at(-1)?.toRows() ?? []).toEqual(expectedSums);
      }),
    );
  });
});
