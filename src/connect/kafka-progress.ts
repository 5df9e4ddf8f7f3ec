import { LowWaterMark } from '../graph/low-water-mark.ts';
import type { Clock } from '../time/clock.ts';

/** What the consumer is told of a partition. */
export interface ProgressPort {
  /** Everything below the offset is done. */
  acknowledge(next: number): void;
  /** The partition is to be read again from the offset. */
  rewind(offset: number): void;
}

/**
 * How far one partition is done, from when it was assigned until it is taken away or wound back. What is
 * done is said once a turn of the event loop, not message by message.
 */
export class KafkaProgress {
  readonly #port: ProgressPort;
  readonly #clock: Clock;
  readonly #retryDelay: number;
  readonly #mark: LowWaterMark<number>;
  /** Everything below is done and not said yet. */
  #due: number | undefined;
  #failed = Number.POSITIVE_INFINITY;
  #hasEnded = false;

  /** @param retryDelay milliseconds until what failed is read again */
  constructor(port: ProgressPort, clock: Clock, retryDelay: number) {
    this.#port = port;
    this.#clock = clock;
    this.#retryDelay = retryDelay;
    this.#mark = new LowWaterMark({
      commit: (last) => {
        if (this.#due === undefined) queueMicrotask(() => this.flush());
        this.#due = last + 1;
      },
    });
  }

  /** Whether nothing more of it is to be delivered: it comes again, or is another's. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#failed !== Number.POSITIVE_INFINITY;
  }

  /** An element is under way whose last message has this offset. */
  accept(last: number): void {
    this.#mark.accept(last);
  }

  /** It is done. */
  acknowledge(last: number): void {
    this.#mark.acknowledge(last);
  }

  /** It has failed, and is to come again, its first message with `first`, and all that came after it. */
  fail(first: number): void {
    if (!this.hasEnded) {
      this.#clock.setTimeout(() => {
        if (!this.#hasEnded) this.#port.rewind(this.#failed);
      }, this.#retryDelay);
    }
    this.#failed = Math.min(this.#failed, first);
  }

  /** The partition was taken away, or wound back. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Says what is done. */
  flush(): void {
    if (this.#due !== undefined) this.#port.acknowledge(this.#due);
    this.#due = undefined;
  }
}
