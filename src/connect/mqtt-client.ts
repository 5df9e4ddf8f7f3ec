import type { IPublishPacket, MqttClient } from 'mqtt';
import { importPeer } from './import-peer.ts';
import type { MqttClientOptions } from './mqtt-options.ts';
import type { ServerAddress } from './server-address.ts';

/** The schemes of URLs that are taken. */
export const MQTT_PROTOCOLS = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];

// Of CONNACK and SUBACK, in MQTT 3.1.1 and 5: credentials, rights, names that are not allowed.
const REFUSED = new Set([1, 2, 4, 5, 132, 133, 134, 135, 138, 140, 143, 144, 151]);

/** Whether an error is the broker's answer, about what was asked or who asks. */
export function isRefusedByMqtt(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return error instanceof Error && typeof code === 'number' && REFUSED.has(code);
}

/** A connection, and what there is to know of it. */
export interface MqttConnection {
  readonly client: MqttClient;
  /** Rejects when the connection is lost. */
  readonly lost: Promise<never>;
}

/** Which session is asked for. */
export interface MqttSession {
  readonly clientId?: string;
  /** Nothing is kept of it. */
  readonly clean: boolean;
  /** Seconds that the broker keeps it for after the connection, in MQTT 5. */
  readonly expiry?: number;
  /** Messages that the broker may send ahead, in MQTT 5. */
  readonly receiveMaximum?: number;
  /**
   * Called before the first message comes. `isResumed`: the broker still had the session, and with it what
   * was not acknowledged.
   */
  connected?(client: MqttClient, isResumed: boolean): void;
  /** Takes a message; the next one comes when `done` was called, with an error for no acknowledgement. */
  handle?(packet: IPublishPacket, done: (error?: Error) => void): void;
}

/**
 * Connects once: it is not for the client to connect again, as it would keep and repeat what belongs to
 * the graph.
 *
 * @param action for errors, after "Cannot"
 */
export async function connectMqtt(
  address: ServerAddress,
  action: string,
  options: MqttClientOptions,
  { clientId, clean, expiry, receiveMaximum, connected, handle }: MqttSession,
): Promise<MqttConnection> {
  const { connect } = await importPeer(() => import('mqtt'), 'mqtt', action);
  const { protocolVersion = 5 } = options;
  const properties = {
    ...(expiry !== undefined && { sessionExpiryInterval: expiry }),
    ...(receiveMaximum !== undefined && { receiveMaximum }),
  };
  const client = connect(address.reveal().href, {
    ...(options as object),
    ...(clientId !== undefined && { clientId }),
    ...(protocolVersion === 5 && { properties }),
    protocolVersion,
    clean,
    reconnectPeriod: 0,
    resubscribe: false,
  });
  // Messages of a session that is resumed come right behind the answer to the connection.
  if (handle !== undefined) client.handleMessage = handle;
  let failure: Error | undefined;
  client.on('error', (error) => {
    failure ??= error;
  });
  const lost = new Promise<never>((_, reject) => {
    client.on('close', () => reject(failure ?? new Error('the connection was closed')));
  });
  // Whoever waits for it is told; nobody may.
  lost.catch(() => undefined);
  try {
    await Promise.race([
      new Promise<void>((resolve) => {
        client.once('connect', ({ sessionPresent }) => {
          connected?.(client, sessionPresent);
          resolve();
        });
      }),
      lost,
    ]);
    return { client, lost };
  } catch (error) {
    client.end(true);
    throw error;
  }
}
