import { Copier, copyOf } from '../output/hand-on.ts';
import type { Table } from '../output/table.ts';
import type { Settled } from './joined.ts';

/** Rows that wait for others, as the batches in which they came: none is copied but borrowed ones. */
export class WaitingRows {
  readonly #most: number;
  #batches: Table[] = [];
  /** Memory for borrowed rows, which is used again when these are gone, and the batch that lies there. */
  readonly #copier = new Copier();
  #copied: Table | null = null;
  /** Rows of the first batch that are gone. */
  #taken = 0;
  #rows = 0;
  #waiters: (() => void)[] = [];

  /** @param most how many may wait before whoever brings more is held back */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait. */
  get rows(): number {
    return this.#rows;
  }

  /** How many of them came in one batch and are the next. */
  get together(): number {
    return this.#batches.length === 0 ? 0 : this.#batches[0]!.numRows - this.#taken;
  }

  push(batch: Table): void {
    if (batch.numRows === 0) return;
    this.#batches.push(batch);
    this.#rows += batch.numRows;
  }

  /**
   * Has rows wait that lie in memory of the emitter: the first `ready` of them only until this emission
   * has gone on, so all others are copied. What is taken out of borrowed rows stands only until more
   * are pushed.
   */
  pushBorrowed(batch: Table, ready: number): void {
    if (ready > 0) this.push(ready < batch.numRows ? batch.slice(0, ready) : batch);
    if (ready >= batch.numRows) return;
    const rest = ready > 0 ? batch.slice(ready) : batch;
    if (this.#copied !== null) {
      this.push(copyOf(rest));
      return;
    }
    this.#copied = this.#copier.copy(rest);
    this.push(this.#copied);
  }

  /** The batch that the next row is in; there must be one. */
  get batch(): Table {
    return this.#batches[0]!;
  }

  /** Where in its batch the next row is. */
  get at(): number {
    return this.#taken;
  }

  /** Takes the next `rows` out, which are to be of one batch. */
  take(rows: number): Table {
    const { batch, at } = this;
    this.skip(rows);
    return rows === batch.numRows ? batch : batch.slice(at, at + rows);
  }

  /** Lets go of the next `rows`, which are to be of one batch. */
  skip(rows: number): void {
    this.#taken += rows;
    this.#rows -= rows;
    if (this.together === 0) {
      if (this.#batches.shift() === this.#copied) this.#copied = null;
      this.#taken = 0;
    }
    if (this.#rows <= this.#most) this.#release();
  }

  clear(): void {
    this.restore([]);
  }

  /** The rows that wait, in their batches. */
  snapshot(): Table[] {
    return this.#batches.map((batch, i) => {
      const rows = i === 0 ? batch.slice(this.#taken) : batch;
      return batch === this.#copied ? copyOf(rows) : rows;
    });
  }

  /** Has these rows wait instead. */
  restore(batches: readonly Table[]): void {
    this.#batches = [...batches];
    this.#copied = null;
    this.#taken = 0;
    this.#rows = batches.reduce((total, { numRows }) => total + numRows, 0);
    if (this.#rows <= this.#most) this.#release();
  }

  /** A promise for the time when no more than `most` wait; nothing where that is so. */
  room(): Settled {
    if (this.#rows <= this.#most) return undefined;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
