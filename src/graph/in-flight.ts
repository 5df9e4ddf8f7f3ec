import { Gate } from './gate.ts';

/** Counts a node's emissions that have yet to settle, so that an end can wait for them. */
export class InFlight {
  #count = 0;
  readonly #idle = new Gate();

  /** One emission more. It ends with `resolved` or `rejected`. */
  begin(): void {
    this.#count++;
  }

  readonly resolved = (): void => {
    if (--this.#count === 0) this.#idle.open();
  };

  readonly rejected = (error: unknown): never => {
    this.resolved();
    throw error;
  };

  /** A promise for the time when none is under way; undefined if none is. */
  idle(): Promise<void> | undefined {
    return this.#count === 0 ? undefined : this.#idle.wait();
  }
}
