import { expect, it } from 'vitest';
import { fromMqtt } from '../../src/index.ts';
import { describeBroker, gate, texts } from '../servers/broker-suite.ts';
import { mqttBroker, publish } from '../servers/brokers/mqtt.ts';

describeBroker(mqttBroker, (server) => {
  it('takes several topics, with wildcards', async () => {
    const source = fromMqtt(['house/+/light', 'garden/#'], { url: server().url });
    const seen = source.map(({ topic, data, qos }) => `${topic} ${data} ${qos}`).sinkToList();
    void source.start();
    await expect
      .poll(async () => {
        await publish(server(), 'house/kitchen/light', ['on']);
        return seen.length;
      })
      .toBeGreaterThan(0);
    await publish(server(), 'garden/west/pump', ['off']);
    await publish(server(), 'house/door', ['open']);
    await publish(server(), 'garden/east', ['rain'], 0);
    await expect.poll(() => seen).toContain('garden/east rain 0');
    expect(seen).toContain('garden/west/pump off 1');
    expect(seen.join()).not.toContain('door');
    await source.stop();
  });

  it('holds the socket back where messages of QoS 0 find the graph busy', async () => {
    const url = server().url;
    const source = fromMqtt('flood', { url, qos: 0, maxInFlight: 5 });
    const { opened, open } = gate();
    const seen: string[] = [];
    source.buffer(1000).mapAsync(
      async ({ data }) => {
        seen.push(data.toString());
        if (seen.at(-1) !== 'first') await opened;
      },
      { parallelism: 1000 },
    );
    void source.start();
    await expect
      .poll(async () => {
        await publish(server(), 'flood', ['first'], 0);
        return seen.length;
      })
      .toBeGreaterThan(0);
    await publish(server(), 'flood', texts(200), 0);
    await expect.poll(() => source.inFlight).toBe(5);
    expect(seen.filter((text) => text !== 'first').length).toBeLessThanOrEqual(6);
    open();
    await expect.poll(() => seen.filter((text) => text !== 'first')).toEqual(texts(200));
    await source.stop();
  });
});

it('checks its arguments', () => {
  const options = { url: 'mqtt://h' };
  const wrong = (more: object) => () => fromMqtt('t', { ...options, ...more });
  expect(() => fromMqtt([], options)).toThrow('topic must be a string');
  expect(wrong({ qos: 2 })).toThrow('qos must be 0 or 1');
  expect(wrong({ clientId: '' })).toThrow('clientId must be');
  expect(wrong({ maxInFlight: 70_000 })).toThrow('maxInFlight must be at most 65535');
  expect(wrong({ url: 'http://h' })).toThrow('got http://');
});
