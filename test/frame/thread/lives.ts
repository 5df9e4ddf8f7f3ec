// The lives of processes with plans on threads, one for each name; run by process.test.ts.
import { readdirSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Series } from '../../../src/index.ts';

/** This file in a worker, which does not read TypeScript by itself. */
function work(name: string): Worker {
  const code = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(import.meta.url)}, 'file:///'))`;
  return new Worker(code, { eval: true, workerData: name });
}

const values = Float64Array.from({ length: 20_000 }, (_, i) => Math.sin(i));

/** Rolling medians: some milliseconds for each batch. */
function medians(count: () => unknown) {
  const series = new Series('f64', { thread: true });
  series.rolling(1000).median().sink(count);
  return series;
}

const lives: Record<string, () => unknown> = {
  /** A thread that has nothing to do keeps no process alive. */
  async idle() {
    const series = medians(() => {});
    await series.emit(values);
    await series.flush();
    console.log('ready');
  },

  /** One that has results to deliver does, though nobody waits for them. */
  pending() {
    let results = 0;
    const series = medians(() => {
      results++;
    });
    for (let i = 0; i < 200; i++) series.emit(values.subarray(0, 2000));
    process.on('exit', () => console.log(`${results} results`));
  },

  /** Nor does the graph go away that they are of. */
  forgotten() {
    let results = 0;
    (() => {
      const series = medians(() => {
        results++;
      });
      for (let i = 0; i < 50; i++) series.emit(values.subarray(0, 2000));
    })();
    globalThis.gc?.();
    setImmediate(() => globalThis.gc?.());
    process.on('exit', () => console.log(`${results} results`));
  },

  /** A promise of a sink that nothing will settle is no reason to stay. */
  held() {
    const series = medians(() => new Promise(() => {}));
    for (let i = 0; i < 5; i++) series.emit(values);
    process.on('exit', () => console.log('left'));
  },

  /** `exit` does not wait for what a thread is at. */
  running() {
    const series = medians(() => {});
    for (let i = 0; i < 10; i++) series.emit(new Float64Array(1_000_000));
    console.log('leaving');
    process.exit(0);
  },

  worker() {
    const worker = work('work');
    let said = '';
    worker.on('message', (results) => {
      said = `worker: ${results} results`;
    });
    worker.on('exit', (code) => console.log(`${said}, exit ${code}`));
  },

  /** In a worker. */
  work() {
    let results = 0;
    const series = medians(() => {
      results++;
      if (results === 20) parentPort?.postMessage(results);
    });
    for (let i = 0; i < 20; i++) series.emit(values);
  },

  /** In a worker that is ended while its threads work. */
  work2() {
    const all = Array.from({ length: 4 }, () => medians(() => {}));
    parentPort?.postMessage('working');
    for (let i = 0; ; i++) all[i % 4]!.emit(values);
  },

  async terminated() {
    for (let i = 0; i < 3; i++) {
      const worker = work('work2');
      await new Promise((resolve) => worker.once('message', resolve));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await worker.terminate();
    }
    console.log('terminated');
    const series = new Series('f64', { thread: true });
    series.sum().sink((sum) => console.log(`main: ${sum}`));
    await series.emit([1, 2]);
    await series.flush();
  },

  /** Threads of graphs that nobody has any more come to an end. */
  async collected() {
    for (let i = 0; i < 200; i++) {
      const series = new Series('f64', { thread: true });
      series.sum().sink(() => {});
      await series.emit([1]);
      await series.flush();
      if (i % 20 === 0) await collect();
    }
    const threads = () => readdirSync('/proc/self/task').length;
    for (let i = 0; i < 100 && threads() > 60; i++) await collect();
    console.log(threads() > 60 ? `${threads()} threads` : 'few threads');
  },

  uncaught() {
    const series = new Series('i64', { thread: true });
    series.sum().sink(() => {});
    series.emit([2n ** 62n, 2n ** 62n]);
  },
};

async function collect() {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
}

lives[isMainThread ? process.argv[2]! : (workerData as string)]!();
