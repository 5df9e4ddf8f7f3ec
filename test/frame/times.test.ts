import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';
import { batches } from './random.ts';

const DAY = 864e5;
const time = fc.option(fc.integer({ min: -4e12, max: 4e12 }));
const span = fc.option(fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 8));
const factor = fc.option(fc.integer({ min: -50, max: 50 }).map((n) => n / 4));

type Rows = readonly (number | null)[];

test('arithmetic and comparison of times, spans and dates', () => {
  const row = fc.tuple(time, time, span, factor);
  fc.assert(
    fc.property(batches(row), (splits) => {
      const frame = new DataFrame({
        at: 'timestamp',
        on: 'date',
        span: 'duration',
        factor: 'f64',
      });
      const { at, on, span, factor } = frame;
      const seen = {
        difference: at.sub(on),
        later: at.add(span),
        sooner: on.sub(span),
        twice: span.add(span).mul(2),
        scaled: span.mul(factor),
        part: span.div(factor),
        ratio: span.div(span),
        literal: at.add('1m').sub(5),
        size: span.abs(),
        before: at.lt(on),
        long: span.ge('1s'),
        same: on.eq(new Date(5)),
        filled: span.fillNull(2.5),
      };
      const lists = Object.fromEntries(
        Object.entries(seen).map(([name, series]) => {
          const list: unknown[] = [];
          series.sink((column) => void list.push(...column));
          return [name, list];
        }),
      );
      for (const rows of splits) {
        const column = (c: number): Rows => rows.map((values) => values[c]!);
        frame.emit({ at: column(0), on: column(1), span: column(2), factor: column(3) });
      }
      const twin = (f: (at: number, day: number, span: number, factor: number) => unknown) =>
        splits.flat().map(([at, on, span, factor]) => {
          const day = on === null ? Number.NaN : Math.floor(on / DAY) * DAY;
          const value = f(at ?? Number.NaN, day, span ?? Number.NaN, factor ?? Number.NaN);
          return Number.isNaN(value) ? null : value;
        });
      expect(lists.difference).toEqual(twin((at, day) => at - day));
      expect(lists.later).toEqual(twin((at, _, span) => at + span));
      expect(lists.sooner).toEqual(twin((_, day, span) => day - span));
      expect(lists.twice).toEqual(twin((_at, _day, span) => span * 4));
      expect(lists.scaled).toEqual(twin((_at, _day, span, factor) => span * factor + 0));
      expect(lists.literal).toEqual(twin((at) => at + 60_000 - 5));
      expect(lists.size).toEqual(twin((_at, _day, span) => Math.abs(span)));
      expect(lists.filled).toEqual(splits.flat().map(([, , span]) => span ?? 2.5));
      const flags = (f: (at: number, day: number, span: number) => boolean, ...used: number[]) =>
        splits
          .flat()
          .map((values) =>
            used.some((c) => values[c] === null)
              ? null
              : f(values[0]!, Math.floor(values[1]! / DAY) * DAY, values[2]!),
          );
      expect(lists.before).toEqual(flags((at, day) => at < day, 0, 1));
      expect(lists.long).toEqual(flags((_at, _day, span) => span >= 1000, 2));
      expect(lists.same).toEqual(flags((_at, day) => day === 0, 1));
    }),
    { numRuns: 60 },
  );
});

test('quotients of spans', () => {
  const frame = new DataFrame({ a: 'duration', n: 'i32' });
  const seen: unknown[] = [];
  const push = (column: Iterable<unknown>) => void seen.push(...column);
  frame.a.div(frame.a.mul(2)).sink(push);
  frame.a.div(frame.n).sink(push);
  frame.a.mod('3ms').sink(push);
  frame.emit({ a: [10, 0.000003], n: [4, 2] });
  expect(seen).toEqual([0.5, 0.5, 2.5, 0.000002, 1, 0.000003]);
  const spans = new Series('duration');
  spans.mul(1.5e30).sink(push);
  spans.div(0).sink(push);
  spans.emit([1e6]);
  expect(seen.slice(6)).toEqual([null, null]);
  const whole = new Series('duration');
  whole.mul(1_000_000_000).sink(() => {});
  expect(() => whole.emit([1e6])).toThrow(/out of range/);
});

test('types of arithmetic with times', () => {
  const frame = new DataFrame({ at: 'timestamp', on: 'date', span: 'duration', n: 'i32' });
  const { at, on, span, n } = frame;
  expectTypeOf(at.sub(on).type).toEqualTypeOf<'duration'>();
  expectTypeOf(at.sub(new Date()).type).toEqualTypeOf<'duration'>();
  expectTypeOf(at.sub('1h').type).toEqualTypeOf<'timestamp'>();
  expectTypeOf(on.add(span).type).toEqualTypeOf<'timestamp'>();
  expectTypeOf(span.add(at).type).toEqualTypeOf<'timestamp'>();
  expectTypeOf(span.sub(span).type).toEqualTypeOf<'duration'>();
  expectTypeOf(span.mul(2).type).toEqualTypeOf<'duration'>();
  expectTypeOf(n.mul(span).type).toEqualTypeOf<'duration'>();
  expectTypeOf(span.div(span).type).toEqualTypeOf<'f64'>();
  expectTypeOf(span.div(n).type).toEqualTypeOf<'duration'>();
  expectTypeOf(at.diff().type).toEqualTypeOf<'duration'>();
  for (const [series, type] of [
    [at.sub(on), 'duration'],
    [at.sub('1h'), 'timestamp'],
    [on.add(span), 'timestamp'],
    [span.mul(2), 'duration'],
    [n.mul(span), 'duration'],
    [span.div(span), 'f64'],
    [span.div(n), 'duration'],
    [span.neg(), 'duration'],
  ] as const) {
    expect(series.type).toBe(type);
    series.sink(() => {});
  }
  frame.emit([{ at: 1, on: 2, span: 3, n: 4 }]);
  const refused: (() => unknown)[] = [
    () => at.add(at as never),
    () => at.mul(2 as never),
    () => on.sub(n as never),
    () => span.pow(2 as never),
    () => span.gt(at as never),
    () => at.add(true as never),
    () => span.hour(),
    () => on.hour(),
    () => on.sum(),
  ];
  for (const build of refused) expect(build).toThrow(TypeError);
});

test('dates and spans go in and out in every form', async () => {
  const frame = new DataFrame({ on: 'date', span: 'duration' }, { batch: 2 });
  const tables = frame.sinkToList();
  frame.emit([
    { on: new Date('2024-02-29T23:00Z'), span: 1.25 },
    { on: -1, span: 5n },
    { on: null, span: null },
  ]);
  frame.emit({ on: Int32Array.of(1, -1), span: BigInt64Array.of(7n, -7n) });
  frame.emit({ on: [0, DAY * 2.5], span: Float64Array.of(3, 4) as never });
  frame.emit({ on: 7 * DAY, span: 1e9 });
  frame.flush();
  const rows = tables.flatMap((table) => table.toRows());
  expect(rows).toEqual([
    { on: Date.UTC(2024, 1, 29), span: 1.25 },
    { on: -DAY, span: 0.000005 },
    { on: null, span: null },
    { on: DAY, span: 0.000007 },
    { on: -DAY, span: -0.000007 },
    { on: 0, span: 3 },
    { on: 2 * DAY, span: 4 },
    { on: 7 * DAY, span: 1e9 },
  ]);
  expect(tables[1]!.column('on').values).toEqual(Int32Array.of(1, -1));
  expect(tables[1]!.column('span').values).toEqual(BigInt64Array.of(7n, -7n));

  const back = await tables[0]!.toArrow();
  expect(back.schema.fields.map(({ type }) => String(type))).toEqual([
    'Date32<DAY>',
    'Duration<NANOSECOND>',
  ]);
  frame.emit(back);
  expect(tables.at(-1)!.toRows()).toEqual(rows.slice(0, 3));
  frame.emit(
    new arrow.Table({
      on: arrow.vectorFromArray([new Date(5), null], new arrow.DateMillisecond()),
      span: arrow.vectorFromArray([2n, null], new arrow.DurationSecond()),
    }),
  );
  expect(tables.at(-1)!.toRows()).toEqual([
    { on: 0, span: 2000 },
    { on: null, span: null },
  ]);
  expect(String((await import('node:util')).inspect(tables[0]))).toMatch(/2024-02-29\s+1.25 ms/);

  for (const bad of [
    { on: 'x' },
    { on: Number.NaN },
    { on: 1e20 },
    { span: '1s' },
    { span: NaN },
  ]) {
    const row = { on: 0, span: 0, ...bad };
    expect(() => frame.emit([row as never])).toThrow(/Cannot emit: column/);
  }
  expect(() =>
    frame.emit(
      new arrow.Table({ on: arrow.vectorFromArray([1]), span: arrow.vectorFromArray([1]) }),
    ),
  ).toThrow(TypeError);
});

test('aggregates, windows and groups of dates and spans', () => {
  const frame = new DataFrame({ on: 'date', span: 'duration' });
  const seen: unknown[] = [];
  frame.on.max().sink((value) => void seen.push(value));
  frame.span.first().sink((value) => void seen.push(value));
  frame.on
    .rolling(2)
    .min()
    .sink((column) => void seen.push(...column));
  frame.span.cummax().sink((column) => void seen.push(...column));
  frame
    .groupBy('on')
    .span.last()
    .sink((table) => void seen.push(...table));
  frame.emit({ on: [DAY, 3 * DAY, DAY], span: [5, 2n ** 60n, null] });
  expect(seen).toEqual([
    3 * DAY,
    5,
    null,
    DAY,
    DAY,
    5,
    2 ** 60 / 1e6,
    null,
    { on: DAY, span: 5 },
    { on: 3 * DAY, span: 2 ** 60 / 1e6 },
  ]);
});

test('ids beyond the table of an Arrow dictionary are refused', () => {
  const table = (ids: Int32Array, strings: (string | null)[]) => {
    const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
    const dictionary = arrow.vectorFromArray(strings, new arrow.Utf8());
    const data = arrow.makeData({ type, data: ids, dictionary });
    return new arrow.Table({ s: arrow.makeVector(data) });
  };
  for (const keyed of [true, false]) {
    const frame = new DataFrame({ s: 'utf8' });
    const seen: unknown[] = [];
    frame.s.sink((column) => void seen.push(...column));
    if (keyed)
      frame
        .groupBy('s')
        .count()
        .sink(() => {});
    for (const id of [2, -1]) {
      expect(() => frame.emit(table(Int32Array.of(0, id), ['a', 'b']) as never)).toThrow(
        new RangeError(
          `Cannot emit: column 's' has ids of a dictionary of 2 strings, got id ${id} in row 1`,
        ),
      );
    }
    frame.emit(table(Int32Array.of(1, 0, 2), ['x', 'y', null]) as never);
    expect(seen).toEqual(['y', 'x', null]);
  }
});
