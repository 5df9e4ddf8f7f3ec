import { type FileHandle, open, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../errors.ts';
import { describe, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import {
  type DelimitedText,
  TEXT_OPTIONS,
  type TextOptions,
  textCutter,
} from './delimited-text.ts';
import { sendComplete, sendLast } from './send-texts.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** Options of {@link fromTextFile}. */
export interface TextFileOptions extends SourceOptions, TextOptions {
  /** Begin at the present end of the file and send only what is written later. Default: false. */
  readonly fromEnd?: boolean;
  /** Wait for more at the end of the file instead of ending. Default: false. */
  readonly follow?: boolean;
  /** With `follow`: how long to wait before looking again. Default: 100 ms. */
  readonly pollInterval?: Duration;
  /** Bytes read at once, 1 or more. Default: 65,536. */
  readonly chunkSize?: number;
}

const TEXT_FILE_OPTIONS = [
  ...SOURCE_OPTIONS,
  ...TEXT_OPTIONS,
  'fromEnd',
  'follow',
  'pollInterval',
  'chunkSize',
];

/**
 * A source of the lines of a text file, or of what another delimiter separates.
 *
 * `file`: a path, a `file:` URL, or a FileHandle of `node:fs/promises`. Emits one string per line
 * with its delimiter, as it stands in the file, without a byte order mark at its start; a last line
 * without a delimiter is emitted at the end. One longer than `maxLength` (default 16,777,216) is left out.
 * The file is read a chunk at a time and no further while the graph has not accepted what was read; see
 * `bytesHeld`.
 *
 * With `follow` the source does not end: it looks for more every `pollInterval`. A file that was
 * replaced (rotated) is read to its end and the new one from its start; one that was cut back is
 * read from its start again. A line without its delimiter waits for the rest, and is emitted as it
 * is when its file is replaced or cut back.
 *
 * A path is opened by `start()` and closed when the run is over; `start()` after `stop()` or an
 * error goes on behind the last line sent. A handle is read from where it stands and stays open; its
 * replacement goes unnoticed. Reading a terminal or a pipe, `stop()` takes effect with the next
 * input.
 *
 * Throws a TypeError or RangeError for a wrong argument. A file that cannot be opened or read fails
 * the source with a MillraceError (`ERR_IO`) whose `cause` is the system's error.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, rm, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { fromTextFile } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * await writeFile(join(folder, 'words.txt'), 'to be\nor not');
 *
 * const lines = fromTextFile(join(folder, 'words.txt'));
 * const seen = lines.sinkToList();
 * await lines.start();
 * assert.deepEqual(seen, ['to be\n', 'or not']);
 * await rm(folder, { recursive: true });
 * ```
 */
export function fromTextFile(
  file: string | URL | FileHandle,
  options: TextFileOptions = {},
): TextFileSource {
  return new TextFileSource(file, options);
}

/** What {@link fromTextFile} returns. */
export class TextFileSource extends Source<string> {
  readonly #file: string | URL | FileHandle;
  readonly #newText: (atFileStart: boolean) => DelimitedText;
  readonly #fromEnd: boolean;
  readonly #follow: boolean;
  readonly #pollInterval: number;
  readonly #chunkSize: number;
  /** Where the run before left off; nothing before the first and after the end. */
  #progress: Progress | undefined;

  constructor(file: string | URL | FileHandle, options: TextFileOptions = {}) {
    if (typeof file !== 'string' && !(file instanceof URL) && !isHandle(file)) {
      throw new TypeError(
        `Cannot create fromTextFile: file must be a path, a file: URL or a FileHandle, got ${describe(file)}`,
      );
    }
    requireOptions('fromTextFile', options, TEXT_FILE_OPTIONS);
    const { chunkSize = 65_536, pollInterval = 100 } = options;
    const newText = textCutter('fromTextFile', options, 16_777_216);
    requirePositiveInteger('fromTextFile', 'chunkSize', chunkSize);
    super(options);
    this.#file = file;
    this.#newText = newText;
    this.#fromEnd = options.fromEnd ?? false;
    this.#follow = options.follow ?? false;
    this.#pollInterval = parseDuration(pollInterval, 'fromTextFile');
    this.#chunkSize = chunkSize;
  }

  /** Characters that were read and not emitted yet: at most a chunk and an unfinished element. */
  get bytesHeld(): number {
    return this.#progress?.text.length ?? 0;
  }

  protected override async run(run: SourceRun<string>): Promise<void> {
    const buffer = Buffer.allocUnsafe(this.#chunkSize);
    let file = await this.#open();
    try {
      let progress = await this.#resume(file, run);
      let replaced = false;
      while (!run.signal.aborted) {
        if (!(await sendComplete(progress.text, run))) return;
        if (await this.#read(file, buffer, progress)) continue;
        if (!this.#follow) {
          await sendLast(progress.text, run);
          if (!run.signal.aborted) this.#progress = undefined;
          return;
        }
        if (replaced) {
          const successor = await this.#open();
          await this.#close(file);
          file = successor;
          progress = await this.#resume(file, run);
          replaced = false;
          continue;
        }
        // What was written between the last read and the replacement is still to be read.
        replaced = await this.#isReplaced(progress);
        if (replaced) continue;
        if (await this.#isCutBack(file, progress)) progress = await this.#restart(progress, run);
        else await run.sleep(this.#pollInterval);
      }
    } finally {
      await this.#close(file);
    }
  }

  #open(): Promise<FileHandle> {
    if (isHandle(this.#file)) return Promise.resolve(this.#file);
    return this.#io(open(this.#file));
  }

  async #close(file: FileHandle): Promise<void> {
    if (file !== this.#file) await file.close();
  }

  /** Goes on where the run before left off, if this is still the file that it read. */
  async #resume(file: FileHandle, run: SourceRun<string>): Promise<Progress> {
    const { dev, ino, size, isFile } = await this.#identify(file);
    const before = this.#progress;
    if (before === undefined) {
      const seekable = isFile && (this.#fromEnd || file !== this.#file);
      const position = seekable ? (this.#fromEnd ? size : 0) : null;
      this.#progress = { text: this.#newText(position === 0), position, dev, ino };
    } else if (before.position !== null && (before.ino !== ino || before.dev !== dev)) {
      await sendLast(before.text, run);
      this.#progress = { text: this.#newText(true), position: 0, dev, ino };
    } else if (before.position !== null && size < before.position) {
      await this.#restart(before, run);
    }
    return this.#progress!;
  }

  /** Begins the same file again from its start. */
  async #restart(progress: Progress, run: SourceRun<string>): Promise<Progress> {
    await sendLast(progress.text, run);
    this.#progress = { ...progress, text: this.#newText(true), position: 0 };
    return this.#progress;
  }

  /** Whether there was something to read. */
  async #read(file: FileHandle, buffer: Buffer, progress: Progress): Promise<boolean> {
    const { bytesRead } = await this.#io(file.read(buffer, 0, buffer.length, progress.position));
    progress.text.write(buffer.subarray(0, bytesRead));
    if (progress.position !== null) progress.position += bytesRead;
    return bytesRead > 0;
  }

  /** Whether the path now leads to another file. While it leads nowhere, the old one is kept. */
  async #isReplaced(progress: Progress): Promise<boolean> {
    if (isHandle(this.#file) || progress.position === null) return false;
    try {
      const { dev, ino } = await stat(this.#file, { bigint: true });
      return ino !== progress.ino || dev !== progress.dev;
    } catch (error) {
      if (isMissing(error)) return false;
      throw this.#failure(error);
    }
  }

  async #isCutBack(file: FileHandle, progress: Progress): Promise<boolean> {
    return progress.position !== null && (await this.#identify(file)).size < progress.position;
  }

  async #identify(file: FileHandle) {
    // Inode numbers of Windows do not fit a double.
    const stats = await this.#io(file.stat({ bigint: true }));
    return { dev: stats.dev, ino: stats.ino, size: Number(stats.size), isFile: stats.isFile() };
  }

  async #io<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(cause: unknown): MillraceError {
    const name = isHandle(this.#file) ? `file handle ${this.#file.fd}` : describePath(this.#file);
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new MillraceError('ERR_IO', `Cannot read text from ${name}: ${reason}`, { cause });
  }
}

/** How far a file has been read. */
interface Progress {
  readonly text: DelimitedText;
  /** Of the next byte to read, or null where the system keeps it: pipes, and handles of others. */
  position: number | null;
  readonly dev: bigint;
  readonly ino: bigint;
}

function describePath(path: string | URL): string {
  return `'${path instanceof URL ? fileURLToPath(path) : path}'`;
}

function isHandle(file: unknown): file is FileHandle {
  return (
    typeof file === 'object' && file !== null && 'fd' in file && 'read' in file && 'stat' in file
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
