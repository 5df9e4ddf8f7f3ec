import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fromMqtt, type MqttMessage } from '../../../src/index.ts';
import type { Broker } from '../broker-suite.ts';
import { mosquitto } from '../kinds.ts';
import type { TestServer } from '../test-server.ts';

const exec = promisify(execFile);

/** Arguments of Mosquitto's command line, the second client. */
export function login(server: TestServer): string[] {
  const where = ['-h', '127.0.0.1', '-p', String(server.port)];
  return [...where, '-V', '5', '-u', 'millrace', '-P', 'secret-of-mqtt'];
}

/** Publishes each text as a message. */
export async function publish(
  server: TestServer,
  topic: string,
  texts: readonly string[],
  qos = 1,
): Promise<void> {
  const args = [...login(server), '-q', String(qos), '-t', topic, '-l'];
  const publisher = spawn('mosquitto_pub', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  publisher.stdin.end(texts.map((text) => `${text}\n`).join(''));
  const [code] = await once(publisher, 'exit');
  if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
}

/** Makes a session that is subscribed to a topic, and stays when its client has gone. */
export async function makeSession(server: TestServer, id: string, topic: string): Promise<void> {
  const session = ['-i', id, '-c', '-x', '3600', '-q', '1', '-t', topic, '-E'];
  await exec('mosquitto_sub', [...login(server), ...session]);
}

/** How many messages a client has acknowledged. */
function acknowledged(server: TestServer, id: string): number {
  const log = readFileSync(join(server.place.folder, 'log'), 'utf8');
  return log.split(`Received PUBACK from ${id} `).length - 1;
}

/** Messages of a topic with QoS 1, in a session that exists before they come. */
export const mqttBroker: Broker<MqttMessage> = {
  kind: mosquitto,
  title: 'fromMqtt()',
  secret: 'secret-of-mqtt',
  patience: 500,
  async channel(server, name) {
    const clientId = `client-of-${name}`;
    await makeSession(server, clientId, name);
    let fed = 0;
    return {
      source: (options) => fromMqtt(name, { url: server.url, clientId, ...options }),
      async feed(texts) {
        await publish(server, name, texts);
        fed += texts.length;
      },
      left: async () => Math.max(0, fed - acknowledged(server, clientId)),
      textOf: ({ data }) => data.toString(),
    };
  },
};
