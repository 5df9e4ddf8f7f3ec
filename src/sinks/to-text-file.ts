import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../errors.ts';
import {
  describe,
  requireBoolean,
  requireFunction,
  requireOneOf,
  requireOptions,
} from '../graph/arguments.ts';
import type { Clock } from '../time/clock.ts';
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  Sink,
  type SinkBatch,
  type SinkContext,
} from './batch-sink.ts';
import { Rotation, type RotationOptions } from './rotation.ts';

/** Options of {@link toTextFile}. */
export interface TextFileSinkOptions<T> extends Pick<BatchingOptions, 'batch'> {
  /** What is written after each element. Default: `'\n'`. */
  readonly delimiter?: string;
  /** What is written for an element. Default: the element, which then has to be a string. */
  readonly format?: (element: T) => string;
  /** Write behind what the file has; false empties it when it is first opened. Default: true. */
  readonly append?: boolean;
  /**
   * When the system is asked to put what was written on the disk (fsync), so that it survives a power
   * failure. `'batch'` (default): after each batch, before it is acknowledged. `'close'`: when the file
   * is closed or rotated. `'never'`: when the system pleases.
   */
  readonly sync?: 'batch' | 'close' | 'never';
  /** When the file is put aside and a new one begun. Default: never. */
  readonly rotate?: RotationOptions;
}

/**
 * A sink that writes elements to a text file in UTF-8, each followed by a delimiter, for `stream.to`; it
 * passes them on once they are written.
 *
 * Batches: default `{ size: 10000 }`, of what comes while the batch before is being written. A batch is
 * one write; where that fails half way, on a full disk for instance, the file is cut back to where the
 * batch began. If the file does not end with the delimiter, because the process that wrote it was
 * killed, the first element begins behind one.
 *
 * With `rotate`, a file that is complete is renamed to `name.1`, the next to `name.2`, between two
 * batches; `fromTextFile` with `follow` notices.
 *
 * The file is opened with the first element and closed at the end, and after `stop({ drain: true })`.
 * Throws a TypeError or RangeError for a wrong argument. A file that cannot be opened or written fails
 * the batch with a MillraceError (`ERR_IO`) whose `cause` is the system's error.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, readFile, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { Stream, toTextFile } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * const file = join(folder, 'words.txt');
 *
 * const words = new Stream<string>();
 * words.to(toTextFile(file));
 * words.emitMany(['to', 'be']);
 * await words.end();
 * assert.equal(await readFile(file, 'utf8'), 'to\nbe\n');
 * await rm(folder, { recursive: true });
 * ```
 */
export function toTextFile<T = string>(
  file: string | URL,
  options: TextFileSinkOptions<T> = {},
): TextFileSink<T> {
  return new TextFileSink(file, options);
}

/** What {@link toTextFile} returns. */
export class TextFileSink<T> extends Sink<T, T, string> {
  readonly #path: string;
  readonly #delimiter: string;
  readonly #format: ((element: T) => string) | undefined;
  readonly #sync: 'batch' | 'close' | 'never';
  readonly #rotation: Rotation | undefined;
  #append: boolean;
  #file: FileHandle | undefined;
  #clock: Clock | undefined;
  /** Bytes of the file, and when writing to it began. */
  #size = 0;
  #since = 0;
  /** The file ends within an element that somebody else has left. */
  #isTorn = false;

  constructor(file: string | URL, options: TextFileSinkOptions<T> = {}) {
    if ((typeof file !== 'string' || file === '') && !(file instanceof URL)) {
      throw new TypeError(
        `Cannot create toTextFile: file must be a path or a file: URL, got ${describe(file)}`,
      );
    }
    const known = [...BATCHING_OPTIONS, 'delimiter', 'format', 'append', 'sync', 'rotate'];
    requireOptions(
      'toTextFile',
      options,
      known.filter((name) => name !== 'concurrency'),
    );
    const { delimiter = '\n', format, append = true, sync = 'batch', rotate } = options;
    if (typeof delimiter !== 'string') {
      throw new TypeError(
        `Cannot create toTextFile: delimiter must be a string, got ${describe(delimiter)}`,
      );
    }
    if (format !== undefined) requireFunction('toTextFile', 'format', format);
    requireBoolean('toTextFile', 'append', append);
    requireOneOf('toTextFile', 'sync', sync, ['batch', 'close', 'never']);
    super('toTextFile', options, { size: 10_000 });
    this.#path = file instanceof URL ? fileURLToPath(file) : file;
    this.#delimiter = delimiter;
    this.#format = format;
    this.#append = append;
    this.#sync = sync;
    this.#rotation = rotate === undefined ? undefined : new Rotation('toTextFile', rotate);
  }

  override encode(element: T): string {
    const text = this.#format === undefined ? element : this.#format(element);
    if (typeof text === 'string') return text + this.#delimiter;
    throw new TypeError(
      `Cannot write to '${this.#path}': elements must be strings, or format has to make them so, got ${describe(text)}`,
    );
  }

  override open({ clock }: SinkContext): Promise<void> {
    this.#clock = clock;
    return this.#io(() => this.#open());
  }

  override write({ elements }: SinkBatch<string>): Promise<void> {
    return this.#io(async () => {
      // A rotation that failed has closed the file.
      if (this.#file === undefined) await this.#open();
      const text = elements.join('');
      const bytes = Buffer.from(this.#isTorn ? this.#delimiter + text : text);
      await this.#rotate(bytes.length);
      await this.#writeAll(bytes);
      this.#isTorn = false;
    });
  }

  override close(): Promise<void> {
    return this.#io(() => this.#close());
  }

  async #open(): Promise<void> {
    const file = await open(this.#path, this.#append ? 'a+' : 'w+');
    try {
      const { size } = await file.stat();
      const end = Buffer.from(this.#delimiter);
      const last = Buffer.alloc(Math.min(size, end.length));
      if (last.length > 0) await file.read(last, 0, last.length, size - last.length);
      this.#isTorn = size > 0 && !last.equals(end);
      this.#size = size;
      if (size === 0 && this.#sync !== 'never') await syncFolder(this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#since = this.#clock!.now();
    this.#append = true;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    const file = this.#file!;
    try {
      for (let at = 0; at < bytes.length; ) {
        at += (await file.write(bytes, at, bytes.length - at, null)).bytesWritten;
      }
      if (this.#sync === 'batch') await file.datasync();
    } catch (error) {
      // Another attempt is to find the file as it was. Devices and pipes cannot be cut back.
      await file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
    this.#size += bytes.length;
  }

  async #rotate(more: number): Promise<void> {
    const age = this.#clock!.now() - this.#since;
    if (!this.#rotation?.isDue(this.#size, age, more)) return;
    await this.#close();
    await this.#rotation.putAside(this.#path);
    await this.#open();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      if (this.#sync === 'close') await file.datasync();
    } finally {
      await file.close();
    }
  }

  async #io<R>(operation: () => Promise<R>): Promise<R> {
    try {
      return await operation();
    } catch (cause) {
      const message = `Cannot write to '${this.#path}': ${(cause as Error).message}`;
      throw new MillraceError('ERR_IO', message, { cause });
    }
  }
}

/** Puts the name of a new file on the disk too, where the system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(dirname(path));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Windows has no such thing, and some file systems refuse it.
  }
}
