import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { fromNats, VirtualClock } from '../../src/index.ts';
import { describeBroker, gate } from '../servers/broker-suite.ts';
import { addStream, consumed, natsBroker, withNats } from '../servers/brokers/nats.ts';

describeBroker(natsBroker, (server) => {
  const publish = (subject: string, text: string) =>
    withNats(server(), (connection) => jetstream(connection).publish(subject, text));

  it('gives subject, headers, sequence and the number of deliveries', async () => {
    await addStream(server(), 'whole');
    const before = Date.now();
    await withNats(server(), async (connection) => {
      const two = headers();
      two.append('Color', 'red');
      two.append('Color', 'blue');
      await jetstream(connection).publish('whole', 'x', { headers: two });
    });
    const source = fromNats('whole', { url: server().url, consumer: 'c' });
    const seen = source.sinkToList();
    void source.start();
    await expect.poll(() => seen.length).toBe(1);
    expect(seen[0]).toMatchObject({
      subject: 'whole',
      data: Buffer.from('x'),
      headers: { Color: ['red', 'blue'] },
      stream: 'whole',
      sequence: 1,
      deliveries: 1,
    });
    expect(seen[0]!.timestamp.getTime()).toBeGreaterThanOrEqual(before);
    await source.stop();
  });

  it('begins where it is told to, and with the subjects it is told of', async () => {
    await withNats(server(), async (connection) => {
      const manager = await jetstreamManager(connection);
      await manager.streams.add({ name: 'from', subjects: ['from.*'] });
    });
    await publish('from.a', '1');
    await publish('from.b', '2');
    // Behind the second message, also when both come in one millisecond.
    const before = new Date(Date.now() + 1);
    await expect.poll(() => Date.now()).toBeGreaterThan(before.getTime());
    await publish('from.a', '3');
    for (const [consumer, options, expected] of [
      ['all', {}, ['1', '2', '3']],
      ['subject', { subjects: ['from.a'] }, ['1', '3']],
      ['sequence', { startFrom: { sequence: 2 } }, ['2', '3']],
      ['time', { startFrom: { timestamp: before } }, ['3']],
    ] as const) {
      const source = fromNats('from', { url: server().url, consumer, ...options });
      const seen = source.map(({ data }) => data.toString()).sinkToList();
      void source.start();
      await expect.poll(() => seen.length).toBe(expected.length);
      expect(seen).toEqual(expected);
      await source.stop();
    }
    const source = fromNats('from', { url: server().url, consumer: 'new', startFrom: 'latest' });
    const seen = source.map(({ data }) => data.toString()).sinkToList();
    void source.start();
    await consumed(server(), 'from', 'new');
    await publish('from.b', '4');
    await expect.poll(() => seen).toEqual(['4']);
    await source.stop();
  });

  it('keeps a message alive for as long as it is being worked on', async () => {
    await addStream(server(), 'slow');
    const { opened, open } = gate();
    const clock = new VirtualClock();
    const source = fromNats('slow', { url: server().url, consumer: 'c', ackWait: '1h', clock });
    const seen: number[] = [];
    source.sink(async ({ deliveries }) => {
      seen.push(deliveries);
      await opened;
    });
    await withNats(server(), async (connection) => {
      const said: string[] = [];
      connection.subscribe('$JS.ACK.slow.c.>', {
        callback: (_, message) => void said.push(message.string()),
      });
      await connection.flush();
      void source.start();
      await publish('slow', 'x');
      await expect.poll(() => seen.length).toBe(1);
      for (let beats = 1; beats <= 3; beats++) {
        await clock.advance('20min');
        await expect.poll(() => said).toEqual(Array(beats).fill('+WPI'));
      }
      open();
      await source.stop();
      await expect.poll(() => said.at(-1)).toBe('+ACK');
    });
    expect(seen).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('fails where there is no such stream', async () => {
    const source = fromNats('nothing', { url: server().url, consumer: 'c' });
    await expect(source.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    expect(source.state).toBe('failed');
  });

  it('stops at once while nothing comes', async () => {
    await addStream(server(), 'quiet');
    const source = fromNats('quiet', { url: server().url, consumer: 'c' });
    void source.start();
    await consumed(server(), 'quiet', 'c');
    const start = performance.now();
    await source.stop();
    // A request for messages stands for 30 seconds.
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

it('checks its arguments', () => {
  const options = { url: 'nats://h', consumer: 'c' };
  const wrong = (more: object) => () => fromNats('s', { ...options, ...more });
  expect(() => fromNats('', options)).toThrow(TypeError);
  expect(wrong({ consumer: '' })).toThrow('consumer must be a string');
  expect(wrong({ subjects: [] })).toThrow('subjects must be an array of one or more');
  expect(wrong({ startFrom: 'here' })).toThrow('startFrom must be');
  expect(wrong({ startFrom: { sequence: 0 } })).toThrow('startFrom.sequence');
  expect(wrong({ url: 'redis://h' })).toThrow('got redis://');
});
