import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** The flights as plain arrays, decoded by a reader that is not millrace's. */
export interface Flights {
  /** Milliseconds since 1970. */
  readonly date: Float64Array;
  readonly delay: Int32Array;
  readonly distance: Int32Array;
  readonly origin: readonly string[];
  readonly destination: readonly string[];
}

/** Reads the whole file, one row group at a time: as objects, one group is 100 MB already. */
export async function readFlights(path: string): Promise<Flights> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const rows = Number(metadata.num_rows);
  const date = new Float64Array(rows);
  const delay = new Int32Array(rows);
  const distance = new Int32Array(rows);
  const origin = new Array<string>(rows).fill('');
  const destination = new Array<string>(rows).fill('');

  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    await parquetRead({
      file,
      metadata,
      compressors,
      rowStart,
      rowEnd,
      onChunk: ({ columnName, columnData, rowStart: at }) => {
        for (let i = 0; i < columnData.length; i++) {
          const value: unknown = columnData[i];
          if (columnName === 'date') date[at + i] = (value as Date).getTime();
          else if (columnName === 'delay') delay[at + i] = Number(value);
          else if (columnName === 'distance') distance[at + i] = Number(value);
          else if (columnName === 'origin') origin[at + i] = value as string;
          else destination[at + i] = value as string;
        }
      },
    });
    rowStart = rowEnd;
  }
  return { date, delay, distance, origin, destination };
}

export interface OriginTotal {
  origin: string;
  count: number;
  sum: number;
}

/** Flights and summed delay of each origin over the rows `[from, to)`, in first-seen order. */
export function totalsByOrigin(flights: Flights, from: number, to: number): OriginTotal[] {
  const totals = new Map<string, OriginTotal>();
  for (let row = from; row < to; row++) {
    const origin = flights.origin[row]!;
    let total = totals.get(origin);
    if (total === undefined) {
      total = { origin, count: 0, sum: 0 };
      totals.set(origin, total);
    }
    total.count += 1;
    total.sum += flights.delay[row]!;
  }
  return [...totals.values()];
}

/** Mean and sample standard deviation of the `n` delays that end with `row`, in two passes. */
export function rollingAt(flights: Flights, row: number, n: number): { mean: number; std: number } {
  let sum = 0;
  for (let i = row - n + 1; i <= row; i++) sum += flights.delay[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = row - n + 1; i <= row; i++) squares += (flights.delay[i]! - mean) ** 2;
  return { mean, std: Math.sqrt(squares / (n - 1)) };
}

export interface DayRanking {
  /** Midnight at which the day begins, milliseconds since 1970. */
  day: number;
  worst: { origin: string; count: number; mean: number }[];
}

/**
 * Each day's worst origins by mean delay, of those with at least `minFlights`; equal means in
 * alphabetical order.
 */
export function worstByDay(flights: Flights, top: number, minFlights: number): DayRanking[] {
  const days: DayRanking[] = [];
  const rows = flights.date.length;
  let from = 0;
  while (from < rows) {
    const day = Math.floor(flights.date[from]! / 86_400_000);
    let to = from;
    while (to < rows && Math.floor(flights.date[to]! / 86_400_000) === day) to++;
    const worst = totalsByOrigin(flights, from, to)
      .filter((total) => total.count >= minFlights)
      .map(({ origin, count, sum }) => ({ origin, count, mean: sum / count }))
      .sort((a, b) => b.mean - a.mean || (a.origin < b.origin ? -1 : 1))
      .slice(0, top);
    days.push({ day: day * 86_400_000, worst });
    from = to;
  }
  return days;
}

export interface ExpectedAlert {
  row: number;
  date: number;
  origin: string;
  mean: number;
}

/**
 * The rows at which the mean over an origin's last `n` flights rises above `limit` minutes: it is
 * above now and was not at that origin's flight before. Origins with fewer flights have no mean.
 */
export function alertsOf(flights: Flights, n: number, limit: number): ExpectedAlert[] {
  const recent = new Map<string, number[]>();
  const alerts: ExpectedAlert[] = [];
  for (let row = 0; row < flights.date.length; row++) {
    const origin = flights.origin[row]!;
    let delays = recent.get(origin);
    if (delays === undefined) {
      delays = [];
      recent.set(origin, delays);
    }
    const before = delays.length === n ? total(delays) : undefined;
    delays.push(flights.delay[row]!);
    if (delays.length > n) delays.shift();
    if (before === undefined) continue;
    const now = total(delays);
    if (now > limit * n && before <= limit * n) {
      alerts.push({ row, date: flights.date[row]!, origin, mean: now / n });
    }
  }
  return alerts;
}

function total(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
