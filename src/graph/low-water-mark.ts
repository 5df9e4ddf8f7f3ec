import { inspect } from 'node:util';
import { describe } from './arguments.ts';

/** Options of {@link LowWaterMark}. */
export interface LowWaterMarkOptions<O> {
  /**
   * Called with the highest offset below and at which everything was acknowledged, each time that
   * moves. Offsets come in the order they were accepted, never one twice and never backwards.
   */
  readonly commit: (offset: O) => void;
}

/**
 * Turns acknowledgements that come in any order into commits that never skip: an offset is
 * committed only when it and every one accepted before it were acknowledged. So a crash can repeat
 * elements and cannot lose one.
 *
 * Offsets need not be dense (a compacted Kafka partition has gaps), only accepted in order; use one
 * mark for each partition. Memory grows with the offsets accepted and not yet committed, see
 * {@link LowWaterMark.pending}: bound it by holding back the source. Each call is O(1) amortised.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { LowWaterMark } from 'millrace';
 *
 * const committed: number[] = [];
 * const mark = new LowWaterMark<number>({ commit: (offset) => committed.push(offset) });
 * for (const offset of [7, 8, 9]) mark.accept(offset);
 * mark.acknowledge(8); // 7 is still under way
 * assert.deepEqual(committed, []);
 * mark.acknowledge(7);
 * assert.deepEqual(committed, [8]);
 * mark.acknowledge(9);
 * assert.deepEqual(committed, [8, 9]);
 * ```
 */
export class LowWaterMark<O> {
  readonly #commit: (offset: O) => void;
  /** Insertion order is acceptance order; the value says whether the offset was acknowledged. */
  readonly #accepted = new Map<O, boolean>();

  constructor(options: LowWaterMarkOptions<O>) {
    if (typeof options?.commit !== 'function') {
      throw new TypeError(
        `Cannot create LowWaterMark: commit must be a function, got ${describe(options?.commit)}`,
      );
    }
    this.#commit = options.commit;
  }

  /** How many offsets were accepted and not yet committed. */
  get pending(): number {
    return this.#accepted.size;
  }

  /** Shows what is pending, in `console.log`. */
  [inspect.custom](): string {
    return `LowWaterMark <${this.pending} pending>`;
  }

  /** Notes that the element at `offset` is under way. Throws a RangeError if it already is. */
  accept(offset: O): void {
    if (this.#accepted.has(offset)) {
      throw new RangeError(`Cannot accept offset ${describe(offset)}: it is already under way`);
    }
    this.#accepted.set(offset, false);
  }

  /**
   * Notes that the element at `offset` is settled, and commits as far as that allows. A second
   * acknowledgement of an offset changes nothing. Throws a RangeError for one never accepted or
   * already committed; what `commit` throws passes through, after the mark has moved.
   */
  acknowledge(offset: O): void {
    if (!this.#accepted.has(offset)) {
      throw new RangeError(
        `Cannot acknowledge offset ${describe(offset)}: it was never accepted, or is already committed`,
      );
    }
    this.#accepted.set(offset, true);
    let moved = false;
    let mark = offset;
    for (const [oldest, acknowledged] of this.#accepted) {
      if (!acknowledged) break;
      this.#accepted.delete(oldest);
      mark = oldest;
      moved = true;
    }
    if (moved) this.#commit(mark);
  }
}
