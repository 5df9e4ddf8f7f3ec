import type { Consumer, JsMsg } from '@nats-io/jetstream';
import {
  MESSAGE_OPTIONS,
  type MessageConnection,
  type MessageOptions,
  type MessageRun,
  MessageSource,
} from '../connect/message-source.ts';
import { connectNats, isRefusedByNats } from '../connect/nats-client.ts';
import type { NatsClientOptions } from '../connect/nats-options.ts';
import { ServerAddress } from '../connect/server-address.ts';
import {
  describe,
  requireOptions,
  requirePositiveInteger,
  requireText,
} from '../graph/arguments.ts';
import type { TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** One message of a JetStream stream. */
export interface NatsMessage {
  readonly subject: string;
  readonly data: Buffer;
  /** By name, each with its values. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly stream: string;
  /** In the stream, from 1. */
  readonly sequence: number;
  /** When the server took it in. */
  readonly timestamp: Date;
  /** How often it was delivered, this time included. */
  readonly deliveries: number;
}

/** Options of {@link fromNats}. */
export interface NatsOptions extends MessageOptions {
  /** Such as `nats://user:password@host:4222`, or `tls://…`; a name without a password is a token. */
  readonly url: string | URL;
  /**
   * Name of the durable consumer; it is created where it does not exist, and what it says is not
   * changed where it does. Sources of the same consumer share its messages.
   */
  readonly consumer: string;
  /** Only messages of these subjects, for a new consumer; may have wildcards. Default: all. */
  readonly subjects?: readonly string[];
  /** Where a new consumer begins. Default: `'earliest'`, with what is in the stream. */
  readonly startFrom?:
    | 'earliest'
    | 'latest'
    | { readonly sequence: number }
    | { readonly timestamp: Date };
  /**
   * How long the server waits for a sign of life of a new consumer before it delivers a message again;
   * messages under way are kept alive. Default: 30 s.
   */
  readonly ackWait?: Duration;
  /** How long the server waits before it delivers a message again that failed. Default: 1 s. */
  readonly retryDelay?: Duration;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: NatsClientOptions;
}

const NATS_OPTIONS = [
  ...MESSAGE_OPTIONS,
  'url',
  'consumer',
  'subjects',
  'startFrom',
  'ackWait',
  'retryDelay',
  'client',
];

/**
 * A source of the messages of a NATS JetStream stream, through a durable pull consumer, at least once:
 * a message is acknowledged when everything downstream has settled, and not before.
 *
 * Emits a {@link NatsMessage} for each, in the order of the stream, except those that are delivered
 * again. No more are asked for than `maxInFlight` leaves room for; a new consumer has that for its limit
 * (`max_ack_pending`) too. A message that fails downstream is refused (`nak`) and comes again after
 * `retryDelay`, or with `onFailure: 'discard'` not (`term`).
 *
 * `stop()` waits for what is under way (`stopTimeout`); `start()` goes on where the consumer stands. The
 * connection is made again when it is lost. An error that trying again would not help, such as a stream
 * that does not exist, goes to `onError` and fails the source (`ERR_REFUSED`).
 *
 * Needs the packages `@nats-io/transport-node` and `@nats-io/jetstream`. Throws a TypeError or RangeError
 * for a wrong argument.
 *
 * ```ts needs-nats
 * import assert from 'node:assert/strict';
 * import { jetstreamManager } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { fromNats, Stream, toNats } from 'millrace';
 *
 * const url = process.env.NATS_URL ?? 'nats://127.0.0.1:4222';
 * const { host, username: user, password: pass } = new URL(url);
 * const connection = await connect({ servers: host, user, pass });
 * const manager = await jetstreamManager(connection);
 * await manager.streams.add({ name: 'readings', subjects: ['readings.>'] });
 * await connection.close();
 *
 * const readings = new Stream<number>();
 * readings.to(toNats('readings.a', { url }));
 * readings.emit(21.5);
 * await readings.end();
 *
 * const source = fromNats('readings', { url, consumer: 'alarms' });
 * const seen = new Promise((resolve) => source.sink(({ data }) => resolve(data.toString())));
 * void source.start();
 * assert.equal(await seen, '21.5');
 * await source.stop();
 * ```
 *
 * @param stream its name
 */
export function fromNats(stream: string, options: NatsOptions): NatsSource {
  return new NatsSource(stream, options);
}

// How long one request for messages stands; a shorter one would only ask more often.
const EXPIRES = 30_000;

/** What {@link fromNats} returns. */
export class NatsSource extends MessageSource<NatsMessage> {
  readonly #stream: string;
  readonly #consumer: string;
  readonly #address: ServerAddress;
  readonly #client: NatsClientOptions;
  readonly #action: string;
  readonly #ackWait: number;
  readonly #retryDelay: number;
  readonly #configuration: object;

  constructor(stream: string, options: NatsOptions) {
    requireText('fromNats', 'stream', stream);
    requireOptions('fromNats', options, NATS_OPTIONS);
    const { url, consumer, subjects, startFrom = 'earliest', client = {} } = options ?? {};
    const { ackWait = '30s', retryDelay = '1s', maxInFlight = 1000 } = options ?? {};
    requireText('fromNats', 'consumer', consumer);
    const address = new ServerAddress('fromNats', url, ['nats:', 'tls:'], client);
    const action = `read the JetStream stream '${stream}'`;
    super('fromNats', options, { address, action, isRefused: isRefusedByNats });
    this.#stream = stream;
    this.#consumer = consumer;
    this.#address = address;
    this.#client = client;
    this.#action = action;
    this.#ackWait = parseDuration(ackWait, 'fromNats');
    this.#retryDelay = parseDuration(retryDelay, 'fromNats');
    this.#configuration = {
      durable_name: consumer,
      ack_policy: 'explicit',
      ack_wait: this.#ackWait * 1e6,
      max_ack_pending: maxInFlight,
      ...startOf(startFrom),
      ...subjectsOf(subjects),
    };
  }

  protected override async open(): Promise<MessageConnection<NatsMessage>> {
    const nats = await connectNats(this.#address, this.#action, this.#client);
    const { connection, jetStream } = nats;
    try {
      const manager = await jetStream.jetstreamManager(connection);
      await this.#createConsumer(manager);
      const consumer = await jetStream
        .jetstream(connection)
        .consumers.get(this.#stream, this.#consumer);
      const held = new Set<JsMsg>();
      const stopBeating = this.#keepAlive(held);
      return {
        read: async (run) => {
          while (!run.signal.aborted) {
            await run.whenRoom();
            if (!run.signal.aborted) await this.#fetch(run, consumer, held);
            if (connection.isClosed()) throw (await connection.closed()) ?? new Error('closed');
          }
        },
        close: async () => {
          stopBeating();
          // Acknowledgements are sent without an answer: what was written is to be on its way.
          await connection.drain().catch(() => connection.close());
        },
      };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async #createConsumer(manager: ConsumerManager): Promise<void> {
    try {
      await manager.consumers.info(this.#stream, this.#consumer);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ConsumerNotFoundError')) throw error;
      await manager.consumers.add(this.#stream, this.#configuration);
    }
  }

  /** Takes as many messages as there is room for, as they come. */
  async #fetch(run: MessageRun<NatsMessage>, consumer: Consumer, held: Set<JsMsg>): Promise<void> {
    const messages = await consumer.fetch({ max_messages: run.room(), expires: EXPIRES });
    let failure: { readonly error: unknown } | undefined;
    // What is there already is given back first; otherwise it would come again only after `ackWait`.
    const end = () => {
      if (messages.getProcessed() === messages.getReceived()) messages.stop();
    };
    run.signal.addEventListener('abort', end);
    if (run.signal.aborted) end();
    try {
      for await (const message of messages) {
        const isOver = run.signal.aborted || failure !== undefined;
        if (isOver) message.nak();
        else {
          held.add(message);
          try {
            await run.deliver(elementOf(message), (settlement) => {
              held.delete(message);
              if (settlement === 'acknowledge') message.ack();
              else if (settlement === 'discard') message.term();
              else message.nak(this.#retryDelay);
            });
          } catch (error) {
            failure = { error };
          }
        }
        if (run.signal.aborted || failure !== undefined) end();
      }
    } finally {
      run.signal.removeEventListener('abort', end);
    }
    if (failure !== undefined) throw failure.error;
  }

  /** Says from time to time that what is under way is being worked on. */
  #keepAlive(held: ReadonlySet<JsMsg>): () => void {
    const { clock } = this.node.environment;
    let timer: TimerHandle;
    const beat = () => {
      try {
        for (const message of held) message.working();
      } catch {
        // The connection is lost, as its reader will find.
        return;
      }
      timer = clock.setTimeout(beat, this.#ackWait / 3);
    };
    timer = clock.setTimeout(beat, this.#ackWait / 3);
    return () => clock.clearTimeout(timer);
  }
}

/** What is used of the client's manager. */
interface ConsumerManager {
  readonly consumers: {
    info(stream: string, consumer: string): Promise<unknown>;
    add(stream: string, configuration: object): Promise<unknown>;
  };
}

function elementOf(message: JsMsg): NatsMessage {
  const { subject, data, headers, info, seq, time } = message;
  return {
    subject,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    headers: Object.fromEntries(
      (headers?.keys() ?? []).map((name) => [name, headers?.values(name) ?? []]),
    ),
    stream: info.stream,
    sequence: seq,
    timestamp: time,
    deliveries: info.deliveryCount,
  };
}

function startOf(startFrom: NonNullable<NatsOptions['startFrom']>): object {
  if (startFrom === 'earliest') return { deliver_policy: 'all' };
  if (startFrom === 'latest') return { deliver_policy: 'new' };
  const { sequence, timestamp }: { sequence?: unknown; timestamp?: unknown } = Object(startFrom);
  if (timestamp instanceof Date && !Number.isNaN(timestamp.getTime())) {
    return { deliver_policy: 'by_start_time', opt_start_time: timestamp.toISOString() };
  }
  if (sequence === undefined) {
    throw new RangeError(
      `Cannot create fromNats: startFrom must be "earliest" or "latest" or { sequence } or { timestamp: Date }, got ${describe(startFrom)}`,
    );
  }
  requirePositiveInteger('fromNats', 'startFrom.sequence', sequence);
  return { deliver_policy: 'by_start_sequence', opt_start_seq: sequence };
}

function subjectsOf(subjects: readonly string[] | undefined): object {
  if (subjects === undefined) return {};
  if (!Array.isArray(subjects) || subjects.length === 0) {
    throw new TypeError(
      `Cannot create fromNats: subjects must be an array of one or more, got ${describe(subjects)}`,
    );
  }
  for (const subject of subjects) requireText('fromNats', 'subjects', subject);
  // Servers before 2.10 know of one subject only.
  return subjects.length === 1
    ? { filter_subject: subjects[0] }
    : { filter_subjects: [...subjects] };
}
