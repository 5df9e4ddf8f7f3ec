import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type ConfirmChannel, connect } from 'amqplib';
import { expect } from 'vitest';
import { fromRabbitMQ, type RabbitMQMessage } from '../../../src/index.ts';
import type { Broker } from '../broker-suite.ts';
import { rabbitmq, rabbitmqEnvironment } from '../kinds.ts';
import type { TestServer } from '../test-server.ts';

const exec = promisify(execFile);

/** Runs something over a channel of the plain client. */
export async function withRabbitMQ<R>(
  server: TestServer,
  body: (channel: ConfirmChannel) => Promise<R>,
): Promise<R> {
  const connection = await connect(server.url);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    const result = await body(channel);
    // What it has published would otherwise go down with the connection.
    await channel.waitForConfirms();
    return result;
  } finally {
    await connection.close();
  }
}

/** Resolves when a queue has a consumer. */
export async function consumed(server: TestServer, queue: string): Promise<void> {
  const consumers = async () => {
    try {
      return (await withRabbitMQ(server, (channel) => channel.checkQueue(queue))).consumerCount;
    } catch {
      // There is no such queue yet.
      return 0;
    }
  };
  await expect.poll(consumers).toBeGreaterThan(0);
}

/** Messages in a queue, those that were delivered and not acknowledged among them. */
async function count(server: TestServer, queue: string): Promise<number> {
  const { program, folder, ports } = server.place;
  const ctl = program.replace(/rabbitmq-server$/, 'rabbitmqctl');
  const environment = rabbitmqEnvironment(folder, ports);
  const { stdout } = await exec(
    ctl,
    [
      '-n',
      environment.RABBITMQ_NODENAME,
      '-q',
      'list_queues',
      'name',
      'messages',
      '--no-table-headers',
    ],
    { env: { ...process.env, ...environment } },
  );
  return Number(new RegExp(`^${queue}\\t(\\d+)$`, 'm').exec(stdout)?.[1]);
}

/** Messages of a durable queue, with text for data. */
export const rabbitmqBroker: Broker<RabbitMQMessage> = {
  kind: rabbitmq,
  title: 'fromRabbitMQ()',
  secret: 'secret-of-rabbitmq',
  async channel(server, name) {
    await withRabbitMQ(server, (channel) => channel.assertQueue(name, { durable: true }));
    return {
      source: (options) => fromRabbitMQ(name, { url: server.url, retryDelay: 20, ...options }),
      feed: (texts) =>
        withRabbitMQ(server, async (channel) => {
          for (const text of texts) {
            channel.sendToQueue(name, Buffer.from(text), { persistent: true });
          }
        }),
      left: () => count(server, name),
      textOf: ({ data }) => data.toString(),
    };
  },
};
