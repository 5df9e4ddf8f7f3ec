import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Column, DataFrame, Series, type Table } from '../../src/index.ts';
import { AGGREGATES, infiniteQuantile, type Name, namesOf, RANKS } from './expected.ts';
import { type ParityType, pl, polarsFrame, rowsOf, valuesOf, withPolars } from './polars.ts';
import {
  ALL_TYPES,
  batchesOf,
  isNaNValue,
  prefixes,
  present,
  RUNS,
  same,
  sameRows,
  VALUES,
  type Value,
} from './values.ts';

type Row = Record<string, Value>;

/** Keys of few values, and every float that is not like others. */
const KEYS = {
  utf8: fc.constantFrom('a', 'b', '', 'ä', null),
  i64: fc.constantFrom(0, 1, -1, 2 ** 40, null),
  f64: fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1.5, null),
  bool: fc.constantFrom(true, false, null),
} as const;

/** A text that stands for a key: −0 and 0 are one, all NaN are one, on both sides. */
const textOf = (key: unknown[]) =>
  key.map((value) => `${typeof value}:${value === 0 ? 0 : value}`).join();

/** The groups of rows as polars has them, by the text of their key; as of `expected`. */
function polarsGroups(
  keys: Record<string, ParityType>,
  type: ParityType,
  rows: readonly Row[],
): Map<string, unknown[]> {
  const names = namesOf(type);
  const wide = type === 'f32' ? 'f64' : type === 'i32' ? 'i64' : type;
  const x = pl.col('x').dropNulls();
  const table = polarsFrame({ ...keys, x: wide }, rows)
    .groupBy(...Object.keys(keys))
    .agg(...names.map((name) => AGGREGATES[name](x).alias(name)));
  const width = Object.keys(keys).length;
  const members = new Map<string, Value[]>();
  for (const row of rows) {
    const key = textOf(Object.keys(keys).map((name) => row[name]));
    members.set(key, [...(members.get(key) ?? []), row.x!]);
  }
  return new Map(
    rowsOf(table).map((row) => {
      const key = textOf(row.slice(0, width));
      const there = present(members.get(key)!);
      const spoiled = there.some(isNaNValue);
      const results = row.slice(width).map((value, i) => {
        if (spoiled && RANKS.has(names[i]!)) return Number.NaN;
        return names[i] === 'median' && Number.isNaN(value) ? infiniteQuantile(there, 0.5) : value;
      });
      return [key, results];
    }),
  );
}

/** Keys in the order in which rows first had them. */
const orderOf = (names: readonly string[], rows: readonly Row[]) => [
  ...new Set(rows.map((row) => textOf(names.map((name) => row[name])))),
];

/** The batches from the first one with rows on: a table without groups is not emitted. */
function begun<T>(input: readonly T[][]): T[][] {
  const first = input.findIndex(({ length }) => length > 0);
  return first < 0 ? [] : input.slice(first);
}

function sameTable(
  table: Table,
  width: number,
  groups: Map<string, unknown[]>,
  order: readonly string[] | undefined,
  about: string,
): void {
  const rows = table.toRows().map((row) => Object.values(row));
  const keys = rows.map((row) => textOf(row.slice(0, width)));
  same(order === undefined ? keys.toSorted() : keys, order ?? [...groups.keys()].toSorted(), about);
  sameRows(
    rows.map((row) => row.slice(width)),
    keys.map((key) => groups.get(key)!),
    about,
  );
}

const batchesBy = (keys: readonly (keyof typeof KEYS)[], type: ParityType) =>
  batchesOf(
    fc.tuple(fc.tuple(...keys.map((key) => KEYS[key])), VALUES[type]).map(
      ([values, x]): Row => ({
        ...Object.fromEntries(values.map((value, i) => [`k${i}`, value as Value])),
        x: x as Value,
      }),
    ),
  );

withPolars('groups are those of polars', () => {
  const keySets = [['utf8'], ['i64'], ['f64'], ['bool'], ['utf8', 'i64'], ['bool', 'f64']] as const;
  const cases = keySets.flatMap((keys, i) => [
    { keys, type: ALL_TYPES[i]! },
    { keys, type: ALL_TYPES[(i + 3) % ALL_TYPES.length]! },
  ]);

  it.each(cases)('aggregates of $type by $keys, of all rows and of a window', ({ keys, type }) => {
    const names = namesOf(type);
    const schema = Object.fromEntries(keys.map((key, i) => [`k${i}`, key])) as Record<
      string,
      ParityType
    >;
    const columns = Object.keys(schema);
    fc.assert(
      fc.property(batchesBy(keys, type), fc.integer({ min: 1, max: 20 }), (input, n) => {
        const frame = new DataFrame({ ...schema, x: type } as Record<string, 'f64'>);
        const spec = { x: names as [Name, ...Name[]] };
        const all = frame
          .groupBy(...columns)
          .agg(spec)
          .sinkToList() as unknown as Table[];
        const some = frame
          .window({ n })
          .groupBy(...columns)
          .agg(spec)
          .sinkToList() as unknown as Table[];
        for (const batch of input) frame.emit(batch as never);
        // Every other batch is enough: a query takes far longer than a batch.
        const full = begun(input);
        expect([all.length, some.length]).toEqual([full.length, full.length]);
        prefixes(full).forEach((rows, i) => {
          if (i % 2 === 0 && i < full.length - 1) return;
          const about = `batch ${i}`;
          const order = orderOf(columns, rows);
          sameTable(all[i]!, keys.length, polarsGroups(schema, type, rows), order, about);
          const last = rows.slice(-n);
          const groups = polarsGroups(schema, type, last);
          sameTable(some[i]!, keys.length, groups, undefined, `${about} window ${n}`);
        });
      }),
      { ...RUNS, numRuns: 12 },
    );
  });

  /** Here a value that is missing counts as one, as in polars; the tables come in order of arrival. */
  it.each(['utf8', 'i64', 'bool'] as const)('counts of the values of %s', (type) => {
    fc.assert(
      fc.property(batchesOf<Value>(KEYS[type]), (input) => {
        const series = new Series(type, { name: 'x' });
        const counts = series.valueCounts().sinkToList() as unknown as Table[];
        for (const batch of input) series.emit(batch as never);
        prefixes(begun(input)).forEach((values, i) => {
          const rows = values.map((x) => ({ x }));
          const wanted = new Map(
            rowsOf(polarsFrame({ x: type }, rows).getColumn('x').valueCounts()).map(
              ([x, count]) => [textOf([x]), [count]],
            ),
          );
          sameTable(counts[i]!, 1, wanted, orderOf(['x'], rows), `batch ${i}`);
        });
      }),
      RUNS,
    );
  });

  it('the last rows and rows before within groups', () => {
    fc.assert(
      fc.property(batchesBy(['utf8'], 'f64'), fc.integer({ min: 1, max: 6 }), (input, n) => {
        const frame = new DataFrame({ k0: 'utf8', x: 'f64' });
        const groups = frame.groupBy('k0');
        const minPeriods = Math.ceil(n / 2);
        const over = groups.x.rolling(n, { minPeriods });
        const seen = {
          min: over.min().sinkToList(),
          max: over.max().sinkToList(),
          shift: groups.x.shift(n).sinkToList(),
        };
        for (const batch of input) frame.emit(batch as never);
        const x = pl.col('x');
        const options = { windowSize: n, minPeriods };
        const wanted = polarsFrame({ k0: 'utf8', x: 'f64' }, input.flat()).select(
          x.rollingMin(options).over('k0').alias('min'),
          x.rollingMax(options).over('k0').alias('max'),
          x.shift(n).over('k0').alias('shift'),
        );
        for (const [name, columns] of Object.entries(seen)) {
          const actual = (columns as Column[]).flatMap((column) => column.toArray());
          same(actual, valuesOf(wanted, name), `${name} of ${n}`);
        }
      }),
      RUNS,
    );
  });
});
