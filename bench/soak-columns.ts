/**
 * Sends rows through the operators of columns that keep a bounded state, in batches from one resident
 * buffer, and shows that the memory of the process ends where it was: what Rust holds is in no heap
 * of JavaScript. Not a benchmark: nothing is compared.
 *
 *     node --expose-gc --import tsx bench/soak-columns.ts [rows, default 1000000000]
 */
import { Dictionary, Int32, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { DataFrame } from '../dist/index.js';

const ROWS = Number(process.argv[2] ?? 1e9);
const ROUNDS = 10;
const BATCH = 8192;
const KEYS = 1000;
/** What an allocator keeps for itself from one round to the next, in bytes. */
const SLACK = 16e6;

/** Operators that cost several times what the others do get every tenth batch. */
const RARE = 10;

const build = (name: string) => new DataFrame({ key: 'utf8', value: 'f64' }, { name });
let seen = 0;
const count = () => {
  seen++;
};
const often = build('often');
often.value.sum().sink(count);
often.value.mean().sink(count);
often.value.min().sink(count);
often.value.max().sink(count);
often.value.rolling(1000).mean().sink(count);
often.groupBy('key', { emit: 'changes' }).value.mean().sink(count);

const rare = build('rare');
rare.value.var().sink(count);
rare.value.cumsum().sink(count);
rare.value.ewm({ span: 100 }).mean().sink(count);
rare.value.rolling(1000).max().sink(count);
rare.value.partition(1000).median().sink(count);
rare.filter(rare.value.gt(0.5)).value.mul(2).sum().sink(count);
rare.groupBy('key').value.rolling(10).mean().sink(count);
rare.window({ n: 10_000 }).groupBy('key', { emit: 'changes' }).value.max().sink(count);

let state = 1;
const random = () => {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return state / 2 ** 31;
};
const names = vectorFromArray(
  Array.from({ length: KEYS }, (_, i) => `key ${i}`),
  new Utf8(),
);
const table = new Table({
  key: makeVector({
    type: new Dictionary(new Utf8(), new Int32()),
    data: Int32Array.from({ length: BATCH }, () => Math.floor(random() * KEYS)),
    dictionary: names,
  }),
  value: makeVector(Float64Array.from({ length: BATCH }, random)),
});

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const start = performance.now();
const resident: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const batches = Math.ceil(ROWS / ROUNDS / BATCH);
  for (let i = 0; i < batches; i++) {
    often.emit(table);
    if (i % RARE === 0) rare.emit(table);
  }
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  resident.push(rss);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const rows = (batches * BATCH * round).toExponential(2);
  console.log(
    `${rows} rows, ${seconds} s: resident ${megabytes(rss)} MB, heap ${megabytes(heapUsed)} MB`,
  );
}
console.log(`${seen} results`);
// The first round warms up: code is compiled and pools grow to their size.
const [first, last] = [resident[1] ?? resident[0]!, resident.at(-1)!];
if (last > 1.1 * first + SLACK) {
  console.error(`the process grew from ${megabytes(first)} to ${megabytes(last)} MB`);
  process.exitCode = 1;
}
