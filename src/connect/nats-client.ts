import type * as JetStream from '@nats-io/jetstream';
import type * as Core from '@nats-io/transport-node';
import { importPeer } from './import-peer.ts';
import type { NatsClientOptions } from './nats-options.ts';
import type { ServerAddress } from './server-address.ts';

/** The client's modules, and a connection. */
export interface NatsClient {
  readonly connection: Core.NatsConnection;
  readonly core: typeof Core;
  readonly jetStream: typeof JetStream;
}

const REFUSED = new Set([
  'AuthorizationError',
  'UserAuthenticationExpiredError',
  'PermissionViolationError',
  'InvalidArgumentError',
  'InvalidNameError',
  'InvalidSubjectError',
  'StreamNotFoundError',
]);

/** Whether an error is the server's answer, about what was asked or who asks. */
export function isRefusedByNats(error: unknown): boolean {
  return error instanceof Error && REFUSED.has(error.name);
}

/**
 * Connects once. It is not for the client to
 * connect again: what it would still be waiting for is gone.
 *
 * @param action for errors, after "Cannot"
 */
export async function connectNats(
  address: ServerAddress,
  action: string,
  { servers = [], ...options }: NatsClientOptions,
): Promise<NatsClient> {
  const [transport, extension] = ['@nats-io/transport-node', '@nats-io/jetstream'] as const;
  const core = await importPeer(() => import('@nats-io/transport-node'), transport, action);
  const jetStream = await importPeer(() => import('@nats-io/jetstream'), extension, action);
  const { username, password, protocol, host } = address.reveal();
  const [user, pass] = [username, password].map(decodeURIComponent);
  // As everywhere with NATS, a name alone is a token.
  const login = pass === '' ? user !== '' && { token: user! } : { user: user!, pass: pass! };
  const connection = await core.connect({
    ...(login || {}),
    ...(protocol === 'tls:' && { tls: {} }),
    ...(options as object),
    servers: [host, ...servers],
    reconnect: false,
  });
  return { connection, core, jetStream };
}
