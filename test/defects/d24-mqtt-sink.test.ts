import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Stream, toMqtt } from '../../src/index.ts';
import { login } from '../servers/brokers/mqtt.ts';
import { mosquitto } from '../servers/kinds.ts';
import { withServer } from '../servers/with-server.ts';

const title = 'D24, the MQTT sink of streamz sends with QoS 0, by no loop, waits for nothing';

withServer(mosquitto, title, (server) => {
  it('an element is done when the broker has it, by a client that had to log in', async () => {
    // The broker lets nobody in without the name and the password of this URL.
    expect(new URL(server().url).password).not.toBe('');
    const source = new Stream<number>();
    source.to(toMqtt('d24', { url: server().url, retain: true }));
    for (const element of [1, 2, 3]) {
      let isDone = false;
      source.emit(element, { acknowledge: () => (isDone = true) });
      await expect.poll(() => isDone).toBe(true);
      const args = [...login(server()), '-t', 'd24', '-C', '1'];
      const { stdout } = await promisify(execFile)('mosquitto_sub', args);
      expect(stdout).toBe(`${element}\n`);
    }
    await source.end();
  });

  it('a sink that has seen no element can be destroyed', async () => {
    const source = new Stream<number>();
    source.to(toMqtt('d24-unused', { url: server().url }));
    source.destroy();
    const ended = new Stream<number>();
    ended.to(toMqtt('d24-unused', { url: server().url }));
    await ended.end();
  });
});
