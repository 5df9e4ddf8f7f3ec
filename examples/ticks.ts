/** The element plane: any JavaScript value, one at a time, through ordinary functions. */
import { Stream } from 'millrace';

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

const ticks = new Stream<Tick>({ name: 'ticks' });

// A moving average of one symbol's prices.
const acme = ticks.filter((tick) => tick.symbol === 'ACME').map((tick) => tick.price);
const averages = acme
  .slidingWindow(3, { returnPartial: false })
  .map((prices) => prices.reduce((sum, price) => sum + price) / prices.length);
averages.sink((average) => console.log(`ACME, mean of 3: ${average.toFixed(2)}`));

// The highest price so far, when there is a new one.
const highs = acme.accumulate(
  (high, price) => [Math.max(high, price), price > high ? [price] : []] as const,
  { start: Number.NEGATIVE_INFINITY, returnsState: true },
);
highs.flatten().sink((price) => console.log(`ACME, new high: ${price}`));

// How often each symbol was seen, told after every four ticks.
ticks
  .map((tick) => tick.symbol)
  .frequencies()
  .partition(4)
  .sink((tables) => console.log('ticks so far:', Object.fromEntries(tables.at(-1) ?? [])));

ticks.emit({ symbol: 'ACME', price: 10 });
ticks.emitMany([
  { symbol: 'ACME', price: 12 },
  { symbol: 'EMCA', price: 7 },
  { symbol: 'ACME', price: 11 },
  { symbol: 'EMCA', price: 8 },
  { symbol: 'ACME', price: 13 },
]);
