import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runExample } from './run-example.ts';

test('walk lists every file of a tree, folder by folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-walk-'));
  try {
    await mkdir(join(root, 'a', 'deep', 'deeper'), { recursive: true });
    await mkdir(join(root, 'empty'));
    for (const path of ['z.txt', 'a/1.txt', 'a/deep/deeper/2.txt', 'a/deep/3.txt']) {
      await writeFile(join(root, path), '');
    }
    expect((await runExample('walk', root)).trim().split('\n')).toEqual([
      'z.txt',
      'a/1.txt',
      'a/deep/3.txt',
      'a/deep/deeper/2.txt',
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
});
