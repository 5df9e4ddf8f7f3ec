import { MillraceError } from '../errors.ts';
import { describe, requireBoolean, requireOptions } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import { findFiles, type Glob, parseGlob } from './glob.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** Options of {@link filenames}. */
export interface FilenamesOptions extends SourceOptions {
  /** How long to wait before looking again. Default: 100 ms. */
  readonly pollInterval?: Duration;
  /** Look again and again; false ends with the files that are there. Default: true. */
  readonly follow?: boolean;
}

/**
 * A source of the paths of files as they appear in a folder, or anywhere that a pattern says.
 *
 * `path`: a folder, or a pattern with `*`, `?`, `[a-z]`, `{a,b}` and `**` (any number of folders). Emits
 * each path once: first those that are there, then, at every look, those that are new, in order of their
 * names. A path that vanishes and comes back is emitted again, so what is remembered is what is there.
 * Folders are not emitted. A folder that does not exist has no files yet.
 *
 * Looks by listing folders at intervals, which works on every file system; the cost of a look grows with
 * what is in them. A path may be seen while its file is still being written: have writers rename a file
 * to its final name when it is complete.
 *
 * A folder that cannot be read is reported to `onError` (`ERR_IO`), and looked at again; without
 * `onError` it fails the source. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, rm, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { basename, join } from 'node:path';
 * import { filenames } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * for (const name of ['b.csv', 'a.csv', 'notes.txt']) await writeFile(join(folder, name), '');
 *
 * const source = filenames(join(folder, '*.csv'), { follow: false });
 * const seen = source.map((path) => basename(path)).sinkToList();
 * await source.start();
 * assert.deepEqual(seen, ['a.csv', 'b.csv']);
 * await rm(folder, { recursive: true });
 * ```
 */
export function filenames(path: string, options: FilenamesOptions = {}): FilenamesSource {
  return new FilenamesSource(path, options);
}

/** What {@link filenames} returns. */
export class FilenamesSource extends Source<string> {
  readonly #path: string;
  readonly #glob: Glob;
  readonly #pollInterval: number;
  readonly #follow: boolean;
  /** The paths that were emitted and that were there at the last look. */
  #known = new Set<string>();

  constructor(path: string, options: FilenamesOptions = {}) {
    if (typeof path !== 'string' || path === '') {
      throw new TypeError(
        `Cannot create filenames: path must be a folder or a pattern, got ${describe(path)}`,
      );
    }
    requireOptions('filenames', options, [...SOURCE_OPTIONS, 'pollInterval', 'follow']);
    const { pollInterval = 100, follow = true } = options;
    requireBoolean('filenames', 'follow', follow);
    const milliseconds = parseDuration(pollInterval, 'filenames');
    super(options);
    this.#path = path;
    this.#glob = parseGlob(path);
    this.#pollInterval = milliseconds;
    this.#follow = follow;
  }

  protected override async run(run: SourceRun<string>): Promise<void> {
    while (!run.signal.aborted) {
      const paths = await this.#look(run);
      if (paths !== undefined && !(await this.#send(paths, run))) return;
      if (!this.#follow) {
        this.#known.clear();
        return;
      }
      await run.sleep(this.#pollInterval);
    }
  }

  /** Emits the paths that are new; false where the source was stopped before the last. */
  async #send(paths: readonly string[], run: SourceRun<string>): Promise<boolean> {
    const there = new Set(paths);
    for (const path of this.#known) if (!there.has(path)) this.#known.delete(path);
    for (const path of paths) {
      if (this.#known.has(path)) continue;
      if (run.signal.aborted) return false;
      this.#known.add(path);
      await run.emit(path);
    }
    return true;
  }

  async #look(run: SourceRun<string>): Promise<string[] | undefined> {
    try {
      return await findFiles(this.#glob);
    } catch (cause) {
      const message = `Cannot list ${describe(this.#path)}: ${(cause as Error).message}`;
      await run.fail(new MillraceError('ERR_IO', message, { cause }));
      return undefined;
    }
  }
}
