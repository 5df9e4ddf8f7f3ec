import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type EngineResult, record, type SuiteResult, table } from './report.ts';
import type { Suite } from './suite.ts';
import { suites as all } from './suites/index.ts';
import type { Message } from './worker.ts';

const { values: options } = parseArgs({
  options: {
    /** Check every engine's answers on small inputs and time nothing. */
    test: { type: 'boolean', default: false },
    /** The suites to run, by name; all of them unless given. */
    only: { type: 'string', multiple: true },
    /** How many processes of each engine are timed, in turn with those of its rivals. */
    rounds: { type: 'string', default: '3' },
    /** Keep the results, and bring the README's table up to date; other suites stand as they were. */
    record: { type: 'boolean', default: false },
  },
});

const chosen = all.filter(({ name }) => options.only?.includes(name) ?? true);
if (chosen.length === 0) {
  const names = all.map(({ name }) => name).join(', ');
  throw new RangeError(`Cannot run ${options.only?.join(', ')}: --only takes one of ${names}`);
}
const possible = chosen.filter(({ name, lacks }) => {
  const lack = lacks?.();
  if (lack !== undefined) console.warn(`${name} is not run: ${lack}`);
  return lack === undefined;
});
process.exitCode = (await (options.test ? check(possible) : measure(possible))) ? 0 : 1;

/** Runs one engine in a process of its own, so that no library warms up or spoils another. */
async function work(engine: string, mode: 'test' | 'time', names: string[]): Promise<Message[]> {
  const child = fork(new URL('worker.ts', import.meta.url), [engine, mode, ...names], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Both are read when the libraries are loaded: rivals run on one thread, as millrace does.
    env: { ...process.env, POLARS_MAX_THREADS: '1', RAYON_NUM_THREADS: '1' },
  });
  const messages: Message[] = [];
  child.on('message', (message) => messages.push(message as Message));
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0) {
    const said = messages.flatMap((message) => ('suite' in message ? [message.suite] : []));
    const suite = names.find((name) => !said.includes(name));
    const reason = `its process ended with ${signal ?? code}`;
    if (suite !== undefined) messages.push({ kind: 'failed', suite, reason });
  }
  return messages;
}

async function check(suites: readonly Suite[]): Promise<boolean> {
  const engines = [...new Set(suites.flatMap(({ engines }) => engines))];
  let passed = 0;
  let failed = 0;
  for (const engine of engines) {
    const names = suites.filter((suite) => suite.engines.includes(engine)).map(({ name }) => name);
    for (const message of await work(engine, 'test', names)) {
      if (message.kind === 'passed') passed++;
      if (message.kind === 'failed') {
        failed++;
        console.error(`failed: ${engine}, ${message.suite}: ${message.reason}`);
      }
      if (message.kind === 'absent') {
        // Rivals may be missing on a platform; millrace may not.
        if (engine === 'millrace') failed++;
        console.error(`${engine} did not run: ${message.reason}`);
      }
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

async function measure(suites: readonly Suite[]): Promise<boolean> {
  const results: SuiteResult[] = [];
  const problems = new Set<string>();
  for (const suite of suites) {
    const engines = new Map<string, EngineResult>();
    let elements = 0;
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const module of suite.engines) {
        let name = module;
        let version = '';
        for (const message of await work(module, 'time', [suite.name])) {
          if (message.kind === 'engine') ({ name, version } = message);
          if (message.kind === 'absent') problems.add(`${module} did not run: ${message.reason}`);
          if (message.kind === 'failed') problems.add(`${name}, ${suite.name}: ${message.reason}`);
          if (message.kind === 'timed') {
            elements = message.elements;
            const result = engines.get(name) ?? { engine: name, version, rounds: [] };
            result.rounds[round] = message.forms;
            engines.set(name, result);
          }
        }
      }
    }
    const result: SuiteResult = {
      name: suite.name,
      title: suite.title,
      elements,
      targets: suite.targets,
      engines: [...engines.values()],
    };
    results.push(result);
    console.log(table([result]));
  }
  for (const problem of problems) console.error(problem);
  if (options.record) {
    const names = all.map(({ name }) => name);
    for (const file of record(results, [...problems], names)) console.log(`wrote ${file}`);
  }
  return problems.size === 0;
}
