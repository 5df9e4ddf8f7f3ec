import { randomUUID } from 'node:crypto';
import { encodeData } from '../connect/encode-data.ts';
import { connectNats, isRefusedByNats, type NatsClient } from '../connect/nats-client.ts';
import type { NatsClientOptions } from '../connect/nats-options.ts';
import type { MillraceError } from '../errors.ts';
import { describe, requireText } from '../graph/arguments.ts';
import type { SinkBatch } from './batch-sink.ts';
import { BrokerSink, type PublishOptions } from './broker-sink.ts';

/** Where JetStream has put a message. */
export interface NatsReceipt {
  readonly stream: string;
  readonly sequence: number;
  /** It was there already: its id had come before. */
  readonly duplicate: boolean;
}

/** Options of {@link toNats}. */
export interface NatsSinkOptions<T> extends PublishOptions<T> {
  /** Such as `nats://user:password@host:4222`, or `tls://…`; a name without a password is a token. */
  readonly url: string | URL;
  /** Headers of an element's message. Default: none. */
  readonly headers?: (element: T) => Readonly<Record<string, string>>;
  /**
   * Of an element, an id by which the server knows a message that it has already, within the stream's
   * `duplicate_window`. Default: one for each element, so that another attempt writes nothing twice.
   */
  readonly messageId?: (element: T) => string;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: NatsClientOptions;
}

/** A message, ready to be published. */
interface Outgoing {
  readonly subject: string;
  readonly data: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string;
}

/**
 * A sink that publishes elements to NATS JetStream, for `stream.to`. Its stream emits a
 * {@link NatsReceipt} for each, in order.
 *
 * An element is acknowledged when the server has said that its message is stored. Messages are published
 * in batches, without waiting for one answer before the next; default `{ size: 500 }`. Each has an id by
 * which the server leaves out what an earlier attempt has stored already.
 *
 * Needs the packages `@nats-io/transport-node` and `@nats-io/jetstream`, and a stream that takes the
 * subject; without one the batch fails (`ERR_CONNECTION`), as while the server starts. What the server
 * refuses is `ERR_REFUSED`. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts needs-nats
 * import assert from 'node:assert/strict';
 * import { jetstreamManager } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { Stream, toNats } from 'millrace';
 *
 * const url = process.env.NATS_URL ?? 'nats://127.0.0.1:4222';
 * const { host, username: user, password: pass } = new URL(url);
 * const connection = await connect({ servers: host, user, pass });
 * const manager = await jetstreamManager(connection);
 * await manager.streams.add({ name: 'orders', subjects: ['orders.*'] });
 * await connection.close();
 *
 * const orders = new Stream<{ id: string; country: string }>();
 * const receipts = orders
 *   .to(toNats(({ country }) => `orders.${country}`, { url, messageId: ({ id }) => id }))
 *   .onError({ retry: { attempts: 5 } })
 *   .sinkToList();
 * orders.emitMany([{ id: '1', country: 'se' }, { id: '1', country: 'se' }]);
 * await orders.end();
 * assert.deepEqual(receipts.map(({ duplicate }) => duplicate), [false, true]);
 * ```
 *
 * @param subject of all elements, or of each
 */
export function toNats<T>(
  subject: string | ((element: T) => string),
  options: NatsSinkOptions<T>,
): NatsSink<T> {
  return new NatsSink(subject, options);
}

/** What {@link toNats} returns. */
export class NatsSink<T> extends BrokerSink<T, NatsReceipt, Outgoing> {
  readonly #subjectOf: (element: T) => string;
  readonly #encode: (element: T) => Uint8Array | string;
  readonly #headers: (element: T) => Readonly<Record<string, string>>;
  readonly #idOf: (element: T) => string;
  readonly #client: NatsClientOptions;
  #connected: NatsClient | undefined;

  constructor(subject: string | ((element: T) => string), options: NatsSinkOptions<T>) {
    if (typeof subject !== 'function') requireText('toNats', 'subject', subject);
    const functions = ['encode', 'headers', 'messageId'];
    const use = {
      name: 'toNats',
      action: `publish to JetStream${typeof subject === 'string' ? ` subject '${subject}'` : ''}`,
      protocols: ['nats:', 'tls:'],
      options: functions,
      functions,
      defaults: { size: 500 },
      isRefused: isRefusedByNats,
    };
    super(use, options);
    const { encode, headers, messageId, client = {} } = options;
    const prefix = randomUUID();
    let last = 0;
    this.#subjectOf = typeof subject === 'function' ? subject : () => subject;
    this.#encode = encode ?? encodeData;
    this.#headers = headers ?? (() => ({}));
    this.#idOf = messageId ?? (() => `${prefix}-${++last}`);
    this.#client = client;
  }

  protected override async connect(): Promise<void> {
    this.#connected = await connectNats(this.address, this.action, this.#client);
  }

  protected override get isConnected(): boolean {
    return this.#connected?.connection.isClosed() === false;
  }

  override write({ elements }: SinkBatch<Outgoing>): Promise<NatsReceipt[]> {
    const { connection, jetStream, core } = this.#connected!;
    const client = jetStream.jetstream(connection);
    return this.sendAll(elements, async ({ subject, data, headers, id }) => {
      const all = core.headers();
      for (const [name, value] of Object.entries(headers)) all.set(name, value);
      const options = { msgID: id, headers: all };
      const { stream, seq, duplicate } = await client.publish(subject, data, options);
      return { stream, sequence: seq, duplicate };
    });
  }

  override async close(): Promise<void> {
    await this.#connected?.connection.close();
    this.#connected = undefined;
  }

  override encode(element: T): Outgoing {
    const subject = this.#subjectOf(element);
    if (typeof subject !== 'string' || !/^[^\s*>]+$/.test(subject)) {
      throw new TypeError(
        `Cannot ${this.action}: a subject must be a string without spaces and wildcards, got ${describe(subject)}`,
      );
    }
    const data = encodeData(this.#encode(element));
    return { subject, data, headers: this.#headers(element), id: this.#idOf(element) };
  }

  override sizeOf({ data }: Outgoing): number {
    return data.length;
  }

  protected override explain(error: unknown): MillraceError {
    // So the client puts it when nobody answers.
    const isUnanswered = error instanceof Error && error.name === 'JetStreamNotEnabled';
    return super.explain(
      isUnanswered ? 'no stream takes the subject, or JetStream is not there' : error,
    );
  }
}
