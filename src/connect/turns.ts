import { Queue } from '../graph/queue.ts';

/** Lets several senders take turns, in the order in which they asked. */
export class Turns {
  readonly #waiting = new Queue<() => void>();
  #isTaken = false;

  /** Takes the turn; a promise comes back where another has it. */
  take(): Promise<void> | undefined {
    if (this.#isTaken) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    return undefined;
  }

  /** Passes the turn on. */
  give(): void {
    if (this.#waiting.size > 0) this.#waiting.shift()();
    else this.#isTaken = false;
  }
}
