import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Stream, toMqtt } from '../../src/index.ts';
import { login, makeSession, publish } from '../servers/brokers/mqtt.ts';
import { mosquitto } from '../servers/kinds.ts';
import { describeSink } from '../servers/sink-suite.ts';
import type { TestServer } from '../servers/test-server.ts';

const LAST = 'the last';

/** What has come into a session since it was last asked, as Mosquitto's own client sees it. */
async function received(server: TestServer, id: string, topic: string): Promise<string[]> {
  // Messages come in order: those before the last are there when it is.
  await publish(server, topic, [LAST]);
  const session = ['-i', id, '-c', '-x', '3600', '-q', '2', '-t', topic];
  const subscriber = spawn('mosquitto_sub', [...login(server), ...session]);
  let output = '';
  for await (const chunk of subscriber.stdout.setEncoding('utf8')) {
    output += chunk;
    if (output.endsWith(`${LAST}\n`)) break;
  }
  subscriber.kill();
  return output.split('\n').slice(0, -2);
}

describeSink(
  {
    kind: mosquitto,
    title: 'toMqtt()',
    secret: 'secret-of-mqtt',
    async open(server, name) {
      await makeSession(server, `reader-of-${name}`, name);
      return {
        sink: (url = server.url) => toMqtt<string>(name, { url }),
        written: () => received(server, `reader-of-${name}`, name),
        // Mosquitto acknowledges first and writes to the disk before it reads on.
        saved: () => publish(server, `after/${name}`, ['saved?']),
      };
    },
  },
  (server) => {
    it('has published when its element is acknowledged, with any QoS, and retains', async () => {
      for (const qos of [1, 2] as const) {
        const source = new Stream<number>();
        source.to(toMqtt(() => `kept/${qos}`, { url: server().url, qos, retain: true }));
        let isAcknowledged = false;
        source.emit(qos, { acknowledge: () => (isAcknowledged = true) });
        await expect.poll(() => isAcknowledged).toBe(true);
        const args = [...login(server()), '-t', `kept/${qos}`, '-C', '1'];
        const { stdout } = await promisify(execFile)('mosquitto_sub', args);
        expect(stdout).toBe(`${qos}\n`);
        await source.end();
      }
    });

    it('refuses a topic that cannot be published to', () => {
      expect(() => toMqtt('a/#', { url: server().url })).toThrow('topic must have no wildcards');
      const source = new Stream<string>();
      source.to(toMqtt((topic) => topic, { url: server().url }));
      expect(() => source.emit('a/+')).toThrow('topic must have no wildcards');
      source.destroy();
    });
  },
);
