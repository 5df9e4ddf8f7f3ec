import type { EmitOptions } from '../graph/node.ts';
import type { SourceRun } from '../sources/source.ts';
import type { Backoff } from './backoff.ts';

/** What one session of a connection may use: a source's run, and a word for "it is up". */
export interface Session<T> extends SourceRun<T> {
  /** The connection works: should it be lost, the waits begin with the shortest. */
  connected(): void;
  /** Ends it all with an error that no new connection would help. */
  fatal(error: unknown): never;
}

/**
 * Runs a session again whenever it has failed, after a wait, until one resolves or the source is
 * stopped. What the graph fails with, by `emit` or `fail`, is no fault of the connection: it is thrown
 * at once. When the attempts are used up, the last session's error is.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Backoff, reconnecting, Source, type SourceRun, VirtualClock } from 'millrace';
 *
 * class Flaky extends Source<string> {
 *   #calls = 0;
 *
 *   protected override run(run: SourceRun<string>): Promise<void> {
 *     return reconnecting(run, new Backoff('Flaky', { backoff: '1s' }), async (session) => {
 *       if (++this.#calls < 3) throw new Error('connection refused');
 *       session.connected();
 *       await session.emit('at last');
 *     });
 *   }
 * }
 *
 * const clock = new VirtualClock();
 * const source = new Flaky({ clock });
 * const seen = source.sinkToList();
 * const done = source.start();
 * await clock.advance('3s');
 * await done;
 * assert.deepEqual(seen, ['at last']);
 * ```
 *
 * @param run of the source
 * @param backoff the waits, kept over all sessions
 * @param session connects, and reads until the connection ends; closes what it opened
 */
export async function reconnecting<T>(
  run: SourceRun<T>,
  backoff: Backoff,
  session: (session: Session<T>) => Promise<void>,
): Promise<void> {
  let graphError: { readonly error: unknown } | undefined;
  const fatal = (error: unknown): never => {
    graphError = { error };
    throw error;
  };
  const guarded: Session<T> = {
    ...run,
    emit(element: T, options?: EmitOptions) {
      try {
        return run.emit(element, options)?.catch(fatal);
      } catch (error) {
        return fatal(error);
      }
    },
    fail: (error) => run.fail(error).catch(fatal),
    connected: () => backoff.reset(),
    fatal,
  };
  while (!run.signal.aborted) {
    try {
      await session(guarded);
      return;
    } catch (error) {
      if (graphError !== undefined) throw graphError.error;
      if (run.signal.aborted) return;
      const wait = backoff.next();
      if (wait === undefined) throw error;
      await run.sleep(wait);
    }
  }
}
