import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filenames, VirtualClock } from '../../src/index.ts';
import { until } from '../until.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-names-'));
});

afterAll(() => rm(root, { recursive: true }));

async function folder(name: string, files: readonly string[]): Promise<string> {
  const path = join(root, name);
  await mkdir(path, { recursive: true });
  for (const file of files) {
    await mkdir(join(path, file, '..'), { recursive: true });
    await writeFile(join(path, file), '');
  }
  return path;
}

describe('filenames()', () => {
  it.each([
    ['', ['a.csv', 'b.csv', 'c.txt']],
    ['*.csv', ['a.csv', 'b.csv']],
    ['?.txt', ['c.txt']],
    ['[ab].csv', ['a.csv', 'b.csv']],
    ['[!a].csv', ['b.csv']],
    ['{a,c}.*', ['a.csv', 'c.txt']],
    ['*/*.csv', ['x/d.csv']],
    ['**/*.csv', ['a.csv', 'b.csv', 'x/d.csv', 'x/y/e.csv']],
    ['**/y/**', ['x/y/e.csv']],
    ['x/**', ['x/d.csv', 'x/y/e.csv']],
    ['.*', ['.hidden']],
    ['no/such/*', []],
    ['a.csv/*', []],
    ['(odd)+[1].txt', ['(odd)+1.txt']],
  ])('finds %j', async (pattern, expected) => {
    const files = ['a.csv', 'b.csv', 'c.txt', 'x/d.csv', 'x/y/e.csv', '.hidden'];
    if (pattern.startsWith('(')) files.push('(odd)+1.txt');
    const path = await folder(pattern.startsWith('(') ? 'odd' : 'tree', files);
    const source = filenames(join(path, pattern), { follow: false });
    const seen = source.map((name) => relative(path, name)).sinkToList();
    await source.start();
    expect(seen).toEqual(expected);
    expect(source.state).toBe('ended');
  });

  it('emits what appears later, and again what went away and came back', async () => {
    const clock = new VirtualClock();
    const path = join(root, 'later');
    const source = filenames(path, { clock, pollInterval: '1s' });
    const seen = source.map((name) => relative(path, name)).sinkToList();
    void source.start();
    const look = async (expected: number) => {
      await clock.advance('1s');
      await until(() => seen.length === expected && clock.pending === 1);
    };
    await until(() => clock.pending === 1);
    await folder('later', ['b', 'a']);
    await look(2);
    await folder('later', ['c']);
    await look(3);
    await rm(join(path, 'a'));
    await look(3);
    await folder('later', ['a']);
    await look(4);
    await source.stop();
    expect(seen).toEqual(['a', 'b', 'c', 'a']);
    expect(clock.pending).toBe(0);
  });

  it('goes on after a stop where it left off', async () => {
    const path = await folder('stopped', ['a', 'b', 'c']);
    const source = filenames(path, { follow: false });
    const seen: string[] = [];
    source.sink((name: string) => {
      if (seen.push(relative(path, name)) === 2) void source.stop();
    });
    await source.start();
    await source.start();
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('refuses wrong arguments', () => {
    expect(() => filenames('')).toThrow('Cannot create filenames: path');
    expect(() => filenames('a{b')).toThrow('no pattern');
    expect(() => filenames('a', { folow: true } as never)).toThrow('folow');
  });
});
