import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataFrame } from 'millrace';

/** Rows decoded and computed at once. */
export const BATCH = 32_768;
/** Flights in the rolling mean and standard deviation. */
export const ROLLING = 1000;
/** Flights of one airport in the mean that alerts look at. */
export const RECENT = 50;
/** Minutes above which that mean is an alert. */
export const ALERT_LIMIT = 60;
/** Flights an airport needs in a day to be ranked. */
export const MIN_FLIGHTS = 20;
/** Airports in a ranking. */
export const TOP = 10;

/** Departures, January to June 2001: one row per flight, in order of time. */
export const FLIGHTS = {
  date: 'timestamp',
  delay: 'i64',
  distance: 'i64',
  origin: 'utf8',
  destination: 'utf8',
} as const;

/** An airport with its flights and their mean delay in minutes. */
export interface OriginDelay {
  readonly origin: string;
  readonly count: number;
  readonly mean: number;
}

/** The airports with the worst mean delay of one day, the worst first. */
export interface DayRanking {
  /** Midnight at which the day begins, milliseconds since 1970. */
  readonly day: number;
  readonly worst: readonly OriginDelay[];
}

/** The mean over an airport's last flights rose above the limit with this flight. */
export interface Alert {
  readonly date: number;
  readonly origin: string;
  readonly mean: number;
}

/** The file of flights that the package `vega-datasets` ships. */
export function flightsFile(): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return join(dirname(entry), '..', 'data', 'flights-3m.parquet');
}

/**
 * Everything the example computes, as one graph over the file's rows: columns in one native plan,
 * ranking and alerts as elements in JavaScript. Nothing is read before `flights.run()`.
 */
export function flightsGraph(path = flightsFile(), batch = BATCH) {
  const flights = DataFrame.fromParquet(path, { columns: FLIGHTS, batch });

  const latest = flights.date.max();

  const byOrigin = flights.groupBy('origin').delay.agg(['mean', 'count']);

  const rolling = flights.delay.rolling(ROLLING).agg(['mean', 'std']);

  const days = flights
    .partition('1d', { on: 'date' })
    .groupBy('origin')
    .delay.agg(['mean', 'count'])
    .toStream()
    .map((table): DayRanking => {
      return { day: Number(table.column('date').at(0)), worst: worstOf(table, MIN_FLIGHTS) };
    });

  const recent = flights.assign({
    recent: flights.groupBy('origin').delay.rolling(RECENT).mean(),
  });
  const steps = recent.assign({ before: recent.groupBy('origin').recent.shift() });
  const alerts = steps
    .filter(steps.recent.gt(ALERT_LIMIT).and(steps.before.le(ALERT_LIMIT)))
    .select('date', 'origin', 'recent')
    .toStream()
    .map(
      ({ date, origin, recent: mean }): Alert => ({
        date: Number(date),
        origin: String(origin),
        mean: Number(mean),
      }),
    );

  return {
    /** The rows; `run()` reads the file. */
    flights,
    /** The time of the last flight so far, once per batch. */
    latest,
    /** Mean delay and number of flights of every airport so far, once per batch. */
    byOrigin,
    /** Mean and standard deviation of the last delays, at every flight. */
    rolling,
    /** One ranking per day. */
    days,
    alerts,
  };
}

/** A row of the tables by airport. */
export interface OriginRow {
  readonly origin: string | null;
  readonly mean: number | null;
  readonly count: number | bigint | null;
}

/** The worst airports of a table: the highest mean first, equal ones by name. */
export function worstOf(table: Iterable<OriginRow>, minFlights = 1, top = TOP): OriginDelay[] {
  return [...table]
    .map(({ origin, mean, count }) => ({
      origin: String(origin),
      count: Number(count),
      mean: Number(mean),
    }))
    .filter(({ count }) => count >= minFlights)
    .sort((a, b) => b.mean - a.mean || (a.origin < b.origin ? -1 : 1))
    .slice(0, top);
}
