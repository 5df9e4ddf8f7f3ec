import { randomUUID } from 'node:crypto';
import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import { encodeData } from '../connect/encode-data.ts';
import {
  connectRabbitMQ,
  declareQueue,
  isRefusedByRabbitMQ,
  type RabbitMQClientOptions,
  type RabbitMQQueueOptions,
} from '../connect/rabbitmq-client.ts';
import { describe, requireFunction, requireText } from '../graph/arguments.ts';
import type { SinkBatch } from './batch-sink.ts';
import { BrokerSink, type PublishOptions } from './broker-sink.ts';

/** Where messages are published: to an exchange, with a key for all elements or for each. */
export interface RabbitMQTarget<T> {
  readonly exchange: string;
  /** Default: the empty text. */
  readonly routingKey?: string | ((element: T) => string);
}

/** Options of {@link toRabbitMQ}. */
export interface RabbitMQSinkOptions<T> extends PublishOptions<T> {
  /** Such as `amqp://user:password@host:5672/vhost`, or `amqps://…`. */
  readonly url: string | URL;
  /** Headers of an element's message. Default: none. */
  readonly headers?: (element: T) => Readonly<Record<string, unknown>>;
  /** The id of an element's message, for whoever reads it. Default: a new one for each element. */
  readonly messageId?: (element: T) => string;
  /** Messages survive a restart of the server, in a queue that does. Default: true. */
  readonly persistent?: boolean;
  /** How a queue that is published to is declared; `false`: it has to exist. Default: durable. */
  readonly declare?: RabbitMQQueueOptions | false;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: RabbitMQClientOptions;
}

/** A message, ready to be published. */
interface Outgoing {
  readonly routingKey: string;
  readonly data: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly id: string;
}

/**
 * A sink that publishes elements to a RabbitMQ queue or exchange (AMQP 0-9-1), for `stream.to`.
 *
 * An element is acknowledged when the server has confirmed its message: it is in every queue that it was
 * routed to, on disk where that is durable. Messages are published in batches, without waiting for one
 * confirmation before the next; default `{ size: 500 }`. One that no queue takes is returned by the
 * server, and its element fails (`ERR_REFUSED`). Where a connection breaks before the confirmation, the
 * batch fails, and with a policy that tries again its messages may come twice: at least once.
 *
 * Needs the package `amqplib`. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts needs-rabbitmq
 * import assert from 'node:assert/strict';
 * import { Stream, toRabbitMQ } from 'millrace';
 *
 * const url = process.env.RABBITMQ_URL ?? 'amqp://127.0.0.1:5672';
 * const orders = new Stream<{ id: string; amount: number }>();
 * const written = orders
 *   .to(toRabbitMQ('orders', { url, messageId: ({ id }) => id }))
 *   .onError({ retry: { attempts: 5 } })
 *   .sinkToList();
 * orders.emitMany([{ id: 'a', amount: 3 }, { id: 'b', amount: 4 }]);
 * await orders.end();
 * assert.equal(written.length, 2);
 * ```
 *
 * @param target a queue's name, or an exchange, which has to exist
 */
export function toRabbitMQ<T>(
  target: string | RabbitMQTarget<T>,
  options: RabbitMQSinkOptions<T>,
): RabbitMQSink<T> {
  return new RabbitMQSink(target, options);
}

/** What {@link toRabbitMQ} returns. */
export class RabbitMQSink<T> extends BrokerSink<T, T, Outgoing> {
  readonly #queue: string | undefined;
  readonly #exchange: string;
  readonly #keyOf: (element: T) => string;
  readonly #options: RabbitMQSinkOptions<T>;
  #connection: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  /** Why the server has sent messages back, by their ids. */
  readonly #returned = new Map<string, string>();

  constructor(target: string | RabbitMQTarget<T>, options: RabbitMQSinkOptions<T>) {
    const { exchange, routingKey = '' } = targetOf(target);
    const queue = typeof target === 'string' ? target : undefined;
    const functions = ['encode', 'headers', 'messageId'];
    const where = queue === undefined ? `exchange '${exchange}'` : `queue '${queue}'`;
    const use = {
      name: 'toRabbitMQ',
      action: `publish to the RabbitMQ ${where}`,
      protocols: ['amqp:', 'amqps:'],
      options: [...functions, 'persistent', 'declare'],
      functions,
      defaults: { size: 500 },
      isRefused: isRefusedByRabbitMQ,
    };
    super(use, options);
    this.#queue = queue;
    this.#exchange = exchange;
    this.#keyOf = typeof routingKey === 'function' ? routingKey : () => routingKey;
    this.#options = { ...options, url: '' };
  }

  protected override async connect(lost: () => void): Promise<void> {
    const { client = {}, declare = {} } = this.#options;
    this.#connection = await connectRabbitMQ(this.address, this.action, client);
    const channel = await this.#connection.createConfirmChannel();
    this.#channel = channel;
    channel.on('error', () => undefined);
    channel.on('close', lost);
    this.#connection.on('close', lost);
    channel.on('return', ({ fields, properties }: Message) => {
      const { replyText } = fields as { replyText?: unknown };
      this.#returned.set(String(properties.messageId), String(replyText));
    });
    if (this.#queue !== undefined) await declareQueue(channel, this.#queue, declare);
    else await channel.checkExchange(this.#exchange);
  }

  override async write({ elements }: SinkBatch<Outgoing>): Promise<void> {
    const confirmations = elements.map((message) => this.#publish(message));
    const confirmed = Promise.allSettled(confirmations);
    try {
      await this.sendAll(elements, async ({ id }, i) => {
        await confirmations[i];
        // Several may have one id: what is sent back is known for sure when all are confirmed.
        await confirmed;
        const reason = this.#returned.get(id);
        if (reason !== undefined) throw new Error(`no queue takes it: NOT_FOUND, ${reason}`);
        return undefined;
      });
    } finally {
      for (const { id } of elements) this.#returned.delete(id);
    }
  }

  override async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#channel = undefined;
    await connection?.close().catch(() => undefined);
  }

  override encode(element: T): Outgoing {
    const { encode, headers, messageId } = this.#options;
    const routingKey = this.#keyOf(element);
    if (typeof routingKey !== 'string') {
      throw new TypeError(
        `Cannot ${this.action}: routingKey must be a string, got ${describe(routingKey)}`,
      );
    }
    return {
      routingKey,
      data: encodeData(encode === undefined ? element : encode(element)),
      headers: headers?.(element) ?? {},
      id: messageId?.(element) ?? randomUUID(),
    };
  }

  override sizeOf({ data }: Outgoing): number {
    return data.length;
  }

  async #publish({ routingKey, data, headers, id }: Outgoing): Promise<void> {
    const { persistent = true } = this.#options;
    const channel = this.#channel;
    if (channel === undefined) throw new Error('the connection was closed');
    await new Promise<void>((resolve, reject) => {
      const properties = { persistent, mandatory: true, headers, messageId: id };
      channel.publish(this.#exchange, routingKey, data, properties, (error: unknown) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

function targetOf<T>(target: string | RabbitMQTarget<T>): RabbitMQTarget<T> {
  if (typeof target !== 'object' || target === null) {
    requireText('toRabbitMQ', 'target', target);
    // By the default exchange, in which each queue has its name for a key.
    return { exchange: '', routingKey: target };
  }
  requireText('toRabbitMQ', 'exchange', target.exchange);
  const { routingKey = '' } = target;
  if (typeof routingKey !== 'string') requireFunction('toRabbitMQ', 'routingKey', routingKey);
  return target;
}
