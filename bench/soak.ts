/**
 * Sends elements through a graph with every operator that keeps a bounded state, and shows that the
 * heap ends where it was. Not a benchmark: nothing is compared.
 *
 *     node --expose-gc --import tsx bench/soak.ts [elements, default 100000000]
 */
import { Stream } from '../dist/index.js';

const ELEMENTS = Number(process.argv[2] ?? 1e8);
const ROUNDS = 20;
/** Elements that any queue takes are emitted less often: each costs a turn of the microtask queue. */
const QUEUED = 100;

const source = new Stream<number>({ name: 'soak' });
let seen = 0;
const count = () => {
  seen++;
};

source.accumulate((sum, x) => (sum + x) % 1009, { start: 0 }).sink(count);
source.slidingWindow(50).sink(count);
source.partition(100).sink(count);
source.partition(10, { key: (x) => x % 7 }).sink(count);
source.partitionUnique(20, { key: (x) => x % 50 }).sink(count);
source.unique({ maxsize: 100, key: (x) => x % 1000 }).sink(count);
source
  .map((x) => x % 500)
  .frequencies()
  .sink(count);
source.zip(source.map((x) => -x)).sink(count);
source.combineLatest(source.filter((x) => x % 3 === 0)).sink(count);
source.zipLatest(source.filter((x) => x % 5 === 0)).sink(count);

const rare = source.filter((x) => x % QUEUED === 0);
rare.buffer(100).sink(count);
rare.latest().sink(count);
rare.mapAsync(async (x) => x, { parallelism: 16 }).sink(count);
rare.rateLimit(0).sink(count);
rare.timedWindow('50ms').sink(count);
rare.timedWindowUnique('50ms', { key: (x) => x % 30 }).sink(count);
rare.delay(1).sink(count);
const kept = rare.collect();
kept.flatten().sink(count);
rare.filter((x) => x % (50 * QUEUED) === 0).sink(kept.flush);

function* numbers(from: number, to: number) {
  for (let x = from; x < to; x++) yield x;
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const start = performance.now();
const heaps: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const size = ELEMENTS / ROUNDS;
  await source.emitMany(numbers(round * size, (round + 1) * size));
  await new Promise(setImmediate);
  heaps.push(heap());
}
await source.end();
source.destroy();
const [first, last] = [heaps[0]!, heaps.at(-1)!];
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
console.log(
  `${ELEMENTS} elements, ${seen} results in ${((performance.now() - start) / 1000).toFixed(0)} s`,
);
console.log(`heap after each twentieth, MB: ${heaps.map(megabytes).join(' ')}`);
if (last > 1.1 * first) {
  console.error(`the heap grew from ${megabytes(first)} to ${megabytes(last)} MB`);
  process.exitCode = 1;
}
