import { importPeer } from './import-peer.ts';
import type { ServerAddress } from './server-address.ts';

/** Reply of a command: strings are given as bytes. */
export type RedisReply = Buffer | number | bigint | string | null | Error | RedisReply[];

/** What is used of a client of the package `redis`: commands in, plain replies out. */
export interface RedisClient {
  send(...args: readonly (string | Buffer)[]): Promise<RedisReply>;
  /** Whether it is connected. */
  readonly isReady: boolean;
  /** Waits for the commands that were sent. */
  close(): Promise<void>;
}

/** Connection settings that are handed to the package `redis` as they are. */
export interface RedisClientOptions {
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  /** TLS and other settings of the socket. */
  readonly socket?: object;
}

/** Errors of Redis that trying again would not help. */
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|WRONGTYPE|ERR Client sent AUTH)/;

/** Whether an error is Redis' own, about what was asked or who asks. */
export function isRefusedByRedis(error: unknown): boolean {
  return error instanceof Error && REFUSED.test(error.message);
}

/**
 * Connects once: it is not for the client to connect again, as a command that it would repeat may have
 * been carried out.
 *
 * @param action for errors, after "Cannot"
 * @param silence milliseconds without a byte after which the connection counts as lost
 */
export async function connectRedis(
  address: ServerAddress,
  action: string,
  options: RedisClientOptions,
  silence?: number,
): Promise<RedisClient> {
  const { createClient, RESP_TYPES } = await importPeer(() => import('redis'), 'redis', action);
  const client = createClient({
    ...options,
    url: address.reveal().href,
    RESP: 2,
    disableOfflineQueue: true,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    socket: {
      ...options.socket,
      reconnectStrategy: false,
      ...(silence !== undefined && { socketTimeout: silence }),
    },
  });
  // Commands reject with it as well; without a listener it would be an uncaught exception.
  client.on('error', () => undefined);
  await client.connect();
  return {
    get isReady() {
      return client.isReady;
    },
    send: (...args) => client.sendCommand<RedisReply>(args),
    close: async () => {
      if (client.isReady) await client.close();
      else if (client.isOpen) client.destroy();
    },
  };
}
