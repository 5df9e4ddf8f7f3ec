import { describe, expectTypeOf, test } from 'vitest';
import {
  DataFrame,
  type Scalar,
  Series,
  type Stream,
  type Summary,
  type Table,
} from '../../src/index.ts';

const trades = new DataFrame({ symbol: 'utf8', price: 'f64', size: 'i64', at: 'timestamp' });

describe('column types flow through', () => {
  test('columns, by property and by name', () => {
    expectTypeOf(trades.price).toEqualTypeOf<Series<'f64', 'price'>>();
    expectTypeOf(trades.col('symbol')).toEqualTypeOf<Series<'utf8', 'symbol'>>();
    expectTypeOf(trades.size).toBeFunction();
    expectTypeOf(trades.col('size')).toEqualTypeOf<Series<'i64', 'size'>>();
    // @ts-expect-error no such column
    trades.nope;
    // @ts-expect-error no such column
    () => trades.col('nope');
  });

  test('expressions', () => {
    expectTypeOf(trades.price.mul(trades.col('size'))).toEqualTypeOf<Series<'f64', 'price'>>();
    expectTypeOf(trades.col('size').add(2)).toEqualTypeOf<Series<'i64', 'size'>>();
    expectTypeOf(trades.col('size').add(2.5)).toEqualTypeOf<Series<'f64', 'size'>>();
    expectTypeOf(trades.price.gt(2)).toEqualTypeOf<Series<'bool', 'price'>>();
    expectTypeOf(trades.col('size').div(2)).toEqualTypeOf<Series<'f64', 'size'>>();
    const { x: single, y: double } = new DataFrame({ x: 'f32', y: 'f64' });
    expectTypeOf(single.div(single)).toEqualTypeOf<Series<'f32', 'x'>>();
    expectTypeOf(single.pow(0.5)).toEqualTypeOf<Series<'f32', 'x'>>();
    expectTypeOf(single.div(double)).toEqualTypeOf<Series<'f64', 'x'>>();
    expectTypeOf(single.pow(double)).toEqualTypeOf<Series<'f64', 'x'>>();
    expectTypeOf(trades.symbol.rename('key')).toEqualTypeOf<Series<'utf8', 'key'>>();
    // @ts-expect-error text is no number
    () => trades.price.add('x');
    // @ts-expect-error a number is no text
    () => trades.symbol.eq(5);
    // @ts-expect-error text has no order with numbers
    () => trades.symbol.gt(trades.price);
    // @ts-expect-error a predicate is bool
    () => trades.filter(trades.price);
  });

  test('frames', () => {
    const valued = trades.assign({ value: trades.price.mul(2), price: trades.col('size') });
    expectTypeOf(valued.schema).toEqualTypeOf<{
      symbol: 'utf8';
      price: 'i64';
      size: 'i64';
      at: 'timestamp';
      value: 'f64';
    }>();
    expectTypeOf(trades.select('symbol', 'price').schema).toEqualTypeOf<{
      symbol: 'utf8';
      price: 'f64';
    }>();
    expectTypeOf(trades.rename({ price: 'cost' }).cost).toEqualTypeOf<Series<'f64', 'cost'>>();
    expectTypeOf(trades.price.zip(trades.symbol).schema).toEqualTypeOf<{
      price: 'f64';
      symbol: 'utf8';
    }>();
  });

  test('aggregates', () => {
    expectTypeOf(trades.col('size').sum()).toEqualTypeOf<Scalar<'i64'>>();
    expectTypeOf(trades.price.mean()).toEqualTypeOf<Scalar<'f64'>>();
    expectTypeOf(trades.symbol.min()).toEqualTypeOf<Scalar<'utf8'>>();
    expectTypeOf(trades.price.rolling(5).mean()).toEqualTypeOf<Series<'f64', 'price'>>();
    expectTypeOf(trades.rolling(5).price.count()).toEqualTypeOf<Series<'i64', 'count'>>();
    expectTypeOf(trades.price.rolling(5).agg(['mean', 'count'])).toEqualTypeOf<
      DataFrame<{ mean: 'f64'; count: 'i64' }>
    >();
    expectTypeOf(trades.groupBy('symbol').price.mean()).toEqualTypeOf<
      Summary<{ symbol: 'utf8'; price: 'f64' }>
    >();
    expectTypeOf(trades.groupBy('symbol').count()).toEqualTypeOf<
      Summary<{ symbol: 'utf8'; count: 'i64' }>
    >();
    expectTypeOf(
      trades
        .groupBy(trades.at.floor('1h').rename('hour'))
        .agg({ price: ['min', 'max'], size: 'sum' }).schema,
    ).toHaveProperty('price_min');
    expectTypeOf(trades.partition('1d', { on: 'at' }).groupBy('symbol').price.max()).toEqualTypeOf<
      Summary<{ at: 'timestamp'; symbol: 'utf8'; price: 'f64' }>
    >();
    expectTypeOf(trades.window({ n: 3 }).groupBy('symbol').price.max()).toEqualTypeOf<
      Summary<{ symbol: 'utf8'; price: 'f64' }>
    >();
    expectTypeOf(trades.groupBy('symbol').rolling(3).price.mean()).toEqualTypeOf<
      Series<'f64', 'price'>
    >();
    expectTypeOf(trades.groupBy('symbol').price.shift(1)).toEqualTypeOf<Series<'f64', 'price'>>();
  });

  test('aggregates of your own', () => {
    const count = {
      initial: () => 0n,
      onNew: (n: bigint) => n + 1n,
      result: (n: bigint) => `${n}`,
    };
    expectTypeOf(trades.price.rolling(3).aggregate(count)).toEqualTypeOf<Stream<string>>();
    expectTypeOf(trades.window({ n: 3 }).price.aggregate(count)).toEqualTypeOf<Stream<string>>();
    expectTypeOf(trades.price.partition(3).aggregate(count)).toEqualTypeOf<Stream<string>>();
    expectTypeOf(trades.groupBy('symbol').rolling(3).price.aggregate(count)).toEqualTypeOf<
      Stream<string>
    >();
    expectTypeOf(trades.groupBy('symbol').price.aggregate(count)).toEqualTypeOf<
      Stream<{ symbol: string | null; price: string }[]>
    >();
    expectTypeOf(trades.window({ n: 3 }).groupBy('symbol').aggregate(count)).toEqualTypeOf<
      Stream<{ symbol: string | null; result: string }[]>
    >();
    expectTypeOf(
      trades.partition('1d', { on: 'at' }).groupBy('symbol').price.aggregate(count),
    ).toEqualTypeOf<Stream<{ at: number | null; symbol: string | null; price: string }[]>>();
    () =>
      trades.groupBy('symbol').price.aggregate({
        initial: () => 0,
        onNew: (sum, rows) => {
          expectTypeOf(rows.values).toEqualTypeOf<Float64Array>();
          return sum + rows.length;
        },
      });
    () =>
      trades.groupBy('symbol').price.aggregate({
        initial: () => 0,
        // @ts-expect-error a state of another type
        onNew: () => 'much',
      });
  });

  test('what sinks and streams get', () => {
    const prices = trades.price;
    () =>
      prices.mean().sink((mean) => {
        expectTypeOf(mean).toEqualTypeOf<number | null>();
      });
    () =>
      prices.sink((column) => {
        expectTypeOf(column.values).toEqualTypeOf<Float64Array>();
        expectTypeOf(column.at(0)).toEqualTypeOf<number | null>();
      });
    expectTypeOf(trades.at.toStream).returns.toEqualTypeOf<Stream<number | null>>();
    expectTypeOf(trades.col('size').sinkToList).returns.items.toHaveProperty('values');
    expectTypeOf(trades.symbol.valueCounts().sinkToList).returns.items.toEqualTypeOf<
      Table<{ symbol: 'utf8'; count: 'i64' }>
    >();
  });

  test('what goes in', () => {
    () => trades.emit([{ symbol: 'A', price: 1, size: 2n, at: new Date() }]);
    () => trades.emit({ symbol: ['A'], price: Float64Array.of(1), size: [1], at: [null] });
    // @ts-expect-error a price is no text
    () => trades.emit([{ symbol: 'A', price: '1', size: 2, at: 0 }]);
    // @ts-expect-error size and at are missing
    () => trades.emit([{ symbol: 'A', price: 1 }]);
    // @ts-expect-error no such type
    () => new Series('f128');
    () => new Series('i64').emit([1, 2n, null]);
    // @ts-expect-error no text among numbers
    () => new Series('i64').emit(['1']);
  });
});
