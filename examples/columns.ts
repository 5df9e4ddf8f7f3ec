/** The column plane: batches of typed columns through a plan that runs in Rust. */
import { DataFrame } from 'millrace';

const trades = new DataFrame({ symbol: 'utf8', price: 'f64', shares: 'i64' });

// One value per row that comes in.
trades.price
  .rolling(2)
  .mean()
  .sink((means) => console.log('rolling mean of 2:', means.toArray()));

// One table per batch that comes in, over all rows so far.
const valued = trades.assign({ value: trades.price.mul(trades.shares) });
valued
  .groupBy('symbol')
  .value.sum()
  .sink((table) => console.log(table));

// Rows that pass an expression.
trades
  .filter(trades.shares.ge(100).and(trades.price.gt(10)))
  .sink((large) => console.log('large trades:', large.toRows()));

trades.emit([
  { symbol: 'ACME', price: 10, shares: 100 },
  { symbol: 'EMCA', price: 20, shares: 5 },
  { symbol: 'ACME', price: 12, shares: 300 },
]);
trades.emit({ symbol: ['EMCA', 'ACME'], price: new Float64Array([21, 11]), shares: [10, 20] });
