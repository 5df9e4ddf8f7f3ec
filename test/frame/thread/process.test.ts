// What a thread does to the life of its process: each case is a process of its own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('./lives.ts', import.meta.url));

function live(name: string) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', script, name],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { status, signal, stdout, stderr };
}

describe('a process', { timeout: 120_000 }, () => {
  it.each([
    ['idle', 'ready\n'],
    ['pending', '200 results\n'],
    ['forgotten', '50 results\n'],
    ['held', 'left\n'],
    ['running', 'leaving\n'],
    ['worker', 'worker: 20 results, exit 0\n'],
    ['terminated', 'terminated\nmain: 3\n'],
    ['collected', 'few threads\n'],
  ])('%s', (name, output) => {
    expect(live(name)).toEqual({ status: 0, signal: null, stdout: output, stderr: '' });
  });

  it('ends with the error that nobody takes', () => {
    const { status, stderr } = live('uncaught');
    expect(status).toBe(1);
    expect(stderr).toContain('ERR_OVERFLOW');
    expect(stderr).toMatch(/MillraceError: Cannot /);
  });
});
