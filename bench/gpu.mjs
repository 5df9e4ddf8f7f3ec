// node bench/gpu.mjs [--rows 10000000] [--adapter auto] [--runs 5] [--test] [--record file.json]
//
// Kernels over columns on the GPU against the same on the CPU, from a Float32Array and back to one: each
// answer is checked, then both are timed, the GPU end to end with its transfers and by its own clock,
// the CPU on one thread and with a part of the column on every core. Prints a table and from how many
// rows on the GPU is faster. An adapter that computes on the CPU is named and no speed claimed.
//
// Needs dist/ and the addons of this platform, no packages: it runs where there is neither network nor a
// compiler (see scripts/gpu-bundle.mjs). With --test it only checks the answers, on few rows and, where no
// adapter is chosen, on one that computes on the CPU.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { openGpu } from '../dist/device/gpu.js';
import { kernels, when } from '../dist/index.js';

/** A thousand points of 128 dimensions. */
const POINTS = numbers(128_000);
const TAPS = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i) / 256);

/** What is computed: the kernels, how many rows a part of the column must have, and what may differ. */
const WORK = {
  cummax: { make: (k) => k.cummax(), least: 1, near: 0 },
  reduce: { make: (k) => k.reduce(['sum', 'mean', 'min', 'max', 'var']), least: 1, near: 1e-5 },
  'expression, its mean': {
    make: (k) =>
      k.map((x) => when(x.gt(0)).then(x.mul(2).add(1).sqrt()).otherwise(x.abs())).reduce(['mean']),
    least: 1,
    near: 1e-5,
  },
  cumsum: { make: (k) => k.cumsum(), least: 1, near: 1e-3 },
  'rolling mean 1,000': { make: (k) => k.rolling(1000).mean(), least: 2000, near: 1e-4 },
  'rolling std 1,000': { make: (k) => k.rolling(1000).std(), least: 2000, near: 1e-3 },
  'rolling max 1,000': { make: (k) => k.rolling(1000).max(), least: 2000, near: 0 },
  'rolling median 101': { make: (k) => k.rolling(101).median(), least: 202, near: 1e-6 },
  'rolling median 10,001': { make: (k) => k.rolling(10_001).median(), least: 20_002, near: 1e-6 },
  'filter of 256 taps': {
    make: (k) => k.rolling(256).weighted(TAPS),
    least: 512,
    near: 1e-3,
  },
  'spectra of 1,024': { make: (k) => k.powerSpectrum(1024), least: 1024, near: 1e-3 },
  sort: { make: (k) => k.sort(), least: 1, near: 0 },
  'top 100': { make: (k) => k.topK(100), least: 100, near: 0 },
  'histogram 256': { make: (k) => k.histogram({ low: -1, high: 1, bins: 256 }), least: 1, near: 0 },
  'nearest 10 of 1,000 × 128': {
    make: (k) => k.nearest(POINTS, { dimensions: 128, k: 10 }),
    least: 128,
    near: 1e-3,
    most: 1_280_000,
    pick: ({ distances }) => distances,
  },
  'correlation of 256 columns': {
    make: (k) => k.correlation({ columns: 256, n: 1024, every: 512 }),
    least: 262_144,
    near: 1e-3,
    most: 2_621_440,
  },
  'mean of medians': {
    make: (k) => k.rolling(101).median().reduce(['mean']),
    least: 202,
    near: 1e-5,
  },
};

if (isMainThread) await main();
else serve();

async function main() {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '10000000' },
      adapter: { type: 'string' },
      runs: { type: 'string', default: '5' },
      test: { type: 'boolean', default: false },
      record: { type: 'string' },
    },
  });
  const rows = values.test ? 50_000 : Number(values.rows);
  const runs = values.test ? 1 : Number(values.runs);
  const choice = values.adapter ?? process.env.MILLRACE_GPU ?? (values.test ? 'software' : 'auto');
  const gpu = openGpu(choice);
  const isReal = gpu.info.kind !== 'software';
  console.log(
    `adapter: ${gpu.info.name} (${gpu.info.backend}, ${gpu.info.kind}), ${gpu.info.driver}`,
  );
  if (!isReal)
    console.log('it computes on the CPU: answers are checked, and the times claim nothing');
  const most = Math.max(rows, ...Object.values(WORK).map(({ least }) => least));
  const column = numbers(most);
  const cores = values.test ? 1 : availableParallelism();
  const results = [];
  for (const [name, work] of Object.entries(WORK)) {
    const line = await measure(name, work, {
      column: column.subarray(0, Math.max(rows, work.least)),
      runs,
      cores,
      adapter: choice,
      gpu,
      isTest: values.test,
    });
    results.push(line);
    console.log(shown(line));
  }
  if (values.record) {
    const record = { adapter: gpu.info, rows, cores, results };
    writeFileSync(values.record, `${JSON.stringify(record, null, 2)}\n`);
  }
}

/** Checks one answer and times it. */
async function measure(name, work, { column: whole, runs, cores, adapter, gpu, isTest }) {
  const column = whole.subarray(0, Math.min(whole.length, work.most ?? whole.length));
  const { pick = (result) => result } = work;
  const on = (device) => work.make(kernels({ device, adapter }));
  check(name, pick(on('cpu').run(column)), pick(on('gpu').run(column)), work.near);
  const cpu = median(runs, () => on('cpu').run(column));
  const gpuTime = median(runs, () => on('gpu').run(column));
  const kernel = deviceTime(gpu, () => on('gpu').run(column));
  const all = cores > 1 ? await onAllCores(name, column.length, cores, runs) : null;
  const breakEven = isTest ? null : findBreakEven(on, column, work.least);
  return { name, rows: column.length, cpu, allCores: all, gpu: gpuTime, kernel, breakEven };
}

/** Milliseconds that the kernels of a run took by the device's clock; null where it has none. */
function deviceTime({ native, info }, run) {
  if (!info.timestamps) return null;
  native.setTimed(true);
  native.takeNanoseconds();
  run();
  native.setTimed(false);
  return native.takeNanoseconds() / 1e6;
}

/** The least number of rows, by steps of √10, from which on the GPU is faster. */
function findBreakEven(on, column, least) {
  let found = null;
  for (
    let rows = column.length;
    rows >= Math.max(1000, least);
    rows = Math.round(rows / Math.sqrt(10))
  ) {
    const part = column.subarray(0, rows);
    const cpu = median(3, () => on('cpu').run(part));
    const gpu = median(3, () => on('gpu').run(part));
    if (gpu >= cpu) return found;
    found = rows;
  }
  return found;
}

/** Milliseconds that every core takes for its part of the column, all at once. */
async function onAllCores(name, rows, cores, runs) {
  const part = Math.max(WORK[name].least, Math.ceil(rows / cores));
  const workers = Array.from({ length: cores }, () => new Worker(fileURLToPath(import.meta.url)));
  const ask = (worker, message) =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage(message);
    });
  await Promise.all(workers.map((worker) => ask(worker, { name, rows: part })));
  const times = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await Promise.all(workers.map((worker) => ask(worker, 'run')));
    times.push(performance.now() - start);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return middle(times);
}

function serve() {
  let run = () => {};
  parentPort.on('message', (message) => {
    if (message === 'run') run();
    else {
      const column = numbers(message.rows);
      run = () => WORK[message.name].make(kernels()).run(column);
      run();
    }
    parentPort.postMessage('done');
  });
}

/** Numbers within ±1, no two runs of them alike. */
function numbers(rows) {
  let state = 1;
  return new Float32Array(rows).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2_147_483_648;
  });
}

function check(name, wanted, got, near) {
  const [a, b] = [flat(wanted), flat(got)];
  if (a.length === 0) throw new Error(`${name}: there is nothing to check`);
  if (a.length !== b.length) throw new Error(`${name}: wanted ${a.length} values, got ${b.length}`);
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    if (!(off <= near * Math.max(1, Math.abs(a[i]))) && !Object.is(a[i], b[i])) {
      throw new Error(`${name}: at ${i} wanted ${a[i]}, got ${b[i]}`);
    }
  }
}

function flat(result) {
  if (ArrayBuffer.isView(result)) return result;
  return Object.values(result).flatMap((part) => (ArrayBuffer.isView(part) ? [...part] : [part]));
}

function median(runs, call) {
  const times = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    call();
    times.push(performance.now() - start);
  }
  return middle(times);
}

function middle(times) {
  return times.sort((a, b) => a - b)[times.length >> 1];
}

function shown({ name, rows, cpu, allCores, gpu, kernel, breakEven }) {
  const ms = (time) => (time === null ? '–' : time.toFixed(2)).padStart(10);
  const more = `${(cpu / gpu).toFixed(2)}x`.padStart(8);
  const from = breakEven === null ? '' : `, faster from ${breakEven.toLocaleString('en')} rows on`;
  return `${name.padEnd(24)} ${rows.toLocaleString('en').padStart(12)} rows  cpu${ms(cpu)}  all cores${ms(allCores)}  gpu${ms(gpu)}  kernels${ms(kernel)} ms ${more}${from}`;
}
