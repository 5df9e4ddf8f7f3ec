import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Stream, toTextFile } from '../../src/index.ts';
import { until } from '../until.ts';

/** The files that this process has open, on systems that say so. */
async function openFiles(): Promise<string[]> {
  const folder = '/proc/self/fd';
  const links = (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => ''));
  return Promise.all(links);
}

describe('D25, streamz neither flushes nor closes the text file of a sink', () => {
  it('what is acknowledged is in the file, without the file being closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-d25-'));
    const file = join(folder, 'out.txt');
    const source = new Stream<string>();
    const stream = source.to(toTextFile(file));
    await new Promise<void>((resolve) => source.emit('a', { acknowledge: () => resolve() }));
    expect(await readFile(file, 'utf8')).toBe('a\n');
    if (process.platform === 'linux') {
      expect(await openFiles()).toContain(file);
      stream.destroy();
      let open = true;
      while (open) open = (await openFiles()).includes(file);
      await until(() => !open);
    }
    await rm(folder, { recursive: true });
  });
});
