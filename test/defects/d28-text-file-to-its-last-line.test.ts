import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromTextFile } from '../../src/index.ts';
import { until } from '../until.ts';

describe('D28, streamz reads a text file at one go, and loses its last line and its successor', () => {
  it('the last line is emitted, and the file is read no further than the graph accepts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-d28-'));
    const file = join(folder, 'in.txt');
    await writeFile(file, `${'x\n'.repeat(100_000)}last`);
    const source = fromTextFile(file, { chunkSize: 1024 });
    let count = 0;
    let last = '';
    source.sink((line: string) => {
      count++;
      last = line;
      // What is behind the chunk that is being delivered was not read: it can still be changed.
      if (count === 10) return writeFile(file, `${'x\n'.repeat(2000)}last`);
      return undefined;
    });
    await source.start();
    expect([count, last]).toEqual([2001, 'last']);
    await rm(folder, { recursive: true });
  });

  it('rotation is followed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-d28-'));
    const file = join(folder, 'in.txt');
    await writeFile(file, 'a\n');
    const source = fromTextFile(file, { follow: true, pollInterval: 1 });
    const seen = source.sinkToList();
    const done = source.start();
    await until(() => seen.length === 1);
    await rename(file, `${file}.1`);
    await appendFile(`${file}.1`, 'b\n');
    await writeFile(file, 'c\n');
    await until(() => seen.length === 3);
    await source.stop();
    await done;
    expect(seen).toEqual(['a\n', 'b\n', 'c\n']);
    await rm(folder, { recursive: true });
  });
});
