import { ServerAddress } from '../connect/server-address.ts';
import { MillraceError } from '../errors.ts';
import { requireFunction, requireOptions } from '../graph/arguments.ts';
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  PartialWriteError,
  Sink,
  type SinkBatchOptions,
  type SinkContext,
} from './batch-sink.ts';

/** What every sink into a broker accepts. */
export interface BrokerSinkOptions extends BatchingOptions {
  readonly url: string | URL;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: object;
}

/** What every sink of messages accepts besides. */
export interface PublishOptions<T> extends BatchingOptions {
  /** The data of an element's message. Default: buffers and text as they are, all else as JSON. */
  readonly encode?: (element: T) => Uint8Array | string;
}

/** What a sink into a broker says of itself. */
export interface BrokerUse {
  /** Such as `toMqtt`. */
  readonly name: string;
  /** What is done there, after "Cannot". */
  readonly action: string;
  /** The schemes of URLs that are taken. */
  readonly protocols: readonly string[];
  /** The names of its own options, besides those of {@link BrokerSinkOptions}. */
  readonly options: readonly string[];
  /** Those of them that are functions. */
  readonly functions: readonly string[];
  /** Of the batches. */
  readonly defaults: SinkBatchOptions;
  /** Whether an error of the client is an answer of the server that another attempt would not change. */
  isRefused(error: unknown): boolean;
}

/**
 * A sink that a broker answers for each element of a batch by itself: all are sent at once, and those
 * that fail do so alone.
 */
export abstract class BrokerSink<T, R, E> extends Sink<T, R, E> {
  /** Where the broker is. */
  protected readonly address: ServerAddress;
  /** What is done there, after "Cannot". */
  protected readonly action: string;
  readonly #isRefused: (error: unknown) => boolean;
  #lost: () => void = () => undefined;

  constructor(use: BrokerUse, options: BrokerSinkOptions) {
    const { name } = use;
    requireOptions(name, options, [...BATCHING_OPTIONS, 'url', 'client', ...use.options]);
    const given = (options ?? {}) as unknown as Readonly<Record<string, unknown>>;
    for (const option of use.functions) {
      if (given[option] !== undefined) requireFunction(name, option, given[option]);
    }
    const address = new ServerAddress(name, options?.url, use.protocols, options?.client);
    super(name, options, use.defaults);
    this.address = address;
    this.action = use.action;
    this.#isRefused = use.isRefused;
  }

  /** Whether the connection still stands after an error. Default: it does not. */
  protected get isConnected(): boolean {
    return false;
  }

  /** Connects; `lost` is to be called when the connection is gone. */
  protected abstract connect(lost: () => void): Promise<void>;

  override async open({ lost }: SinkContext): Promise<void> {
    this.#lost = lost;
    try {
      await this.connect(lost);
    } catch (error) {
      await this.close();
      throw this.explain(error);
    }
  }

  override isPermanent(error: unknown): boolean {
    return error instanceof MillraceError && error.code === 'ERR_REFUSED';
  }

  /**
   * Sends all of them at once. Resolves with the answers, in order, if there are any; rejects with a
   * {@link PartialWriteError} where an element was not taken.
   */
  protected async sendAll<A extends R | undefined>(
    elements: readonly E[],
    send: (element: E, index: number) => Promise<A>,
  ): Promise<A[]> {
    const answers = await Promise.allSettled(elements.map(send));
    const errors = new Map<number, unknown>();
    const results: A[] = [];
    for (const [i, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') results[i] = answer.value;
      else errors.set(i, this.explain(answer.reason));
    }
    const answered = results.some((result) => result !== undefined) ? results : undefined;
    if (errors.size > 0) throw new PartialWriteError(errors, answered);
    return results;
  }

  /** What the client failed with, as users see it; after a lost connection the sink is opened again. */
  protected explain(error: unknown): MillraceError {
    const explained = this.address.explain(this.action, error, this.#isRefused);
    if (explained.code === 'ERR_CONNECTION' && !this.isConnected) this.#lost();
    return explained;
  }
}
