import { Gate } from './gate.ts';
import { release, type Tag } from './metadata.ts';
import type { Node } from './node.ts';
import { reportUncaught } from './uncaught.ts';

/** What a boundary holds, as its {@link Pump} sees it. */
export interface Supply {
  /** How many elements are held and not yet taken. */
  readonly size: number;
  /** Whether one is to be emitted now. */
  isReady(): boolean;
  /** Metadata of the one that `take` would give. */
  nextTag(): Tag;
  /** Takes out the next one; only where `isReady`. */
  take(): unknown;
  /** Called when the delivery of what `take` gave has settled. */
  delivered?(): void;
  /** Called whenever the pump finds nothing ready: the place to set a timer for what is held. */
  paused?(): void;
}

/**
 * Emits what a boundary holds, one element at a time, the next when the delivery before has
 * settled: so order is kept, and a slow branch downstream fills the boundary up. A delivery that
 * fails is reported, and the pump goes on.
 */
export class Pump {
  readonly #node: Node;
  readonly #supply: Supply;
  readonly #turn = new Gate();
  #isRunning = false;
  #isStopped = false;
  /** Where the element stands that was taken last. */
  #phase: 'settled' | 'emitting' | 'pending' = 'settled';

  constructor(node: Node, supply: Supply) {
    this.#node = node;
    this.#supply = supply;
  }

  /** Whether a delivery is under way, or about to be. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether an element was taken whose delivery has not settled. */
  get isDelivering(): boolean {
    return this.#phase !== 'settled';
  }

  /** Whether an element is being emitted further up the stack. */
  get isEmitting(): boolean {
    return this.#phase === 'emitting';
  }

  /** Emits what is ready, soon: never before the emission that is under way has returned. */
  wake(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    queueMicrotask(this.#run);
  }

  /** Emits what is ready, now; for timers and promises, which call from outside of any emission. */
  run(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    this.#run();
  }

  /** Emits again after a stop. */
  start(): void {
    this.#isStopped = false;
  }

  /** Emits nothing more, and lets those go who wait for it to have done so. */
  stop(): void {
    this.#isStopped = true;
    this.#turn.open();
  }

  /** A promise for the next time that nothing is under way. */
  turn(): Promise<void> {
    return this.#turn.wait();
  }

  /** A promise for the time when all that is held is out and settled; undefined if it is. */
  drained(): Promise<void> | undefined {
    return this.#isDrained() ? undefined : this.#drain();
  }

  #isDrained(): boolean {
    return this.#isStopped || (!this.#isRunning && this.#supply.size === 0);
  }

  async #drain(): Promise<void> {
    while (!this.#isDrained()) await this.#turn.wait();
  }

  readonly #run = (): void => {
    const supply = this.#supply;
    while (!this.#isStopped && supply.isReady()) {
      const tag = supply.nextTag();
      const value = supply.take();
      this.#phase = 'emitting';
      const settled = emitHeld(this.#node, value, tag);
      if (settled !== undefined) {
        this.#phase = 'pending';
        settled.then(this.#settled);
        return;
      }
      this.#phase = 'settled';
      supply.delivered?.();
    }
    this.#isRunning = false;
    if (!this.#isStopped) supply.paused?.();
    this.#turn.open();
  };

  readonly #settled = (): void => {
    this.#phase = 'settled';
    this.#supply.delivered?.();
    this.#run();
  };
}

/**
 * Emits an element that a node has held, and lets its metadata go once every branch has settled.
 * There is no emitter any more to see an error: it is reported, and the promise never rejects.
 */
export function emitHeld(node: Node, value: unknown, tag: Tag): Promise<void> | undefined {
  let settled: Promise<void> | undefined;
  try {
    settled = tag === undefined ? node.emit(value) : node.emit(value, { metadata: tag });
  } catch (error) {
    reportUncaught(node, error, value);
  }
  if (settled === undefined) {
    release(tag);
    return undefined;
  }
  return settled.then(
    () => release(tag),
    (error) => {
      reportUncaught(node, error, value);
      release(tag);
    },
  );
}
