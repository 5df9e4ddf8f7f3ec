/**
 * Three million departures, January to June 2001, streamed in order of time through one graph:
 *
 *     npm run demo
 *
 * The mean delay of every airport so far; the rolling mean and standard deviation of the last 1,000
 * flights; the ten worst airports of each day, as the stream passes midnight; and an alert whenever
 * an airport's mean over its last 50 flights rises above an hour.
 */
import {
  type Alert,
  type DayRanking,
  flightsGraph,
  MIN_FLIGHTS,
  type OriginRow,
  worstOf,
} from './flights/graph.ts';
import { peakMemory } from './flights/peak-memory.ts';
import { type Moment, openView, summary } from './flights/view.ts';

const LAST_ALERTS = 5;

const { flights, latest, byOrigin, rolling, days, alerts } = flightsGraph();
const view = openView(process.stdout, process.env);
const started = performance.now();

const history: number[] = [];
const lastAlerts: Alert[] = [];
let progress = { rows: 0, totalRows: 0 };
let date = 0;
let origins: Iterable<OriginRow> | undefined;
let rollingMean: number | null = null;
let rollingStd: number | null = null;
let dayCount = 0;
let lastDay: DayRanking | undefined;
let alertCount = 0;

latest.sink((time) => {
  date = Number(time);
});
byOrigin.sink((table) => {
  origins = table;
});
rolling.sink((table) => {
  rollingMean = table.column('mean').at(-1);
  rollingStd = table.column('std').at(-1);
  if (rollingMean !== null) history.push(rollingMean);
});
days.sink((ranking) => {
  dayCount++;
  lastDay = ranking;
});
alerts.sink((alert) => {
  alertCount++;
  lastAlerts.push(alert);
  if (lastAlerts.length > LAST_ALERTS) lastAlerts.shift();
});

process.once('SIGINT', () => {
  view.close();
  process.exit(130);
});

try {
  await flights.run({
    onProgress(now) {
      progress = { rows: now.rows, totalRows: now.totalRows ?? now.rows };
      view.update(progress.rows / progress.totalRows, performance.now(), moment);
    },
  });
  view.close(moment);
} catch (error) {
  view.close();
  throw error;
}
process.stdout.write(summary(moment(), peakMemory()));

function moment(): Moment {
  return {
    ...progress,
    elapsed: performance.now() - started,
    date,
    worst: origins === undefined ? [] : worstOf(origins, MIN_FLIGHTS),
    rollingMean,
    rollingStd,
    history,
    days: dayCount,
    lastDay,
    alerts: alertCount,
    lastAlerts,
  };
}
