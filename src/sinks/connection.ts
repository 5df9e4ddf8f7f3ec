import type { Node } from '../graph/node.ts';
import { reportUncaught } from '../graph/uncaught.ts';
import type { Sink, SinkContext } from './batch-sink.ts';

/** Opens a sink when it is first needed, and again after it was closed or its connection was lost. */
export class Connection {
  readonly #sink: Sink<unknown, unknown, unknown>;
  readonly #context: SinkContext;
  /** Set from the beginning of an `open` until a `close`. */
  #opened: Promise<void> | undefined;
  /** Set while the sink is being closed. */
  #closing: Promise<void> | undefined;
  #isLost = false;

  constructor(node: Node, sink: Sink<unknown, unknown, unknown>) {
    this.#sink = sink;
    this.#context = {
      clock: node.environment.clock,
      lost: () => {
        this.#isLost = this.#opened !== undefined;
      },
      report: (error) => reportUncaught(node, error, undefined),
    };
  }

  /** Whether there is nothing to close. */
  get isClosed(): boolean {
    return this.#opened === undefined && this.#closing === undefined;
  }

  /** Resolves when the sink is open. After a failure the next call tries again. */
  open(): Promise<void> {
    if (this.#isLost) void this.close();
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** Resolves when the sink is closed; what that fails with is reported. */
  close(): Promise<void> {
    this.#isLost = false;
    const opened = this.#opened;
    if (opened !== undefined) {
      this.#opened = undefined;
      this.#closing = this.#close(opened);
    }
    return this.#closing ?? Promise.resolve();
  }

  async #open(): Promise<void> {
    try {
      await this.#closing;
      await this.#sink.open(this.#context);
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  async #close(opened: Promise<void>): Promise<void> {
    try {
      await opened.then(
        () => this.#sink.close(),
        () => undefined,
      );
    } catch (error) {
      this.#context.report(error);
    } finally {
      this.#closing = undefined;
    }
  }
}
