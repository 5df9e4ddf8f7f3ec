import { expect, it } from 'vitest';
import { Stream, toRabbitMQ } from '../../src/index.ts';
import { withRabbitMQ } from '../servers/brokers/rabbitmq.ts';
import { rabbitmq } from '../servers/kinds.ts';
import { describeSink } from '../servers/sink-suite.ts';
import type { TestServer } from '../servers/test-server.ts';

interface Order {
  readonly id: string;
  readonly country: string;
}

/** Takes everything out of a queue with the plain client. */
function drained(server: TestServer, queue: string) {
  return withRabbitMQ(server, async (channel) => {
    const messages = [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) return messages;
      messages.push(message);
    }
  });
}

describeSink(
  {
    kind: rabbitmq,
    title: 'toRabbitMQ()',
    secret: 'secret-of-rabbitmq',
    async open(server, name) {
      return {
        sink: (url = server.url) => toRabbitMQ<string>(name, { url }),
        written: async () => (await drained(server, name)).map(({ content }) => content.toString()),
      };
    },
  },
  (server) => {
    it('takes key, headers and id from the element', async () => {
      await withRabbitMQ(server(), async (channel) => {
        await channel.assertExchange('orders', 'topic');
        await channel.assertQueue('swedish');
        await channel.bindQueue('swedish', 'orders', 'se.#');
      });
      const source = new Stream<Order>();
      const target = {
        exchange: 'orders',
        routingKey: ({ country }: Order) => `${country}.new`,
      };
      const options = {
        url: server().url,
        messageId: ({ id }: Order) => id,
        headers: ({ country }: Order) => ({ country }),
      };
      source.to(toRabbitMQ(target, options));
      source.emit({ id: 'a', country: 'se' });
      await source.end();
      const [message] = await drained(server(), 'swedish');
      expect(message?.content.toString()).toBe('{"id":"a","country":"se"}');
      expect(message?.properties).toMatchObject({
        headers: { country: 'se' },
        messageId: 'a',
        deliveryMode: 2,
      });
    });

    it('fails where no queue takes a message, and goes on', async () => {
      await withRabbitMQ(server(), async (channel) => {
        await channel.assertExchange('narrow', 'direct');
        await channel.assertQueue('only');
        await channel.bindQueue('only', 'narrow', 'only');
      });
      const errors: unknown[] = [];
      const source = new Stream<string>({ onError: (error) => errors.push(error) });
      const routingKey = (text: string) => text;
      source.to(toRabbitMQ({ exchange: 'narrow', routingKey }, { url: server().url }));
      source.emitMany(['only', 'nowhere', 'only']);
      await source.end();
      expect(errors).toMatchObject([{ code: 'ERR_REFUSED' }]);
      expect(String(errors[0])).toContain('NO_ROUTE');
      expect(await drained(server(), 'only')).toHaveLength(2);
    });

    it('takes no message for written that has the id of one that is', async () => {
      const failed: unknown[] = [];
      const onError = (_: unknown, { element }: { element: unknown }) => failed.push(element);
      const source = new Stream<string>({ onError });
      await withRabbitMQ(server(), (channel) => channel.assertExchange('empty', 'direct'));
      await withRabbitMQ(server(), (channel) => channel.assertQueue('one'));
      await withRabbitMQ(server(), (channel) => channel.bindQueue('one', 'empty', 'one'));
      const options = { url: server().url, messageId: () => 'same' };
      source.to(toRabbitMQ({ exchange: 'empty', routingKey: (text: string) => text }, options));
      source.emitMany(['nowhere', 'one', 'elsewhere']);
      await source.end();
      expect(failed).toContain('nowhere');
      expect(failed).toContain('elsewhere');
    });

    it('fails where the exchange does not exist', async () => {
      const errors: unknown[] = [];
      const source = new Stream<string>({ onError: (error) => errors.push(error) });
      source.to(toRabbitMQ({ exchange: 'none' }, { url: server().url }));
      source.emit('x');
      await source.end();
      expect(errors).toMatchObject([{ code: 'ERR_REFUSED' }]);
    });
  },
);
