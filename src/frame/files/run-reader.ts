import { MillraceError } from '../../errors.ts';
import { crossing } from '../../native/errors.ts';
import type { Reader } from '../../native/plan.ts';
import { checkFunction, checkOptions } from '../checks.ts';
import type { Graph } from '../plan/graph.ts';
import { type BadRow, tellBadRow } from './file-options.ts';
import { bytesOf } from './file-source.ts';
import type { FrameReader } from './open-reader.ts';

/** How far reading has come. */
export interface RunProgress {
  /** Rows read so far. */
  readonly rows: number;
  /** Rows of all files; null where nothing says how many there are. */
  readonly totalRows: number | null;
}

/** Options of `run`. */
export interface RunOptions {
  /** Called about every {@link TURN_MILLISECONDS} while reading, and at the end. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Ends reading before the next batch; `run` then rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What `run` has done. */
export interface RunResult {
  readonly rows: number;
  readonly batches: number;
  /** Records that were left out, see `onBadRow`. */
  readonly badRows: number;
}

/** How long reading goes on before timers and other input get their turn. */
const TURN_MILLISECONDS = 8;

/** What `poll` gives where there is no batch yet, and after the last one. */
const PENDING = -1;
const END = -2;

/** How long a batch of a file, which is never long in coming, is waited for in place. */
const PATIENCE_MILLISECONDS = 1;

/** Reads to the end through a graph. */
export async function runReader(
  graph: Graph,
  source: FrameReader | null,
  options: RunOptions = {},
): Promise<RunResult> {
  if (source === null) {
    throw new MillraceError(
      'ERR_NO_SOURCE',
      `Cannot run frame '${graph.name}': it reads no file, emit into it`,
    );
  }
  checkOptions('run', options, ['onProgress', 'signal']);
  const { onProgress, signal } = options;
  if (onProgress !== undefined) checkFunction('run', onProgress);
  signal?.throwIfAborted();
  const { reader, onBadRow, chunks } = source;
  const totalRows = reader.numRows;
  const plan = graph.plan();
  const progress = { rows: 0, batches: 0, badRows: 0 };
  if (plan !== null) {
    const bell = new Bell();
    const wanted = plan.input.map(({ used, dictionary }) =>
      used ? (dictionary === null ? 1 : 2) : 0,
    );
    crossing(() => reader.start(Uint8Array.from(wanted), bell.ring));
    const feeding = chunks === undefined ? undefined : new Feeding(reader, chunks, bell);
    const ahead = new Ahead(graph.readAhead);
    signal?.addEventListener('abort', bell.ring);
    try {
      let turn = performance.now();
      const patience = feeding === undefined ? PATIENCE_MILLISECONDS : 0;
      for (;;) {
        signal?.throwIfAborted();
        const count = crossing(() => reader.poll(patience));
        if (count === END) break;
        if (count === PENDING) {
          feeding?.throwIfFailed();
          await bell.rung();
          continue;
        }
        const rows = reader.take();
        if (rows !== null && count > 0) {
          progress.rows += count;
          progress.batches++;
          await ahead.add(graph.pushRows(rows));
        }
        const refused = reader.refused();
        if (refused !== null) {
          const bad = JSON.parse(refused) as BadRow[];
          progress.badRows += bad.length;
          for (const row of bad) await tellBadRow(onBadRow, row);
        }
        if (performance.now() - turn >= TURN_MILLISECONDS) {
          onProgress?.({ rows: progress.rows, totalRows });
          await new Promise((resolve) => setImmediate(resolve));
          turn = performance.now();
        }
      }
      feeding?.throwIfFailed();
      await ahead.settled();
    } finally {
      signal?.removeEventListener('abort', bell.ring);
      reader.close();
      await feeding?.stop();
    }
  }
  await graph.end();
  onProgress?.({ rows: progress.rows, totalRows });
  return progress;
}

/** Batches under way, no more than some at a time. */
class Ahead {
  readonly #most: number;
  readonly #pending: (Promise<void> | undefined)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Waits for the first of them where there are as many as may be. */
  add(batch: Promise<void> | undefined): Promise<void> | undefined {
    if (this.#most === 1) return batch;
    // Of several that fail, the first is who tells.
    batch?.catch(() => {});
    this.#pending.push(batch);
    return this.#pending.length < this.#most ? undefined : this.#pending.shift();
  }

  async settled(): Promise<void> {
    for (const batch of this.#pending.splice(0)) await batch;
  }
}

/** Lets everybody who waits for something new look again. */
class Bell {
  #waiting: Promise<void> | undefined;
  #resolve: (() => void) | undefined;

  readonly ring = (): void => {
    this.#resolve?.();
    this.#waiting = undefined;
    this.#resolve = undefined;
  };

  rung(): Promise<void> {
    this.#waiting ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }
}

/** Feeds a reader with the chunks of a stream, no faster than it takes them. */
class Feeding {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #bell: Bell;
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(reader: Reader, chunks: AsyncIterable<unknown>, bell: Bell) {
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#bell = bell;
    this.#feed(reader).catch((error: unknown) => {
      this.#failure = { error };
      bell.ring();
    });
  }

  /** Throws what the stream failed with. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Lets go of the stream. */
  async stop(): Promise<void> {
    const isOver = this.#isStopped;
    this.#isStopped = true;
    this.#bell.ring();
    // One that waits for its next chunk cannot be told to stop.
    if (!isOver) void this.#iterator.return?.()?.catch(() => undefined);
  }

  async #feed(reader: Reader): Promise<void> {
    while (!this.#isStopped) {
      const { done, value } = await this.#iterator.next();
      if (this.#isStopped) return;
      if (done) {
        this.#isStopped = true;
        reader.endFeed();
        return;
      }
      reader.feed(bytesOf(value));
      while (!this.#isStopped && reader.mustWait()) await this.#bell.rung();
    }
  }
}
