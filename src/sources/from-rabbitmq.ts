import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import {
  MESSAGE_OPTIONS,
  type MessageConnection,
  type MessageOptions,
  type MessageRun,
  MessageSource,
  type Settlement,
} from '../connect/message-source.ts';
import {
  connectRabbitMQ,
  declareQueue,
  isRefusedByRabbitMQ,
  type RabbitMQClientOptions,
  type RabbitMQQueueOptions,
} from '../connect/rabbitmq-client.ts';
import { ServerAddress } from '../connect/server-address.ts';
import { describe, requireOptions, requireText } from '../graph/arguments.ts';
import { Gate } from '../graph/gate.ts';
import { Queue } from '../graph/queue.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** One message of a queue. */
export interface RabbitMQMessage {
  readonly queue: string;
  readonly data: Buffer;
  /** Empty for the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly messageId: string | undefined;
  readonly contentType: string | undefined;
  /** It was delivered before, and was not acknowledged. */
  readonly redelivered: boolean;
}

/** Options of {@link fromRabbitMQ}. */
export interface RabbitMQOptions extends MessageOptions {
  /** Such as `amqp://user:password@host:5672/vhost`, or `amqps://…`. */
  readonly url: string | URL;
  /** How the queue is declared; `false`: it has to exist. Default: durable. */
  readonly declare?: RabbitMQQueueOptions | false;
  /** Exchanges that the queue is bound to; they have to exist. Default: none. */
  readonly bindings?: readonly { readonly exchange: string; readonly routingKey?: string }[];
  /** How long a message that failed is kept before it goes back to the queue. Default: 1 s. */
  readonly retryDelay?: Duration;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: RabbitMQClientOptions;
}

const RABBITMQ_OPTIONS = [...MESSAGE_OPTIONS, 'url', 'declare', 'bindings', 'retryDelay', 'client'];

/**
 * A source of the messages of a RabbitMQ queue (AMQP 0-9-1), at least once: a message is acknowledged
 * when everything downstream has settled, and not before.
 *
 * Emits a {@link RabbitMQMessage} for each, in the order of the queue, except those that are delivered
 * again. The server sends no more than `maxInFlight` ahead (its prefetch, at most 65,535). A message that
 * fails downstream goes back to the queue after `retryDelay`, or with `onFailure: 'discard'` to the
 * queue's dead-letter exchange, if it has one.
 *
 * `stop()` waits for what is under way (`stopTimeout`) and gives back what was only sent ahead; `start()`
 * goes on. The connection is made again when it is lost. An error that trying again would not help, such
 * as a wrong password or a queue that was declared otherwise, goes to `onError` and fails the source
 * (`ERR_REFUSED`).
 *
 * Needs the package `amqplib`. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts needs-rabbitmq
 * import assert from 'node:assert/strict';
 * import { fromRabbitMQ, Stream, toRabbitMQ } from 'millrace';
 *
 * const url = process.env.RABBITMQ_URL ?? 'amqp://127.0.0.1:5672';
 *
 * const readings = new Stream<{ celsius: number }>();
 * readings.to(toRabbitMQ('readings', { url }));
 * readings.emit({ celsius: 21.5 });
 * await readings.end();
 *
 * const source = fromRabbitMQ('readings', { url });
 * const seen = new Promise((resolve) => source.sink(({ data }) => resolve(JSON.parse(`${data}`))));
 * void source.start();
 * assert.deepEqual(await seen, { celsius: 21.5 });
 * await source.stop();
 * ```
 *
 * @param queue its name
 */
export function fromRabbitMQ(queue: string, options: RabbitMQOptions): RabbitMQSource {
  return new RabbitMQSource(queue, options);
}

/** What {@link fromRabbitMQ} returns. */
export class RabbitMQSource extends MessageSource<RabbitMQMessage> {
  readonly #queue: string;
  readonly #options: RabbitMQOptions;
  readonly #address: ServerAddress;
  readonly #action: string;
  readonly #retryDelay: number;

  constructor(queue: string, options: RabbitMQOptions) {
    requireText('fromRabbitMQ', 'queue', queue);
    requireOptions('fromRabbitMQ', options, RABBITMQ_OPTIONS);
    const { url, client, bindings = [], retryDelay = '1s', maxInFlight } = options ?? {};
    if (!Array.isArray(bindings)) {
      throw new TypeError(
        `Cannot create fromRabbitMQ: bindings must be an array, got ${describe(bindings)}`,
      );
    }
    for (const { exchange } of bindings) requireText('fromRabbitMQ', 'exchange', exchange);
    if (maxInFlight !== undefined && maxInFlight > 65_535) {
      throw new RangeError(
        `Cannot create fromRabbitMQ: maxInFlight must be at most 65535, got ${maxInFlight}`,
      );
    }
    const address = new ServerAddress('fromRabbitMQ', url, ['amqp:', 'amqps:'], client);
    const action = `read the RabbitMQ queue '${queue}'`;
    super('fromRabbitMQ', options, { address, action, isRefused: isRefusedByRabbitMQ });
    this.#queue = queue;
    this.#options = { ...options, url: '' };
    this.#address = address;
    this.#action = action;
    this.#retryDelay = parseDuration(retryDelay, 'fromRabbitMQ');
  }

  protected override async open(): Promise<MessageConnection<RabbitMQMessage>> {
    const { declare = {}, bindings = [], maxInFlight = 1000, client = {} } = this.#options;
    const connection = await connectRabbitMQ(this.#address, this.#action, client);
    try {
      const channel = await connection.createChannel();
      // An answer to a request rejects that; without a listener it would be an uncaught exception.
      channel.on('error', () => undefined);
      await declareQueue(channel, this.#queue, declare);
      for (const { exchange, routingKey = '' } of bindings) {
        await channel.bindQueue(this.#queue, exchange, routingKey);
      }
      await channel.prefetch(maxInFlight);
      const { clock } = this.node.environment;
      const consumer = new QueueConsumer(connection, channel, clock, this.#retryDelay);
      await consumer.consume(this.#queue);
      return {
        read: (run) => this.#read(run, consumer),
        close: () => consumer.close(),
      };
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  async #read(run: MessageRun<RabbitMQMessage>, consumer: QueueConsumer): Promise<void> {
    try {
      while (!run.signal.aborted) {
        if (consumer.lost !== undefined) throw consumer.lost;
        if (consumer.waiting.size === 0) await run.wait(consumer.changed.wait());
        else {
          const message = consumer.waiting.shift();
          await run.deliver(elementOf(message, this.#queue), (settlement) =>
            consumer.settle(message, settlement),
          );
        }
      }
    } finally {
      // No more is sent ahead, and what was is the queue's again, before what is under way has settled.
      await consumer.cancel();
    }
  }
}

/** One channel that consumes from a queue, until it is cancelled or lost. */
class QueueConsumer {
  readonly waiting = new Queue<ConsumeMessage>();
  /** Opened when a message has come, or the connection is lost. */
  readonly changed = new Gate();
  /** Why no more will come. */
  lost: Error | undefined;
  readonly #connection: ChannelModel;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #retryDelay: number;
  /** Of messages that failed, and are to go back to the queue later. */
  readonly #timers = new Set<TimerHandle>();
  #tag = '';

  /** @param retryDelay milliseconds for which a message that failed is kept */
  constructor(connection: ChannelModel, channel: Channel, clock: Clock, retryDelay: number) {
    this.#connection = connection;
    this.#channel = channel;
    this.#clock = clock;
    this.#retryDelay = retryDelay;
    const lose = (error?: Error) => {
      this.#forget();
      this.lost ??= error ?? new Error('the connection was closed');
      this.changed.open();
    };
    for (const emitter of [connection, channel]) {
      emitter.on('error', lose);
      emitter.on('close', lose);
    }
  }

  async consume(queue: string): Promise<void> {
    const { consumerTag } = await this.#channel.consume(queue, (message) => {
      if (message !== null) this.waiting.push(message);
      else this.lost ??= new Error('the server has cancelled the consumer: the queue was deleted');
      this.changed.open();
    });
    this.#tag = consumerTag;
  }

  settle(message: ConsumeMessage, settlement: Settlement): void {
    if (settlement === 'acknowledge') this.#channel.ack(message);
    else if (settlement === 'discard') this.#channel.nack(message, false, false);
    else if (this.lost === undefined) {
      const timer = this.#clock.setTimeout(() => {
        this.#timers.delete(timer);
        this.#channel.nack(message, false, true);
      }, this.#retryDelay);
      this.#timers.add(timer);
    }
  }

  async cancel(): Promise<void> {
    if (this.lost !== undefined) return;
    try {
      await this.#channel.cancel(this.#tag);
      while (this.waiting.size > 0) this.#channel.nack(this.waiting.shift(), false, true);
    } catch {
      // The connection is lost, and the messages are the queue's again.
    }
  }

  async close(): Promise<void> {
    this.#forget();
    if (this.lost === undefined) {
      this.lost = new Error('it was closed');
      await this.#channel.close();
    }
    await this.#connection.close();
  }

  /** A channel that is closed gives back by itself what was not settled. */
  #forget(): void {
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }
}

function elementOf({ content, fields, properties }: ConsumeMessage, queue: string) {
  return {
    queue,
    data: content,
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    headers: properties.headers ?? {},
    messageId: properties.messageId as string | undefined,
    contentType: properties.contentType as string | undefined,
    redelivered: fields.redelivered,
  };
}
