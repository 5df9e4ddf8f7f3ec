import type { ChannelModel } from 'amqplib';
import { importPeer } from './import-peer.ts';
import type { ServerAddress } from './server-address.ts';

/** Settings that are handed to the package `amqplib` as those of the socket. */
export interface RabbitMQClientOptions {
  /** Credentials of a kind of their own, as `amqplib.credentials` makes them. */
  readonly credentials?: unknown;
  /** TLS: certificates and keys, where they are not the system's. */
  readonly ca?: unknown;
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly passphrase?: string;
  /** Milliseconds that connecting may take. Default: 10,000. */
  readonly timeout?: number;
  /** Shown in the server's management, such as `{ connection_name: 'billing' }`. */
  readonly clientProperties?: object;
}

/** How a queue is declared; the same for whoever declares it. */
export interface RabbitMQQueueOptions {
  /** Survives a restart of the server. Default: true. */
  readonly durable?: boolean;
  /** Such as `{ 'x-queue-type': 'quorum' }`. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

const REFUSED = /ACCESS[-_]REFUSED|NOT[-_]ALLOWED|NOT[-_]FOUND|PRECONDITION[-_]FAILED/;

/** Whether an error is the server's answer, about what was asked or who asks. */
export function isRefusedByRabbitMQ(error: unknown): boolean {
  return error instanceof Error && REFUSED.test(error.message);
}

/**
 * Connects once: it is not for the client to connect again, as what was delivered on a connection can
 * be acknowledged on that one only.
 *
 * @param action for errors, after "Cannot"
 */
export async function connectRabbitMQ(
  address: ServerAddress,
  action: string,
  options: RabbitMQClientOptions,
): Promise<ChannelModel> {
  const { connect } = await importPeer(() => import('amqplib'), 'amqplib', action);
  const connection = await connect(address.reveal().href, {
    noDelay: true,
    timeout: 10_000,
    ...(options as object),
  });
  // Whoever waits for something is told; without a listener it would be an uncaught exception.
  connection.on('error', () => undefined);
  return connection;
}

/** Declares a queue as `options` say; with `false` it has to be there. */
export function declareQueue(
  channel: {
    assertQueue(queue: string, options: object): Promise<unknown>;
    checkQueue(queue: string): Promise<unknown>;
  },
  queue: string,
  options: RabbitMQQueueOptions | false,
): Promise<unknown> {
  if (options === false) return channel.checkQueue(queue);
  return channel.assertQueue(queue, { durable: true, ...options });
}
