import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../work.ts';

/** The interpreter that has streamz: `pip install streamz==0.6.5`. */
const python = process.env.PYTHON ?? 'python3';

const found = spawnSync(python, ['-c', 'import streamz; print(streamz.__version__)'], {
  encoding: 'utf8',
});
if (found.status !== 0) {
  throw new Error(
    `Cannot run streamz: ${python} does not have it (PYTHON names the interpreter to use)`,
  );
}

export const engine: Engine = {
  name: 'streamz (Python)',
  version: found.stdout.trim(),
  works: {
    emit: async ({ values }) => {
      const script = fileURLToPath(new URL('streamz-pipeline.py', import.meta.url));
      // The values are 0 to n - 1, so only their number has to cross.
      const child = spawn(python, [script, String(values.length)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      await lines.next();
      // It ends when this process does, which closes its input.
      child.unref();
      return {
        emit: async () => {
          child.stdin.write('go\n');
          const line = await lines.next();
          const [count, last] = (line.value as string).split(' ').map(Number);
          return { count: count!, last: last! };
        },
      };
    },
  },
};
