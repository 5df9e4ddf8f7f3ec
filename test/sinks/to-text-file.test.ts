import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fromTextFile,
  Stream,
  type TextFileSinkOptions,
  toTextFile,
  VirtualClock,
} from '../../src/index.ts';
import { until } from '../until.ts';

let folder: string;
let next = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-write-'));
});

afterAll(() => rm(folder, { recursive: true }));

function make(options: TextFileSinkOptions<string> = {}, path = join(folder, `${++next}.txt`)) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const source = new Stream<string>({ clock, onError: (error) => void errors.push(error) });
  const stream = source.to(toTextFile(path, options));
  const read = () => readFile(path, 'utf8');
  return { clock, errors, source, stream, path, read };
}

describe('toTextFile()', () => {
  it('writes elements with a delimiter, behind what is there', async () => {
    const { source, path, read } = make({ delimiter: '\r\n' });
    await writeFile(path, 'before\r\n');
    source.emitMany(['ä', 'b']);
    await source.end();
    expect(await read()).toBe('before\r\nä\r\nb\r\n');
  });

  it('empties the file first where told to, and only the first time', async () => {
    const { source, path, read } = make({ append: false });
    await writeFile(path, 'before\n');
    source.emit('a');
    await source.stop({ drain: true });
    source.emit('b');
    await source.end();
    expect(await read()).toBe('a\nb\n');
  });

  it('begins behind a line that was torn', async () => {
    const { source, path, read } = make();
    await writeFile(path, 'whole\nto');
    source.emitMany(['a', 'b']);
    await source.end();
    expect(await read()).toBe('whole\nto\na\nb\n');
  });

  it.each(['batch', 'close', 'never'] as const)('writes everything with sync %j', async (sync) => {
    const { source, read } = make({ sync, batch: { size: 3 } });
    for (let i = 0; i < 100; i++) await source.emit(`${i}`);
    await source.end();
    expect(await read()).toBe([...Array(100).keys(), ''].join('\n'));
  });

  it('has written what it acknowledges', async () => {
    const { source, read } = make();
    const acknowledged = new Promise<void>((resolve) => {
      source.emit('a', { acknowledge: () => resolve() });
    });
    await acknowledged;
    expect(await read()).toBe('a\n');
    source.destroy();
  });

  it('writes with a linger what came in that time, and at the end at once', async () => {
    const { clock, source, path, read } = make({ batch: { linger: '1s' } });
    source.emit('a');
    await clock.advance('999ms');
    expect(existsSync(path)).toBe(false);
    await clock.advance('1ms');
    source.emit('b');
    await source.end();
    expect(await read()).toBe('a\nb\n');
    expect(clock.pending).toBe(0);
  });

  it('rotates by size, between batches, and keeps so many', async () => {
    const { source, path } = make({ rotate: { size: 10, keep: 2 }, batch: { size: 1 } });
    for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff', 'gggg', 'longer than ten'])
      await source.emit(text);
    await source.end();
    const names = (await readdir(folder)).filter((name) => name.startsWith(`${next}.txt`)).sort();
    expect(names).toEqual([`${next}.txt`, `${next}.txt.3`, `${next}.txt.4`]);
    expect(await readFile(`${path}.3`, 'utf8')).toBe('eeee\nffff\n');
    expect(await readFile(`${path}.4`, 'utf8')).toBe('gggg\n');
    expect(await readFile(path, 'utf8')).toBe('longer than ten\n');
  });

  it('rotates by time', async () => {
    const { clock, source, path } = make({ rotate: { every: '1h' } });
    await new Promise<void>((resolve) => {
      source.emit('b', { acknowledge: () => resolve() });
    });
    await clock.advance('1h');
    source.emit('c');
    await source.end();
    expect(await readFile(`${path}.1`, 'utf8')).toBe('b\n');
    expect(await readFile(path, 'utf8')).toBe('c\n');
  });

  it('rotates under a reader that follows, which misses nothing', async () => {
    const { source, path } = make({ rotate: { size: 100 }, batch: { size: 3 } });
    await writeFile(path, '');
    const reader = fromTextFile(path, { follow: true, pollInterval: 1 });
    const seen = reader.map((line) => Number(line)).sinkToList();
    void reader.start();
    for (let i = 0; i < 300; i++) {
      await source.emit(`${i}`);
      // One rotation at a time: a reader sees the file at a path, not those that came and went.
      if (i % 20 === 19) await until(() => seen.length >= i - 5);
    }
    await source.end();
    await until(() => seen.length === 300);
    await reader.stop();
    expect(seen).toEqual([...Array(300).keys()]);
  });

  it('reports a full disk, acknowledges negatively and goes on', async () => {
    const { errors, source } = make({}, '/dev/full');
    const acknowledged: unknown[] = [];
    source.emit('a', { acknowledge: (error) => acknowledged.push(error) });
    await source.end();
    expect(errors).toMatchObject([
      { code: 'ERR_IO', message: expect.stringMatching("Cannot write to '/dev/full': .*ENOSPC") },
    ]);
    expect(acknowledged).toEqual(errors);
  });

  it('reports a folder that is not there, and an element that is no text', async () => {
    const { errors, source, stream } = make({}, join(folder, 'no', 'such'));
    source.emit('a');
    expect(() => source.emit(1 as never)).toThrow('elements must be strings');
    await source.stop({ drain: true });
    expect(errors).toMatchObject([{ code: 'ERR_IO' }]);
    stream.onError('skip');
    source.emit('b');
    await source.end();
    expect(errors).toHaveLength(1);
  });

  it('writes what format makes of elements', async () => {
    const path = join(folder, 'formatted');
    const source = new Stream<{ x: number }>();
    source.to(toTextFile<{ x: number }>(path, { format: ({ x }) => `x=${x}` }));
    source.emit({ x: 1 });
    await source.end();
    expect(await readFile(path, 'utf8')).toBe('x=1\n');
  });

  it('refuses wrong arguments', () => {
    expect(() => toTextFile('')).toThrow('file must be a path');
    expect(() => toTextFile('a', { sync: 'always' as never })).toThrow('sync');
    expect(() => toTextFile('a', { rotate: { size: 0 } })).toThrow('rotate.size');
    expect(() => toTextFile('a', { concurrency: 2 } as never)).toThrow('concurrency');
  });
});
