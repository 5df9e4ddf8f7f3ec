import { randoms, type Suite, type Target } from '../suite.ts';
import type { RollingAggregate, Works } from '../work.ts';

/** Window by window from scratch: the obvious way, far too slow to time. */
const aggregates: Record<RollingAggregate, (window: Float64Array) => number> = {
  mean,
  std: (window) => {
    const centre = mean(window);
    let squares = 0;
    for (const x of window) squares += (x - centre) ** 2;
    return Math.sqrt(squares / (window.length - 1));
  },
  min: (window) => Math.min(...window),
  max: (window) => Math.max(...window),
  median: (window) => {
    const sorted = window.toSorted();
    const middle = sorted.length / 2;
    return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  },
};

function mean(window: Float64Array): number {
  let sum = 0;
  for (const x of window) sum += x;
  return sum / window.length;
}

function fromScratch({
  values,
  n,
  aggregate,
  whole,
}: Works['rolling']['task']): Works['rolling']['answer'] {
  const rows = values.length - n + 1;
  const answer = new Float64Array(whole ? rows : 1);
  for (let i = 0; i < answer.length; i++) {
    const start = rows - answer.length + i;
    answer[i] = aggregates[aggregate](values.subarray(start, start + n));
  }
  return { rows, values: answer };
}

function rolling(
  aggregate: RollingAggregate,
  targets: Target[],
  others: string[] = [],
): Suite<'rolling'> {
  return {
    name: `rolling-${aggregate}`,
    title: `rolling ${aggregate}, window 1,000, 1e7 f64 in batches of 8,192`,
    work: 'rolling',
    task: (size) => ({
      values: randoms(size === 'full' ? 1e7 : 20_000).map((x) => x * 100),
      batch: 8192,
      n: 1000,
      aggregate,
      whole: size === 'small',
    }),
    expected: (task) => fromScratch(task),
    elements: ({ values }) => values.length,
    engines: ['millrace', 'polars', ...others, 'hand'],
    targets,
  };
}

export const rollingFrames: Suite<'rolling'> = {
  name: 'rolling-frames',
  title: 'the frames of streamz: rolling mean, window 1,000, 1e6 f64 in batches of 10,000',
  work: 'rolling',
  task: (size) => ({
    values: randoms(size === 'full' ? 1e6 : 20_000).map((x) => x * 100),
    batch: 10_000,
    n: 1000,
    aggregate: 'mean',
    whole: size === 'small',
  }),
  expected: (task) => fromScratch(task),
  elements: ({ values }) => values.length,
  engines: ['millrace', 'streamz'],
  targets: [{ rival: 'streamz (Python)', times: 15 }],
};

export const rollingMean = rolling('mean', [{ rival: 'nodejs-polars', times: 8 }]);
export const rollingStd = rolling('std', [{ rival: 'nodejs-polars', times: 15 }]);
export const rollingMin = rolling('min', [{ rival: 'nodejs-polars', times: 12 }]);
export const rollingMax = rolling('max', [{ rival: 'nodejs-polars', times: 12 }]);
export const rollingMedian = rolling(
  'median',
  [
    { rival: 'nodejs-polars', times: 2.5 },
    { rival: 'DuckDB', times: 20 },
  ],
  ['duckdb'],
);
