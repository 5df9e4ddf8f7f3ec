import { expect, it } from 'vitest';
import { fromRabbitMQ, VirtualClock } from '../../src/index.ts';
import { describeBroker } from '../servers/broker-suite.ts';
import { consumed, rabbitmqBroker, withRabbitMQ } from '../servers/brokers/rabbitmq.ts';

describeBroker(rabbitmqBroker, (server) => {
  it('binds its queue, and gives key, headers and id', async () => {
    await withRabbitMQ(server(), (channel) => channel.assertExchange('weather', 'topic'));
    const source = fromRabbitMQ('forecasts', {
      url: server().url,
      declare: { durable: false },
      bindings: [{ exchange: 'weather', routingKey: 'se.*' }],
    });
    const seen = source.sinkToList();
    void source.start();
    await consumed(server(), 'forecasts');
    await withRabbitMQ(server(), async (channel) => {
      channel.publish('weather', 'no.oslo', Buffer.from('rain'));
      channel.publish('weather', 'se.lund', Buffer.from('sun'), {
        headers: { n: 1 },
        messageId: 'x',
        contentType: 'text/plain',
      });
    });
    await expect.poll(() => seen.length).toBe(1);
    expect(seen[0]).toEqual({
      queue: 'forecasts',
      data: Buffer.from('sun'),
      exchange: 'weather',
      routingKey: 'se.lund',
      headers: { n: 1 },
      messageId: 'x',
      contentType: 'text/plain',
      redelivered: false,
    });
    await source.stop();
  });

  it('fails where the queue does not exist, or was declared otherwise', async () => {
    const missing = fromRabbitMQ('missing', { url: server().url, declare: false });
    await expect(missing.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    await withRabbitMQ(server(), (channel) => channel.assertQueue('fleeting', { durable: false }));
    const other = fromRabbitMQ('fleeting', { url: server().url });
    await expect(other.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
  });

  it('sends a message that is discarded to the dead-letter exchange of its queue', async () => {
    await withRabbitMQ(server(), (channel) => channel.assertQueue('dead'));
    const queueArguments = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    const source = fromRabbitMQ('mortal', {
      url: server().url,
      declare: { arguments: queueArguments },
      onFailure: 'discard',
      onError: () => undefined,
    });
    source.sink(() => {
      throw new Error('no');
    });
    void source.start();
    await consumed(server(), 'mortal');
    await withRabbitMQ(server(), async (channel) => {
      channel.sendToQueue('mortal', Buffer.from('x'));
    });
    const dead = () => withRabbitMQ(server(), (channel) => channel.checkQueue('dead'));
    await expect.poll(async () => (await dead()).messageCount).toBe(1);
    await source.stop();
  });

  it('gives back at once, when it closes, what was to go back to the queue later', async () => {
    const clock = new VirtualClock();
    const source = fromRabbitMQ('hasty', { url: server().url, clock, retryDelay: '1h' });
    let isBroken = true;
    const seen: boolean[] = [];
    source.sink(({ redelivered }) => {
      if (isBroken) throw new Error('broken');
      seen.push(redelivered);
    });
    const run = source.start();
    await withRabbitMQ(server(), async (channel) => {
      await channel.assertQueue('hasty');
      channel.sendToQueue('hasty', Buffer.from('x'));
    });
    await expect(run).rejects.toThrow('broken');
    // Nothing is left to be done on a channel that is closed.
    expect(clock.pending).toBe(0);
    isBroken = false;
    void source.start();
    await expect.poll(() => seen).toEqual([true]);
    await source.stop();
  });

  it('connects again when its queue is deleted, and declares it anew', async () => {
    const source = fromRabbitMQ('deleted', { url: server().url, reconnect: { backoff: 10 } });
    const seen = source.map(({ data }) => data.toString()).sinkToList();
    void source.start();
    const send = (text: string) =>
      withRabbitMQ(server(), async (channel) => {
        await channel.assertQueue('deleted');
        channel.sendToQueue('deleted', Buffer.from(text));
      });
    await send('a');
    await expect.poll(() => seen).toEqual(['a']);
    await withRabbitMQ(server(), (channel) => channel.deleteQueue('deleted'));
    await send('b');
    await expect.poll(() => seen).toEqual(['a', 'b']);
    await source.stop();
  });
});

it('checks its arguments', () => {
  const options = { url: 'amqp://h' };
  const wrong = (more: object) => () => fromRabbitMQ('q', { ...options, ...more });
  expect(() => fromRabbitMQ('', options)).toThrow(TypeError);
  expect(wrong({ maxInFlight: 65_536 })).toThrow('maxInFlight must be at most 65535');
  expect(wrong({ bindings: {} })).toThrow('bindings must be an array');
  expect(wrong({ bindings: [{}] })).toThrow('exchange must be a string');
  expect(wrong({ url: 'http://h' })).toThrow('got http://');
});
