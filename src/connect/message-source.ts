import type { MillraceError } from '../errors.ts';
import { requireOneOf, requirePositiveInteger } from '../graph/arguments.ts';
import { Gate } from '../graph/gate.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from '../sources/source.ts';
import type { TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import { Backoff, type ReconnectOptions } from './backoff.ts';
import { reconnecting } from './reconnect.ts';
import type { ServerAddress } from './server-address.ts';
import { within } from './within.ts';

/** What every source of a broker's messages accepts. */
export interface MessageOptions extends SourceOptions {
  /**
   * The most messages that are under way in the graph: taken from the broker and not yet settled. 1 or
   * more, and more than windows and joins of the graph hold back. Default: 1000.
   */
  readonly maxInFlight?: number;
  /**
   * What the broker is told of a message that failed downstream, where no error policy of the graph
   * took care of it. `'redeliver'` (default): it is to come again. `'discard'`: it is not.
   */
  readonly onFailure?: 'redeliver' | 'discard';
  /**
   * How long a stop waits for messages under way to settle, so that they can be acknowledged. Those
   * that do not are redelivered at the next start. Default: 5 s.
   */
  readonly stopTimeout?: Duration;
  /**
   * How long connecting may take, until the first message may come: a broker that is just starting can
   * take a connection and never answer on it. One that takes longer counts as lost. Default: 30 s.
   */
  readonly connectTimeout?: Duration;
  /** When a connection that was lost, or could not be made, is tried again. */
  readonly reconnect?: ReconnectOptions;
}

/** The names of {@link MessageOptions}, to check what was given against. */
export const MESSAGE_OPTIONS: readonly string[] = [
  ...SOURCE_OPTIONS,
  'maxInFlight',
  'onFailure',
  'stopTimeout',
  'connectTimeout',
  'reconnect',
];

/** What becomes of a message: it is done with, is to come again, or is given up. */
export type Settlement = 'acknowledge' | 'redeliver' | 'discard';

/** What a connection may use while it is read. */
export interface MessageRun<T> extends SourceRun<T> {
  /** How many messages more may be under way: 0 or more. */
  room(): number;
  /** A promise for the time when a message may be taken again, or the source is stopped. */
  whenRoom(): Promise<void>;
  /**
   * Sends a message downstream. Resolves when the next one may be sent; `settle` is called once when
   * everything downstream is done with it, also after the connection is gone. It may fail, as the
   * broker then delivers the message again.
   */
  deliver(element: T, settle: (settlement: Settlement) => unknown): Promise<void>;
}

/** A connection to a broker: opened by {@link MessageSource.open}, read, closed. */
export interface MessageConnection<T> {
  /** Delivers messages until the source is stopped. Rejects when the connection is lost. */
  read(run: MessageRun<T>): Promise<void>;
  /** Lets go of everything; messages that were not settled are the broker's again. */
  close(): Promise<void> | void;
}

/** Which server a source reads, for errors. */
export interface ServerUse {
  readonly address: ServerAddress;
  /** What is done there, after "Cannot". */
  readonly action: string;
  /** Whether an error of the client is an answer of the server that another attempt would not change. */
  isRefused(error: unknown): boolean;
}

/**
 * A source of messages that a broker keeps until they are acknowledged: each is, when everything
 * downstream has settled, and not before. The connection is made again when it is lost.
 */
export abstract class MessageSource<T> extends Source<T> {
  readonly #maxInFlight: number;
  readonly #failure: Settlement;
  readonly #stopTimeout: number;
  readonly #connectTimeout: number;
  readonly #backoff: Backoff;
  readonly #server: ServerUse;
  #inFlight = 0;
  readonly #settled = new Gate();

  constructor(operator: string, options: MessageOptions, server: ServerUse) {
    const { maxInFlight = 1000, onFailure = 'redeliver' } = options;
    const { stopTimeout = '5s', connectTimeout = '30s' } = options;
    requirePositiveInteger(operator, 'maxInFlight', maxInFlight);
    requireOneOf(operator, 'onFailure', onFailure, ['redeliver', 'discard']);
    const timeout = parseDuration(stopTimeout, operator);
    const connectLimit = parseDuration(connectTimeout, operator);
    const backoff = new Backoff(operator, options.reconnect);
    super(options);
    this.#maxInFlight = maxInFlight;
    this.#failure = onFailure;
    this.#stopTimeout = timeout;
    this.#connectTimeout = connectLimit;
    this.#backoff = backoff;
    this.#server = server;
  }

  /** How many messages are under way: taken from the broker and not settled. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Connects. What it opened it closes before it rejects. */
  protected abstract open(): Promise<MessageConnection<T>>;

  protected override run(run: SourceRun<T>): Promise<void> {
    return reconnecting(run, this.#backoff, async (session) => {
      let hasGraphFailed = false;
      let connection: MessageConnection<T> | undefined;
      try {
        connection = await this.#connect();
        session.connected();
        await connection.read({
          ...session,
          room: () => this.#maxInFlight - this.#inFlight,
          whenRoom: () => this.#whenRoom(session),
          deliver: async (element, settle) => {
            await this.#whenRoom(session);
            try {
              await this.#deliver(element, settle, session);
            } catch (error) {
              hasGraphFailed = true;
              throw error;
            }
          },
        });
      } catch (error) {
        if (hasGraphFailed || session.signal.aborted) throw error;
        throw await this.#explain(error, session);
      } finally {
        // Where the connection is lost there is nothing to acknowledge on.
        if (session.signal.aborted || hasGraphFailed) await this.#allSettled();
        await this.#close(connection);
      }
    });
  }

  async #connect(): Promise<MessageConnection<T>> {
    const { clock } = this.node.environment;
    const opening = this.open();
    try {
      return await within(clock, this.#connectTimeout, opening, 'its answer');
    } catch (error) {
      // It may yet come, or has failed by itself.
      void opening.then((late) => this.#close(late)).catch(() => undefined);
      throw error;
    }
  }

  /** A server that dies while it is taken leave of does not answer. */
  async #close(connection: MessageConnection<T> | undefined): Promise<void> {
    const { clock } = this.node.environment;
    const closing = Promise.resolve(connection?.close());
    await within(clock, this.#stopTimeout, closing, 'the end').catch(() => undefined);
  }

  /**
   * What a connection failed with, as users see it. Where another attempt would not help, the graph's
   * error policy decides: without one this rejects, and the source fails.
   */
  async #explain(error: unknown, { fail }: SourceRun<T>): Promise<MillraceError> {
    const { address, action, isRefused } = this.#server;
    const explained = address.explain(action, error, isRefused);
    if (explained.code !== 'ERR_CONNECTION') await fail(explained);
    return explained;
  }

  async #whenRoom({ signal, wait }: SourceRun<T>): Promise<void> {
    while (this.#inFlight >= this.#maxInFlight && !signal.aborted) await wait(this.#settled.wait());
  }

  #deliver(
    element: T,
    settle: (settlement: Settlement) => unknown,
    { emit }: SourceRun<T>,
  ): Promise<void> | undefined {
    this.#inFlight++;
    return emit(element, {
      // It has failed where it is called with an error, be that undefined.
      acknowledge: (...errors: unknown[]) => {
        this.#inFlight--;
        this.#settled.open();
        void tell(settle, errors.length === 0 ? 'acknowledge' : this.#failure);
      },
    });
  }

  /** Waits for what is under way, not longer than a stop may take. */
  async #allSettled(): Promise<void> {
    const { clock } = this.node.environment;
    let isOver = false;
    const timer: TimerHandle = clock.setTimeout(() => {
      isOver = true;
      this.#settled.open();
    }, this.#stopTimeout);
    while (this.#inFlight > 0 && !isOver) await this.#settled.wait();
    clock.clearTimeout(timer);
  }
}

/** Tells the broker. Where that fails the connection is lost, as whoever reads from it will find. */
async function tell(
  settle: (settlement: Settlement) => unknown,
  settlement: Settlement,
): Promise<void> {
  try {
    await settle(settlement);
  } catch {
    // The broker has not heard of it, and delivers the message again.
  }
}
