import benny from 'benny';
import { difference } from './difference.ts';
import type { Suite } from './suite.ts';
import { suites } from './suites/index.ts';
import { warm } from './warm.ts';
import type { Engine, Forms, Prepare, WorkName } from './work.ts';

/** What a worker says about one suite. */
export type Message =
  | { kind: 'engine'; name: string; version: string }
  | { kind: 'absent'; reason: string }
  | { kind: 'passed'; suite: string }
  | { kind: 'failed'; suite: string; reason: string }
  | {
      kind: 'timed';
      suite: string;
      elements: number;
      forms: { form: string; seconds: number[] }[];
    };

const [module, mode, ...names] = process.argv.slice(2);

await main();
// Rivals may hold the process open: a Python child, a thread pool.
process.disconnect();
process.exit();

async function main(): Promise<void> {
  const engine = await load();
  if (engine === undefined) return;
  await send({ kind: 'engine', name: engine.name, version: engine.version });
  for (const suite of suites.filter(({ name }) => names.includes(name))) {
    try {
      if (mode === 'time') await warm(engine);
      await send(await run(engine, suite));
    } catch (error) {
      await send({ kind: 'failed', suite: suite.name, reason: String(error) });
    }
  }
}

async function load(): Promise<Engine | undefined> {
  try {
    return ((await import(`./engines/${module}.ts`)) as { engine: Engine }).engine;
  } catch (error) {
    await send({ kind: 'absent', reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Checks the answer of each form of the engine, then times it unless only the answers are asked. */
async function run(engine: Engine, suite: Suite): Promise<Message> {
  const task = suite.task(mode === 'time' ? 'full' : 'small');
  const prepare = engine.works[suite.work] as Prepare<WorkName> | undefined;
  if (prepare === undefined) throw new Error(`${engine.name} cannot do ${suite.work}`);
  const forms = await prepare(task);
  const expected = await suite.expected(task);
  for (const [form, answer] of Object.entries(forms)) {
    const wrong = difference(await answer(), expected);
    if (wrong !== undefined) throw new Error(`${form}: ${wrong}`);
  }
  if (mode === 'test') return { kind: 'passed', suite: suite.name };
  return {
    kind: 'timed',
    suite: suite.name,
    elements: suite.elements(task),
    forms: await time(suite.name, forms),
  };
}

async function time(name: string, forms: Forms<unknown>) {
  const summary = await benny.suite(
    name,
    // A run takes milliseconds to seconds, and other processes bring further samples.
    benny.configure({ cases: { minSamples: 3, maxTime: 1 } }),
    ...Object.entries(forms).map(([form, run]) => benny.add(form, () => run())),
  );
  return summary.results.map(({ name, details }) => ({
    form: name,
    seconds: details.sampleResults,
  }));
}

function send(message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
