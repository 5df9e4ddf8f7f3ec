/** Something that is waited for again and again. A promise is made only while somebody waits. */
export class Gate {
  #open: (() => void) | undefined;
  #promise: Promise<void> | undefined;

  /** A promise for the next time that the gate is opened. */
  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve) => {
      this.#open = resolve;
    });
    return this.#promise;
  }

  /** Whether anyone waits. */
  get isAwaited(): boolean {
    return this.#open !== undefined;
  }

  /** Lets everyone go on who waits. */
  open(): void {
    this.#open?.();
    this.#open = undefined;
    this.#promise = undefined;
  }
}
