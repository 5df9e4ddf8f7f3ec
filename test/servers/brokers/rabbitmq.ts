import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/**
 * Messages in a queue, those that were delivered and not acknowledged among them. Asked of the server's
 * own node: the protocol does not tell, and `rabbitmqctl` takes seconds to start.
 */
async function count(server: TestServer, queue: string): Promise<number> {
  const { folder, ports } = server.place;
  const environment = rabbitmqEnvironment(folder, ports);
  const cookie = readFileSync(join(folder, '.erlang.cookie'), 'utf8');
  const asking = exec('erl_call', ['-c', cookie, '-n', environment.RABBITMQ_NODENAME, '-e'], {
    env: { ...process.env, ...environment },
  });
  const name = `rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)`;
  const found = `{ok, Q} = rabbit_amqqueue:lookup(${name})`;
  asking.child.stdin?.end(`${found}, [{messages, M}] = rabbit_amqqueue:info(Q, [messages]), M.\n`);
  const { stdout } = await asking;
  const messages = /^\{ok, (\d+)\}/.exec(stdout)?.[1];
  if (messages === undefined) throw new Error(`Cannot count the messages of ${queue}: ${stdout}`);
  return Number(messages);
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
