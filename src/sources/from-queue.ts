import { describe, requireOptions } from '../graph/arguments.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** Elements sent at one go before the event loop gets a turn: a stop, a timer, a socket. */
const ELEMENTS_PER_TURN = 1024;

/**
 * A source of what is pushed into a {@link BoundedQueue}; a busy graph fills the queue up, and so holds
 * back whoever pushes. Ends once the queue is closed and empty. What waits at a `stop()` waits for the
 * next start.
 *
 * Throws a TypeError for what is no such queue and for options it does not know. Cost: no promise for an
 * element that is there already and that the graph accepts at once.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { BoundedQueue, fromQueue } from 'millrace';
 *
 * const queue = new BoundedQueue<number>();
 * const source = fromQueue(queue);
 * const squares = source.map((x) => x * x).sinkToList();
 * const done = source.start();
 * for (const x of [1, 2, 3]) await queue.push(x);
 * queue.close();
 * await done;
 * assert.deepEqual(squares, [1, 4, 9]);
 * ```
 */
export function fromQueue<T>(queue: BoundedQueue<T>, options: SourceOptions = {}): QueueSource<T> {
  return new QueueSource(queue, options);
}

/** What {@link fromQueue} returns. */
export class QueueSource<T> extends Source<T> {
  readonly #queue: BoundedQueue<T>;

  constructor(queue: BoundedQueue<T>, options: SourceOptions = {}) {
    if (!(queue instanceof BoundedQueue)) {
      throw new TypeError(
        `Cannot create fromQueue: a BoundedQueue is wanted, got ${describe(queue)}`,
      );
    }
    requireOptions('fromQueue', options, SOURCE_OPTIONS);
    super(options);
    this.#queue = queue;
  }

  protected override async run(run: SourceRun<T>): Promise<void> {
    const queue = this.#queue;
    for (let sent = 1; !run.signal.aborted; ) {
      const next = queue.shift();
      if (next === undefined) {
        if (queue.isClosed) return;
        await run.wait(queue.changed());
        continue;
      }
      const accepted = run.emit(next.value);
      if (accepted !== undefined) await accepted;
      else if (++sent % ELEMENTS_PER_TURN === 0) await new Promise(setImmediate);
    }
  }
}
