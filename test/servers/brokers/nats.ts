import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { expect } from 'vitest';
import { fromNats, type NatsMessage } from '../../../src/index.ts';
import type { Broker } from '../broker-suite.ts';
import { nats } from '../kinds.ts';
import type { TestServer } from '../test-server.ts';

/** Runs something over a connection of the plain client. */
export async function withNats<R>(
  server: TestServer,
  body: (connection: NatsConnection) => Promise<R>,
): Promise<R> {
  const login = { user: 'millrace', pass: 'secret-of-nats' };
  const connection = await connect({ servers: `127.0.0.1:${server.port}`, ...login });
  try {
    return await body(connection);
  } finally {
    await connection.close();
  }
}

/** Makes a stream of the one subject that has its name. */
export function addStream(server: TestServer, name: string): Promise<unknown> {
  return withNats(server, async (connection) =>
    (await jetstreamManager(connection)).streams.add({ name, subjects: [name] }),
  );
}

/** Resolves when somebody asks a consumer of a stream for messages. */
export async function consumed(server: TestServer, stream: string, name: string): Promise<void> {
  const waiting = () =>
    withNats(server, async (connection) => {
      const { consumers } = await jetstreamManager(connection);
      return consumers.info(stream, name).then(
        ({ num_waiting }) => num_waiting,
        // There is no such consumer yet.
        () => 0,
      );
    });
  await expect.poll(waiting).toBeGreaterThan(0);
}

/** Messages of a JetStream stream, with text for data. */
export const natsBroker: Broker<NatsMessage> = {
  kind: nats,
  title: 'fromNats()',
  secret: 'secret-of-nats',
  patience: 400,
  async channel(server, name) {
    await addStream(server, name);
    return {
      source: (options) =>
        fromNats(name, {
          url: server.url,
          consumer: 'c',
          ackWait: 5000,
          retryDelay: 50,
          ...options,
        }),
      feed: (texts) =>
        withNats(server, async (connection) => {
          for (const text of texts) await jetstream(connection).publish(name, text);
        }),
      left: () =>
        withNats(server, async (connection) => {
          const manager = await jetstreamManager(connection);
          const info = await manager.consumers.info(name, 'c');
          const { state } = await manager.streams.info(name);
          // After a refusal the server counts some as both delivered and to be delivered.
          const counted = state.last_seq - info.delivered.stream_seq + info.num_ack_pending;
          return Math.min(counted, state.last_seq - info.ack_floor.stream_seq);
        }),
      textOf: ({ data }) => data.toString(),
    };
  },
};
