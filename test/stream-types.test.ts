import { expectTypeOf, it } from 'vitest';
import type { Batch } from '../src/batch.ts';
import { fromIterable, literal, VirtualClock } from '../src/index.ts';
import type { FrequencyTable } from '../src/operators/frequency-table.ts';
import { type Collector, Stream } from '../src/stream.ts';

const numbers = new Stream<number>();
const words = new Stream<string>();
const trades = new Stream<{ symbol: string; price: number; size: bigint }>();
const mixed = new Stream<string | number>();

it('operators of one element keep its type', () => {
  expectTypeOf(numbers.map(String)).toEqualTypeOf<Stream<string>>();
  expectTypeOf(numbers.map((x, y: Date) => [x, y] as const, new Date())).toEqualTypeOf<
    Stream<readonly [number, Date]>
  >();
  expectTypeOf(numbers.filter((x) => x > 1)).toEqualTypeOf<Stream<number>>();
  const isString = (x: string | number): x is string => typeof x === 'string';
  expectTypeOf(mixed.filter(isString)).toEqualTypeOf<Stream<string>>();
  expectTypeOf(mixed.remove(isString)).toEqualTypeOf<Stream<number>>();
  expectTypeOf(numbers.slice(1)).toEqualTypeOf<Stream<number>>();
  expectTypeOf(words.unique({ key: 'length' })).toEqualTypeOf<Stream<string>>();
  expectTypeOf(words.map((x) => x.split(' ')).flatten()).toEqualTypeOf<Stream<string>>();
  expectTypeOf(numbers.gather()).toEqualTypeOf<Stream<number>>();
});

it('a stream of a narrower type is a stream of a wider one', () => {
  expectTypeOf(numbers).toExtend<Stream<string | number>>();
  expectTypeOf(numbers.collect()).toExtend<Stream<Iterable<unknown>>>();
  expectTypeOf(mixed).not.toExtend<Stream<number>>();
});

it('what takes an element apart wants one that has parts', () => {
  expectTypeOf(words.flatten()).toEqualTypeOf<Stream<string>>();
  expectTypeOf(numbers.zip(words).concat()).toEqualTypeOf<Stream<number | string>>();
  expectTypeOf(numbers.partition(2).starmap((...xs) => xs)).toEqualTypeOf<Stream<number[]>>();
  expectTypeOf(words.starmap((...letters) => letters)).toEqualTypeOf<Stream<string[]>>();
  expectTypeOf(numbers.partition(2).toBatch()).toEqualTypeOf<Batch<number>>();
  // @ts-expect-error a number has no items
  void (() => numbers.flatten());
  // @ts-expect-error a number has no items
  void (() => numbers.starmap(() => 0));
  // @ts-expect-error a number is no batch
  void (() => numbers.toBatch());
});

it('accumulate knows its state, and what comes of it', () => {
  expectTypeOf(numbers.accumulate((a, x) => a + x)).toEqualTypeOf<Stream<number>>();
  expectTypeOf(words.accumulate((n: number, word) => n + word.length, { start: 0 })).toEqualTypeOf<
    Stream<number>
  >();
  expectTypeOf(
    words.scan((n: number, word) => [n + 1, word] as const, {
      start: 0,
      returnsState: true,
    }),
  ).toEqualTypeOf<Stream<string>>();
  expectTypeOf(words.accumulate((n: number) => n + 1, { start: 0, withState: true })).toEqualTypeOf<
    Stream<readonly [number, number]>
  >();
});

it('pluck knows the properties', () => {
  expectTypeOf(trades.pluck('price')).toEqualTypeOf<Stream<number>>();
  expectTypeOf(trades.pluck(['symbol', 'size'])).toEqualTypeOf<Stream<readonly [string, bigint]>>();
  // @ts-expect-error there is no such property
  trades.pluck('volume');
  expectTypeOf(trades.zip(numbers).pluck(1)).toEqualTypeOf<Stream<number>>();
});

it('windows and partitions are readonly arrays', () => {
  expectTypeOf(numbers.slidingWindow(3)).toEqualTypeOf<Stream<readonly number[]>>();
  expectTypeOf(trades.partition(2, { key: 'symbol' })).toEqualTypeOf<
    Stream<readonly { symbol: string; price: number; size: bigint }[]>
  >();
  expectTypeOf(numbers.partitionUnique(2)).toEqualTypeOf<Stream<readonly number[]>>();
  expectTypeOf(numbers.collect()).toEqualTypeOf<Collector<number>>();
});

it('joins make tuples', () => {
  expectTypeOf(numbers.zip(words)).toEqualTypeOf<Stream<readonly [number, string]>>();
  expectTypeOf(numbers.zip('x', words, { maxsize: 3 })).toEqualTypeOf<
    Stream<readonly [number, 'x', string]>
  >();
  expectTypeOf(numbers.combineLatest(words, trades.pluck('size'))).toEqualTypeOf<
    Stream<readonly [number, string, bigint]>
  >();
  expectTypeOf(numbers.combineLatest(words, { emitOn: words })).toEqualTypeOf<
    Stream<readonly [number, string]>
  >();
  expectTypeOf(numbers.zipLatest(words)).toEqualTypeOf<Stream<readonly [number, string]>>();
  expectTypeOf(numbers.union(words)).toEqualTypeOf<Stream<number | string>>();
  expectTypeOf(numbers.zip(words).starmap((n, word) => word.repeat(n))).toEqualTypeOf<
    Stream<string>
  >();
});

it('a join grows by a stream of any type', () => {
  const joined = numbers.zip(words);
  trades.connect(joined);
  trades.disconnect(joined);
  expectTypeOf(joined).toEqualTypeOf<Stream<readonly [number, string]>>();
});

it('what goes in and out is typed', () => {
  expectTypeOf(words.frequencies()).toEqualTypeOf<Stream<FrequencyTable<string>>>();
  expectTypeOf(words.frequencies({ emit: 'changes' })).toEqualTypeOf<
    Stream<readonly [string, number]>
  >();
  expectTypeOf(numbers.sinkToList()).toEqualTypeOf<number[]>();
  expectTypeOf(numbers.emit(1)).toEqualTypeOf<Promise<void> | undefined>();
  // @ts-expect-error not a number
  numbers.emit('one');
  // @ts-expect-error not what comes
  words.sink((x: number) => x);
});

it('what waits, and what takes time, keeps the type', () => {
  const clock = new VirtualClock();
  const timed = new Stream<number>({ clock });
  expectTypeOf(timed.buffer(2, { sizeOf: (x) => x, maxBytes: 9 })).toEqualTypeOf<Stream<number>>();
  expectTypeOf(timed.delay('1s')).toEqualTypeOf<Stream<number>>();
  expectTypeOf(timed.rateLimit(1)).toEqualTypeOf<Stream<number>>();
  expectTypeOf(timed.latest()).toEqualTypeOf<Stream<number>>();
  expectTypeOf(timed.timedWindow(1)).toEqualTypeOf<Stream<readonly number[]>>();
  expectTypeOf(timed.timedWindowUnique(1)).toEqualTypeOf<Stream<readonly number[]>>();
  expectTypeOf(timed.named('n').onError('skip')).toEqualTypeOf<Stream<number>>();
  timed.destroy();
});

it('mapAsync gives what its promises do', () => {
  expectTypeOf(numbers.mapAsync(async (x) => [x])).toEqualTypeOf<Stream<number[]>>();
  expectTypeOf(
    words.mapAsync((word, { signal }) => (signal.aborted ? 0 : Promise.resolve(word.length))),
  ).toEqualTypeOf<Stream<number>>();
});

it('a key is a function of the element, or one of its properties', () => {
  trades.partition(2, { key: 'symbol' });
  trades.unique({ key: (trade) => trade.price });
  words.partitionUnique(2, { key: 'length' });
  trades.mapAsync(async () => 0, { key: 'size' });
  // @ts-expect-error there is no such property
  trades.partition(2, { key: 'volume' });
  // @ts-expect-error there is no such property
  trades.unique({ key: 'volume' });
  // @ts-expect-error there is no such property
  trades.mapAsync(async () => 0, { key: 'volume' });
});

it('joins take their options last, by stream, position or list', () => {
  expectTypeOf(numbers.zip(words, { maxsize: 2, maxBytes: 10 })).toEqualTypeOf<
    Stream<readonly [number, string]>
  >();
  expectTypeOf(numbers.zip(literal({ maxsize: 2 }))).toEqualTypeOf<
    Stream<readonly [number, { maxsize: number }]>
  >();
  expectTypeOf(numbers.combineLatest(words, { emitOn: [0, words] })).toEqualTypeOf<
    Stream<readonly [number, string]>
  >();
  // @ts-expect-error constants are for zip
  void (() => numbers.combineLatest(3));
  // @ts-expect-error constants are for zip
  void (() => numbers.union('x'));
});

it('learning nodes give what their models do', () => {
  const model = { learnOne: (_x: string, _y: number) => {}, predictOne: (_x: string) => 1 };
  const metric = { update: (_y: number, _p: number) => {}, get: () => 0 };
  const samples = new Stream<readonly [string, number]>();
  expectTypeOf(words.predict(model)).toEqualTypeOf<Stream<number>>();
  expectTypeOf(words.transform({ transformOne: (x: string) => x.length })).toEqualTypeOf<
    Stream<number>
  >();
  expectTypeOf(samples.train(model)).toEqualTypeOf<Stream<never>>();
  expectTypeOf(samples.train(model, { metric })).toEqualTypeOf<Stream<number>>();
  expectTypeOf(samples.train(model, { passModel: true })).toEqualTypeOf<Stream<typeof model>>();
});

it('a batch knows what is in it', () => {
  const batch = trades.partition(2).toBatch();
  expectTypeOf(batch.pluck('price').sum()).toEqualTypeOf<Stream<number>>();
  expectTypeOf(batch.map((trade) => trade.size).toStream()).toEqualTypeOf<Stream<bigint>>();
  expectTypeOf(batch.filter((trade) => trade.price > 1)).toEqualTypeOf<typeof batch>();
  // @ts-expect-error symbols cannot be added
  void (() => batch.pluck('symbol').sum());
});

it('elements come out as what they are', () => {
  expectTypeOf(numbers[Symbol.asyncIterator]()).toEqualTypeOf<AsyncIterableIterator<number>>();
  expectTypeOf(numbers.toReadableStream()).toEqualTypeOf<ReadableStream<number>>();
  expectTypeOf(fromIterable(['a']).map((x) => x.length)).toEqualTypeOf<Stream<number>>();
});
