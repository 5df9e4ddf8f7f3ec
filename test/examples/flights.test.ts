import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Alert,
  type DayRanking,
  flightsFile,
  flightsGraph,
  MIN_FLIGHTS,
  type OriginDelay,
  type OriginRow,
  worstOf,
} from '../../examples/flights/graph.ts';
import {
  alertsOf,
  type Flights,
  readFlights,
  rollingAt,
  totalsByOrigin,
  worstByDay,
} from './flights-oracle.ts';
import { runExample } from './run-example.ts';

const ROWS = 3_000_000;

/** Everything the graph gave, to its last row. */
interface Results {
  rows: number;
  date: number;
  origins: OriginDelay[];
  worst: OriginDelay[];
  /** NaN where there is no value. */
  mean: Float64Array;
  std: Float64Array;
  days: DayRanking[];
  alerts: Alert[];
}

async function runGraph(batch?: number): Promise<Results> {
  const { flights, latest, byOrigin, rolling, days, alerts } = flightsGraph(flightsFile(), batch);
  const results = {
    date: 0,
    mean: new Float64Array(ROWS).fill(Number.NaN),
    std: new Float64Array(ROWS).fill(Number.NaN),
    days: days.sinkToList(),
    alerts: alerts.sinkToList(),
  };
  let row = 0;
  rolling.sink((table) => {
    for (const name of ['mean', 'std'] as const) {
      let at = row;
      for (const value of table.column(name)) results[name][at++] = value ?? Number.NaN;
    }
    row += table.numRows;
  });
  latest.sink((time) => {
    results.date = Number(time);
  });
  let table: Iterable<OriginRow> | undefined;
  byOrigin.sink((now) => {
    table = now;
  });
  const { rows } = await flights.run();
  return {
    rows,
    origins: worstOf(table!, 1, ROWS),
    worst: worstOf(table!, MIN_FLIGHTS),
    ...results,
  };
}

let expected: Flights;
let actual: Results;

beforeAll(async () => {
  expected = await readFlights(flightsFile());
  actual = await runGraph();
});

describe('the flights', () => {
  test('all come', () => {
    expect(expected.date).toHaveLength(ROWS);
    expect(actual.rows).toBe(ROWS);
    expect(actual.date).toBe(expected.date.at(-1));
  });

  test('mean delay and count per origin are exact', () => {
    const origins = totalsByOrigin(expected, 0, ROWS)
      .map(({ origin, count, sum }) => ({ origin, count, mean: sum / count }))
      .sort((a, b) => b.mean - a.mean || (a.origin < b.origin ? -1 : 1));
    expect(origins).toHaveLength(229);
    expect(actual.origins).toEqual(origins);
    expect(actual.worst).toEqual(origins.filter(({ count }) => count >= 20).slice(0, 10));
  });

  test('rolling mean and standard deviation are those of the last 1,000 delays', () => {
    expect(actual.mean.slice(0, 999).every(Number.isNaN)).toBe(true);
    expect(actual.std.slice(0, 999).every(Number.isNaN)).toBe(true);
    const rows = new Set([ROWS - 1]);
    for (let row = 999; row < 70_000; row += 7) rows.add(row);
    for (let row = 999; row < ROWS; row += 211) rows.add(row);
    let worst = 0;
    for (const row of rows) {
      const { mean, std } = rollingAt(expected, row, 1000);
      const off = Math.max(
        Math.abs(actual.mean[row]! - mean) / Math.max(1, Math.abs(mean)),
        Math.abs(actual.std[row]! - std) / std,
      );
      if (!(off <= worst)) worst = off;
    }
    expect(rows.size).toBeGreaterThan(20_000);
    expect(worst).toBeLessThan(1e-9);
  });

  test('the ten worst origins of every day are exact', () => {
    const days = worstByDay(expected, 10, 20);
    expect(days).toHaveLength(182);
    expect(actual.days).toEqual(days);
  });

  test('every alert comes, and no other', () => {
    const alerts = alertsOf(expected, 50, 60).map(({ date, origin, mean }) => ({
      date,
      origin,
      mean,
    }));
    expect(alerts.length).toBeGreaterThan(500);
    expect(actual.alerts).toEqual(alerts);
  });

  test('the results do not depend on the size of the batches', async () => {
    const { mean, std, ...others } = await runGraph(100_003);
    const { mean: expectedMean, std: expectedStd, ...expectedOthers } = actual;
    expect(others).toEqual(expectedOthers);
    // Bit for bit.
    expect(Buffer.from(mean.buffer).equals(Buffer.from(expectedMean.buffer))).toBe(true);
    expect(Buffer.from(std.buffer).equals(Buffer.from(expectedStd.buffer))).toBe(true);
  });
});

test('the demo prints its report and stays under 300 MB', async () => {
  const output = await runExample('flights');
  expect(output).not.toContain('\x1b');
  const lines = output.trimEnd().split('\n');
  const progress = lines.slice(0, 10);
  for (const line of progress) expect(line).toMatch(/^2001-\d\d-\d\d .* flights \| .*rows\/s/);
  expect(lines[11]).toBe('Ten worst origins by mean delay, of those with 20 flights or more');
  const printed = lines.slice(13, 23).map((line) => line.trim().split(/\s+/));
  expect(printed).toEqual(
    actual.worst.map(({ origin, count, mean }, index) => [
      String(index + 1),
      origin,
      count.toLocaleString('en-US'),
      mean.toFixed(1),
    ]),
  );
  expect(lines).toContain(
    `3,000,000 flights, 182 days, ${actual.alerts.length.toLocaleString('en-US')} alerts`,
  );
  const peak = /peak memory (\d+) MB$/.exec(lines.at(-1)!)?.[1];
  expect(Number(peak)).toBeGreaterThan(20);
  expect(Number(peak)).toBeLessThan(300);
});
