import { fileURLToPath } from 'node:url';
import {
  alertsOf,
  readFlights,
  totalsByOrigin,
  worstByDay,
} from '../../test/examples/flights-oracle.ts';
import type { Suite } from '../suite.ts';

const path = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

export const flights: Suite<'flights'> = {
  name: 'flights',
  title: 'the 3,000,000 flights end to end, all results of the demo',
  work: 'flights',
  task: () => ({ path }),
  expected: async ({ path }) => {
    const flights = await readFlights(path);
    const { delay } = flights;
    const n = 1000;
    // Sums of whole minutes and of their squares stay exact, so that nothing drifts here.
    let sum = 0;
    let squares = 0;
    const rolling = { rows: 0, meanSum: 0, stdSum: 0, lastMean: 0, lastStd: 0 };
    delay.forEach((x, row) => {
      sum += x;
      squares += x * x;
      if (row >= n) {
        sum -= delay[row - n]!;
        squares -= delay[row - n]! ** 2;
      }
      if (row < n - 1) return;
      rolling.rows++;
      rolling.lastMean = sum / n;
      rolling.lastStd = Math.sqrt((squares - (sum * sum) / n) / (n - 1));
      rolling.meanSum += rolling.lastMean;
      rolling.stdSum += rolling.lastStd;
    });
    return {
      origins: totalsByOrigin(flights, 0, delay.length)
        .map(({ origin, count, sum }) => ({ origin, count, mean: sum / count }))
        .sort((a, b) => (a.origin < b.origin ? -1 : 1)),
      rolling,
      worst: worstByDay(flights, 10, 20).flatMap(({ day, worst }) =>
        worst.map((origin) => ({ day, ...origin })),
      ),
      alerts: alertsOf(flights, 50, 60).map(({ date, origin, mean }) => ({
        at: date,
        origin,
        mean,
      })),
    };
  },
  elements: () => 3_000_000,
  engines: ['millrace', 'polars', 'duckdb'],
  targets: [
    { rival: 'nodejs-polars', times: 1 },
    { rival: 'DuckDB', times: 1 },
  ],
};
