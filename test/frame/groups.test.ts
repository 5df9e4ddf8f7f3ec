import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series, type Table, VirtualClock } from '../../src/index.ts';
import * as naive from './naive.ts';
import { batches, close, number } from './random.ts';

const row = fc.record({
  k: fc.constantFrom('a', 'b', '', 'ü', null),
  x: number,
  word: fc.constantFrom('pear', 'fig', 'apple', 'ä', null),
  ok: fc.constantFrom(true, false, null),
});
type Row = typeof row extends fc.Arbitrary<infer R> ? R : never;

const schema = { k: 'utf8', x: 'f64', word: 'utf8', ok: 'bool' } as const;
const spec = {
  x: ['mean', 'sum', 'max', 'std', 'first', 'nunique'],
  word: ['min', 'max', 'first', 'last', 'nunique', 'count'],
  ok: ['min', 'max', 'last', 'size'],
} as const;

/** In order of UTF-8 bytes, as of code points. */
const least = <T extends string | boolean>(values: readonly T[], sign = 1) =>
  values.reduce<T | null>(
    (best, value) =>
      best === null || sign * Buffer.compare(Buffer.from(`${value}`), Buffer.from(`${best}`)) < 0
        ? value
        : best,
    null,
  );

function aggregated(rows: readonly Row[]): unknown[] {
  const xs = rows.map(({ x }) => x);
  const numbers = xs.filter((x): x is number => x !== null);
  const words = rows.map(({ word }) => word).filter((word) => word !== null);
  const oks = rows.map(({ ok }) => ok).filter((ok) => ok !== null);
  const variance = naive.variance(xs);
  return [
    naive.mean(xs),
    naive.sum(xs),
    naive.max(xs),
    variance === null ? null : Math.sqrt(variance),
    numbers[0] ?? null,
    new Set(numbers).size,
    least(words),
    least(words, -1),
    words[0] ?? null,
    words.at(-1) ?? null,
    new Set(words).size,
    words.length,
    least(oks),
    least(oks, -1),
    oks.at(-1) ?? null,
    rows.length,
  ];
}

function expectTable(
  table: Pick<Table, 'toRows'> | undefined,
  groups: readonly (readonly [unknown, Row[]])[],
) {
  const actual = table?.toRows().map((one) => Object.values(one)) ?? [];
  const expected = groups.map(([k, rows]) => [k, ...aggregated(rows)]);
  expect(actual.length).toBe(expected.length);
  actual.forEach((values, g) => {
    values.forEach((value, i) => {
      if (!close(value, expected[g]![i]) && !(Math.abs(Number(expected[g]![i])) > 1e6)) {
        expect({ g, i, value }).toEqual({ g, i, value: expected[g]![i] });
      }
    });
  });
}

const groupsOf = (rows: readonly Row[], keys: Iterable<string | null>) =>
  [...new Set(keys)].map((k) => [k, rows.filter((one) => one.k === k)] as const);

describe('groups, against rows aggregated anew', () => {
  it('of all rows, and only those that a batch changed', () => {
    fc.assert(
      fc.property(batches(row), (input) => {
        const frame = new DataFrame(schema);
        const all = frame.groupBy('k').agg(spec).sinkToList();
        const changed = frame.groupBy('k', { emit: 'changes' }).agg(spec).sinkToList();
        const full = input.filter(({ length }) => length > 0);
        full.forEach((rows, i) => {
          frame.emit(rows);
          const seen = full.slice(0, i + 1).flat();
          const keys = new Set(seen.map(({ k }) => k));
          expectTable(all[i], groupsOf(seen, keys));
          const own = new Set(rows.map(({ k }) => k));
          expectTable(
            changed[i],
            groupsOf(
              seen,
              [...keys].filter((k) => own.has(k)),
            ),
          );
        });
      }),
    );
  });

  it('has a table for a batch without rows too, once there is a group', () => {
    const frame = new DataFrame({ k: 'utf8', x: 'f64' });
    const none = frame.filter(frame.x.gt(9));
    const seen = [
      frame.groupBy('k').x.sum().sinkToList(),
      frame.groupBy('k', { maxGroups: 2 }).x.sum().sinkToList(),
      frame.window({ n: 2 }).groupBy('k').x.sum().sinkToList(),
      frame.x.valueCounts().sinkToList(),
      frame.groupBy('k', { emit: 'changes' }).x.sum().sinkToList(),
      none.groupBy('k').x.sum().sinkToList(),
    ];
    const lengths = [[], [{ k: 'a', x: 1 }], [], [{ k: 'b', x: 10 }], []].map((rows) => {
      frame.emit(rows);
      return seen.map(({ length }) => length);
    });
    expect(lengths).toEqual([
      [0, 0, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 0],
      [2, 2, 2, 2, 1, 0],
      [3, 3, 3, 3, 2, 1],
      [4, 4, 4, 4, 2, 2],
    ]);
    for (const table of seen.flat()) expect(table.numRows).toBeGreaterThan(0);
  });

  it('of a window: a group is gone with its last row, and last when it comes back', () => {
    fc.assert(
      fc.property(batches(row), fc.integer({ min: 1, max: 20 }), (input, n) => {
        const frame = new DataFrame(schema);
        const all = frame.window({ n }).groupBy('k').agg(spec).sinkToList();
        const lone = frame.window({ n }).agg(spec).sinkToList();
        const full = input.filter(({ length }) => length > 0);
        let keys: (string | null)[] = [];
        const seen: Row[] = [];
        full.forEach((rows, i) => {
          frame.emit(rows);
          for (const one of rows) {
            seen.push(one);
            if (!keys.includes(one.k)) keys.push(one.k);
            keys = keys.filter((k) => seen.slice(-n).some((other) => other.k === k));
          }
          expectTable(all[i], groupsOf(seen.slice(-n), keys));
          const whole = Object.values(lone[i]!.toRows()[0]!);
          aggregated(seen.slice(-n)).forEach((value, c) => {
            if (!(Math.abs(Number(value)) > 1e6)) expect(close(whole[c], value)).toBe(true);
          });
        });
      }),
    );
  });

  it('by several keys and by expressions', () => {
    const frame = new DataFrame({ symbol: 'utf8', price: 'f64', size: 'i64' });
    const seen = frame
      .groupBy('symbol', frame.col('size').gt(10).rename('large'), { emit: 'changes' })
      .agg({ price: ['mean', 'max'], size: 'sum' })
      .sinkToList();
    frame.emit({ symbol: ['A', 'A', 'B'], price: [1, 3, 5], size: [1, 20, 30] });
    frame.emit({ symbol: ['A', 'A'], price: [4, 9], size: [100, 20] });
    expect(seen[0]!.toRows()).toEqual([
      { symbol: 'A', large: false, price_mean: 1, price_max: 1, size: 1 },
      { symbol: 'A', large: true, price_mean: 3, price_max: 3, size: 20 },
      { symbol: 'B', large: true, price_mean: 5, price_max: 5, size: 30 },
    ]);
    expect(seen[1]!.toRows()).toEqual([
      { symbol: 'A', large: true, price_mean: 16 / 3, price_max: 9, size: 140 },
    ]);
  });
});

describe('groups with a bound', () => {
  it('gives up what has been idle longest, or for too long, with its last results', async () => {
    const clock = new VirtualClock();
    const frame = new DataFrame({ k: 'utf8', x: 'i64', at: 'timestamp' }, { clock });
    const most = frame.groupBy('k', { maxGroups: 2 }).x.sum();
    const timed = frame.groupBy('k', { ttl: '10s' }).x.sum();
    const byRows = frame.groupBy('k', { ttl: '10s', on: 'at', emit: 'changes' }).x.sum();
    const lists = [most, timed, byRows].map((one) => [
      one.sinkToList(),
      one.evicted().sinkToList(),
    ]);
    const last = () => lists.map((pair) => pair.map((list) => list.splice(0).at(-1)?.toRows()));

    frame.emit({ k: ['a', 'b', 'a', 'c'], x: [1, 2, 3, 4], at: [0, 1000, 2000, 3000] });
    const all = [
      { k: 'a', x: 4 },
      { k: 'b', x: 2 },
      { k: 'c', x: 4 },
    ];
    expect(last()).toEqual([
      [[all[0], all[2]], [all[1]]],
      [all, undefined],
      [all, undefined],
    ]);
    await clock.advance('9s');
    frame.emit({ k: ['b', 'd'], x: [10, 20], at: [10_999, 13_000] });
    expect(frame.evictedGroups).toBe(1 + 2 + 2);
    expect(last()).toEqual([
      [
        [
          { k: 'b', x: 10 },
          { k: 'd', x: 20 },
        ],
        [all[0], all[2]],
      ],
      [
        [
          { k: 'a', x: 4 },
          { k: 'b', x: 12 },
          { k: 'c', x: 4 },
          { k: 'd', x: 20 },
        ],
        undefined,
      ],
      [
        [
          { k: 'b', x: 12 },
          { k: 'd', x: 20 },
        ],
        [all[0], all[2]],
      ],
    ]);
    await clock.advance('1s');
    frame.emit({ k: ['a'], x: [5], at: [13_000] });
    expect(last()[1]).toEqual([
      [
        { k: 'b', x: 12 },
        { k: 'd', x: 20 },
        { k: 'a', x: 5 },
      ],
      [all[0], all[2]],
    ]);
  });
});

describe('aggregates of every type over all rows', () => {
  it('text, booleans and distinct values', () => {
    const frame = new DataFrame(schema);
    const seen = frame.agg(spec).sinkToList();
    const words = new Series('utf8');
    const distinct = words.nunique().sinkToList();
    words.emit(['a', 'b', null, 'a']);
    words.emit(['c']);
    expect(distinct).toEqual([2, 3]);
    const rows: Row[] = [
      { k: 'a', x: 1, word: 'fig', ok: true },
      { k: 'a', x: -0, word: 'apple', ok: null },
      { k: 'b', x: 0, word: null, ok: false },
    ];
    frame.emit(rows);
    expect(Object.values(seen[0]!.toRows()[0]!)).toEqual(aggregated(rows));
  });
});
