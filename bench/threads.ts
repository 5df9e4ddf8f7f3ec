/**
 * Plans on a thread of their own against the same plans inline, in turns within one process. Prints a
 * table; the answers of both are compared first.
 *
 *     node --import tsx bench/threads.ts [rounds, default 5]
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Column, DataFrame, Series } from '../dist/index.js';
import { randoms } from './suite.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const BATCH = 8192;
const flights = fileURLToPath(
  new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

/** Runs all of it once and gives its answer. */
type Run = (thread: boolean) => Promise<number>;

/** Feeds a series in batches. `sink` gives a number for each column of results. */
function series(
  rows: number,
  build: (of: Series<'f64'>) => Series<'f64'>,
  sink: (column: Column<'f64'>) => number,
): Run {
  const values = randoms(rows);
  return async (thread) => {
    const source = new Series('f64', { thread });
    let answer = 0;
    build(source).sink(
      (column) => {
        answer += sink(column);
      },
      { reuse: true },
    );
    for (let at = 0; at < rows; at += BATCH) {
      const settled = source.emit(values.subarray(at, at + BATCH));
      if (settled !== undefined) await settled;
    }
    await source.flush();
    source.destroy();
    return answer;
  };
}

const last = (column: Column<'f64'>) => column.at(-1) ?? 0;

/** A sink that works on every row: some 25 ns for each. */
function heavy(column: Column<'f64'>): number {
  const values = column.values as Float64Array;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (!Number.isNaN(x)) sum += Math.log1p(Math.abs(Math.sin(x))) + Math.hypot(x, 1);
  }
  return sum;
}

async function groups(thread: boolean): Promise<number> {
  const frame = DataFrame.fromParquet(flights, { columns: ['origin', 'delay'], thread });
  let answer = 0;
  const means = frame.groupBy('origin' as never) as unknown as {
    col(name: string): { mean(): { sink(f: (table: unknown) => void): void } };
  };
  means
    .col('delay')
    .mean()
    .sink((table) => {
      for (const row of table as Iterable<{ delay: number }>) answer += row.delay;
    });
  await frame.run();
  frame.destroy();
  return answer;
}

const works: Record<string, Run> = {
  'rolling mean of 1,000; the sink reads one value a batch': series(
    4e6,
    (of) => of.rolling(1000).mean() as unknown as Series<'f64'>,
    last,
  ),
  'rolling median of 1,000; the sink reads one value a batch': series(
    1e6,
    (of) => of.rolling(1000).median() as unknown as Series<'f64'>,
    last,
  ),
  'rolling mean of 1,000; the sink works on every row': series(
    1e6,
    (of) => of.rolling(1000).mean() as unknown as Series<'f64'>,
    heavy,
  ),
  'rolling median of 1,000; the sink works on every row': series(
    1e6,
    (of) => of.rolling(1000).median() as unknown as Series<'f64'>,
    heavy,
  ),
  'a Parquet file of 3,000,000 rows, means of 298 groups; the sink reads every row of the tables':
    groups,
};

async function time(run: Run, thread: boolean): Promise<number> {
  const start = performance.now();
  await run(thread);
  return performance.now() - start;
}

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!;

console.log(`| work, in batches of ${BATCH} | inline, ms | thread, ms | inline ÷ thread |`);
console.log('|---|---|---|---|');
for (const [title, run] of Object.entries(works)) {
  const answers = [await run(false), await run(true)];
  if (answers[0] !== answers[1]) throw new Error(`${title}: ${answers.join(' is not ')}`);
  const inline: number[] = [];
  const threaded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    inline.push(await time(run, false));
    threaded.push(await time(run, true));
  }
  const ratios = inline.map((ms, i) => ms / threaded[i]!).sort((a, b) => a - b);
  const range = `${ratios[0]!.toFixed(2)}–${ratios.at(-1)!.toFixed(2)}`;
  const [i, t] = [median(inline), median(threaded)];
  console.log(
    `| ${title} | ${i.toFixed(0)} | ${t.toFixed(0)} | ${median(ratios).toFixed(2)}× (${range}) |`,
  );
}
console.log(`\n${availableParallelism()} processors, Node ${process.version}, ${ROUNDS} rounds`);
