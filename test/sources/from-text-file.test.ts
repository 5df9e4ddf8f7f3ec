import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fromTextFile, type TextFileOptions } from '../../src/sources/from-text-file.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { until } from '../until.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'));
  path = join(folder, 'text');
});

afterEach(() => rm(folder, { recursive: true }));

/** A file that is followed on virtual time, and what has come of it. */
function follow(options: TextFileOptions = {}) {
  const clock = new VirtualClock();
  const source = fromTextFile(path, { follow: true, clock, ...options });
  const seen = source.sinkToList();
  /** Waits until it has read all there is and sleeps, or has got something more, and wakes it. */
  const poll = async () => {
    const before = seen.length;
    await until(() => clock.pending > 0 || seen.length > before);
    await clock.advance(100);
  };
  return {
    source,
    seen,
    /** Lets time pass until `count` elements have come. */
    async until(count: number): Promise<string[]> {
      while (seen.length < count) await poll();
      return seen;
    },
    /** Lets it look at the file a few times, and find nothing more. */
    async idle(): Promise<string[]> {
      for (let polls = 0; polls < 4; polls++) await poll();
      await until(() => clock.pending > 0);
      return seen;
    },
  };
}

describe('fromTextFile', () => {
  test('emits lines with their delimiter, and at the end the last one without', async () => {
    await writeFile(path, 'one\ntwo\n\nlast');
    for (const file of [path, pathToFileURL(path)]) {
      const source = fromTextFile(file);
      const seen = source.sinkToList();
      await source.start();
      expect(seen).toEqual(['one\n', 'two\n', '\n', 'last']);
      expect(source.state).toBe('ended');
      await source.start();
      expect(seen).toHaveLength(8);
    }
  });

  test('gives the same elements whatever is read at once', async () => {
    const letters = fc.constantFrom('a', '\n', '\r', 'é', '€', '😀');
    await fc.assert(
      fc.asyncProperty(
        fc.array(letters, { maxLength: 40 }).map((all) => all.join('')),
        fc.constantFrom('\n', '\r\n', '€'),
        fc.integer({ min: 1, max: 9 }),
        async (text, delimiter, chunkSize) => {
          await writeFile(path, text);
          const source = fromTextFile(path, { delimiter, chunkSize });
          const seen = source.sinkToList();
          await source.start();
          const parts = text.split(delimiter);
          const last = parts.pop()!;
          const expected = parts.map((part) => part + delimiter);
          expect(seen).toEqual(last === '' ? expected : [...expected, last]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of an empty file emits nothing', async () => {
    await writeFile(path, '');
    const source = fromTextFile(path);
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual([]);
  });

  test('decodes other encodings', async () => {
    await writeFile(path, Buffer.from('né\nñ', 'utf16le'));
    const source = fromTextFile(path, { encoding: 'utf16le', chunkSize: 3 });
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['né\n', 'ñ']);
  });

  test('reads no further while the graph has not accepted', async () => {
    await writeFile(path, 'x\n'.repeat(1000));
    const handle = await open(path);
    const reads: number[] = [];
    const read = handle.read.bind(handle);
    handle.read = ((...args: Parameters<typeof read>) => {
      reads.push(seen);
      return read(...args);
    }) as typeof handle.read;
    let seen = 0;
    const source = fromTextFile(handle, { chunkSize: 100 });
    source.sink(async () => {
      await undefined;
      seen++;
    });
    await source.start();
    expect(reads).toEqual(
      Array.from({ length: 21 }, (_, i) => i * 50).map((n) => Math.min(n, 1000)),
    );
    await handle.close();
  });

  test('holds one chunk, and no more, of a file that is read much faster than it is used', async () => {
    const line = `${'x'.repeat(99)}\n`;
    await writeFile(path, line.repeat(200_000));
    const source = fromTextFile(path);
    let lines = 0;
    let most = 0;
    source.sink(async () => {
      lines++;
      most = Math.max(most, source.bytesHeld);
      // A hundred times as long as a line takes.
      for (let turn = 0; turn < 100; turn++) await undefined;
      if (lines === 5000) void source.stop();
    });
    await source.start();
    expect(lines).toBe(5000);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(65_536);
    expect(source.bytesHeld).toBeLessThanOrEqual(65_536);
  });

  test('leaves out what has no delimiter for long, with bounded memory', async () => {
    // Nothing but a length: the system reads zeros.
    await writeFile(path, '');
    await truncate(path, 2 ** 26);
    await appendFile(path, '\nlast\n');
    let most = 0;
    const errors: unknown[] = [];
    const source = fromTextFile(path, {
      maxLength: 1_000_000,
      chunkSize: 1_048_576,
      onError: (error) => {
        errors.push(error);
        most = Math.max(most, source.bytesHeld);
      },
    });
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['last\n']);
    expect(errors).toMatchObject([{ code: 'ERR_TEXT_TOO_LONG' }]);
    expect(most).toBeLessThanOrEqual(2_097_152);
  });

  test('reads a handle from where it stands and leaves it open', async () => {
    await writeFile(path, 'skipped\nread\n');
    const handle = await open(path);
    await handle.read(Buffer.alloc(8), 0, 8);
    const source = fromTextFile(handle);
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['read\n']);
    expect((await handle.stat()).size).toBe(13);
    await handle.close();
  });

  test('stops between two lines and goes on with the next', async () => {
    await writeFile(path, 'a\nb\nc\nd');
    const source = fromTextFile(path, { chunkSize: 3 });
    const seen: string[] = [];
    source.sink((line) => {
      seen.push(line);
      void source.stop();
    });
    for (const state of ['stopped', 'stopped', 'stopped', 'stopped', 'ended']) {
      await source.start();
      expect(source.state).toBe(state);
    }
    expect(seen).toEqual(['a\n', 'b\n', 'c\n', 'd']);
  });

  // streamz D21 and D28: there an error left the source dead and its file open.
  test('fails with an error downstream and goes on behind the line', async () => {
    await writeFile(path, 'a\nb\nc');
    const source = fromTextFile(path);
    const seen: string[] = [];
    source.sink((line) => {
      if (line === 'b\n') throw new Error('no b');
      seen.push(line);
    });
    await expect(source.start()).rejects.toThrow('no b');
    expect(source.state).toBe('failed');
    await source.start();
    expect(seen).toEqual(['a\n', 'c']);
  });

  test('names a file that is not there, and reads it once it is', async () => {
    const source = fromTextFile(path);
    const seen = source.sinkToList();
    await expect(source.start()).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'ERR_IO',
      message: `Cannot read text from '${path}': ENOENT: no such file or directory, open '${path}'`,
      cause: { code: 'ENOENT' },
    });
    expect(source.state).toBe('failed');
    await writeFile(path, 'here');
    await source.start();
    expect(seen).toEqual(['here']);
  });

  test('fails on a folder', async () => {
    await mkdir(path);
    await expect(fromTextFile(path).start()).rejects.toMatchObject({ code: 'ERR_IO' });
  });

  test('leaves out a line past the limit, and fails or skips by onError', async () => {
    await writeFile(path, 'short\nmuch too long\nfine\n');
    const source = fromTextFile(path, { maxLength: 8, chunkSize: 4 });
    const seen = source.sinkToList();
    await expect(source.start()).rejects.toMatchObject({ code: 'ERR_TEXT_TOO_LONG' });
    await source.start();
    expect(seen).toEqual(['short\n', 'fine\n']);

    const errors: unknown[] = [];
    const lenient = fromTextFile(path, {
      maxLength: 8,
      onError: (error) => void errors.push(error),
    });
    const kept = lenient.sinkToList();
    await lenient.start();
    expect(kept).toEqual(['short\n', 'fine\n']);
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_TEXT_TOO_LONG' })]);
  });

  describe('with follow', () => {
    test('emits what is appended, a line when its delimiter has come', async () => {
      await writeFile(path, 'one\ntw');
      const { source, seen, until, idle } = follow();
      const done = source.start();
      expect(await until(1)).toEqual(['one\n']);
      expect(await idle()).toEqual(['one\n']);
      await appendFile(path, 'o\nthree\n');
      expect(await until(3)).toEqual(['one\n', 'two\n', 'three\n']);
      await source.stop();
      await done;
      expect(seen).toHaveLength(3);
      expect(source.state).toBe('stopped');
    });

    test('fromEnd sends only what is written later', async () => {
      await writeFile(path, 'old\n');
      const { source, until, idle } = follow({ fromEnd: true });
      const done = source.start();
      expect(await idle()).toEqual([]);
      await appendFile(path, 'new\n');
      expect(await until(1)).toEqual(['new\n']);
      await source.stop();
      await done;
    });

    // streamz D28: there a rotated or truncated file was never noticed.
    test('reads a rotated file to its end, then the new one', async () => {
      await writeFile(path, 'a\nb');
      const { source, until } = follow();
      const done = source.start();
      await until(1);
      await rename(path, `${path}.1`);
      await appendFile(`${path}.1`, 'b\nlast words');
      await writeFile(path, 'c\n');
      expect(await until(4)).toEqual(['a\n', 'bb\n', 'last words', 'c\n']);
      await appendFile(path, 'd\n');
      expect((await until(5)).at(-1)).toBe('d\n');
      await source.stop();
      await done;
    });

    test('keeps waiting while the path leads nowhere', async () => {
      await writeFile(path, 'a\n');
      const { source, until, idle } = follow();
      const done = source.start();
      await until(1);
      await rename(path, `${path}.1`);
      expect(await idle()).toEqual(['a\n']);
      expect(source.state).toBe('running');
      await writeFile(path, 'b\n');
      expect(await until(2)).toEqual(['a\n', 'b\n']);
      await source.stop();
      await done;
    });

    test('begins a file that was cut back again from its start', async () => {
      await writeFile(path, 'first\nsecond\nhalf');
      const { source, until } = follow();
      const done = source.start();
      await until(2);
      await truncate(path, 0);
      await appendFile(path, 'anew\n');
      expect(await until(4)).toEqual(['first\n', 'second\n', 'half', 'anew\n']);
      await source.stop();
      await done;
    });

    test('goes on after a stop, also when the file was replaced or cut back meanwhile', async () => {
      await writeFile(path, 'one\ntw');
      const { source, until } = follow();
      let done = source.start();
      await until(1);
      await source.stop();
      await done;
      await appendFile(path, 'o\n');
      done = source.start();
      expect(await until(2)).toEqual(['one\n', 'two\n']);
      await source.stop();
      await done;
      await rename(path, `${path}.1`);
      await writeFile(path, 'three, which is longer\n');
      done = source.start();
      expect((await until(3)).at(-1)).toBe('three, which is longer\n');
      await source.stop();
      await done;
      await writeFile(path, 'four\n');
      done = source.start();
      expect((await until(4)).at(-1)).toBe('four\n');
      await source.stop();
      await done;
    });
  });

  test.each([
    [5, {}, 'file must be a path, a file: URL or a FileHandle, got 5'],
    ['f', { delimiter: '' }, 'delimiter must be a string of 1 character or more, got ""'],
    ['f', { chunkSize: 0 }, 'chunkSize must be a positive integer, got 0'],
    ['f', { maxLength: 1.5 }, 'maxLength must be a positive integer, got 1.5'],
    [
      'f',
      { encoding: 'base64' },
      'encoding must be "utf8" or "utf16le" or "latin1" or "ascii", got "base64"',
    ],
    ['f', { tail: true }, '"tail" is not an option, wanted name, clock, onError, end, delimiter'],
    ['f', { pollInterval: -1 }, 'a duration must be finite and not negative, got -1'],
  ])('refuses (%j, %j)', (file, options, message) => {
    expect(() => fromTextFile(file as never, options as never)).toThrow(
      `Cannot create fromTextFile: ${message}`,
    );
  });
});
