import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Counts, Engine, Works } from '../work.ts';

/** The interpreter that has streamz: `pip install streamz==0.6.5 pandas`. */
const python = process.env.PYTHON ?? 'python3';

const found = spawnSync(python, ['-c', 'import streamz; print(streamz.__version__)'], {
  encoding: 'utf8',
});
if (found.status !== 0) {
  throw new Error(
    `Cannot run streamz: ${python} does not have it (PYTHON names the interpreter to use)`,
  );
}

/** Starts a script, which says when it is ready; what comes back has it run once and answer. */
async function start(
  script: string,
  args: readonly string[],
  task: string,
): Promise<() => Promise<string>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(python, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(task);
  const ready = await lines.next();
  if (ready.done) throw new Error(`Cannot run ${script}: it ended before it was ready`);
  // It ends when this process does, which closes its input.
  child.unref();
  return async () => {
    child.stdin.write('go\n');
    return (await lines.next()).value as string;
  };
}

/** As {@link start}, of frames whose columns cross in files; answers are read as JSON. */
async function startFrames(
  task: Readonly<Record<string, unknown>>,
  columns: Readonly<Record<string, Float64Array | Int32Array>>,
): Promise<() => Promise<unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const files = Object.entries(columns).map(([name, values]) => {
      const file = join(folder, name);
      writeFileSync(file, values);
      return [name, file];
    });
    const line = JSON.stringify({ ...task, ...Object.fromEntries(files) });
    const run = await start('streamz-frames.py', [], `${line}\n`);
    return async () => JSON.parse(await run());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const engine: Engine = {
  name: 'streamz (Python)',
  version: found.stdout.trim(),
  works: {
    emit: async ({ values }) => {
      // The values are 0 to n - 1, so only their number has to cross.
      const run = await start('streamz-pipeline.py', [String(values.length)], '');
      return {
        emit: async () => {
          const [count, last] = (await run()).split(' ').map(Number);
          return { count: count!, last: last! };
        },
      };
    },

    rolling: async ({ values, batch, n, aggregate, whole }) => {
      if (aggregate !== 'mean')
        throw new Error(`streamz is not asked for the rolling ${aggregate}`);
      const run = await startFrames({ work: 'rolling', batch, n, whole }, { values });
      return {
        'pandas frames': async () => {
          const answer = (await run()) as { rows: number; values: number[] };
          return { rows: answer.rows, values: Float64Array.from(answer.values) };
        },
      } satisfies Record<string, () => Promise<Works['rolling']['answer']>>;
    },

    groupMean: async ({ names, ids, values, batch }) => {
      const run = await startFrames({ work: 'groupMean', batch, names }, { values, ids });
      return { 'pandas frames': async () => (await run()) as Counts<string> };
    },
  },
};
