import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fromRedisStream, type RedisEntry } from '../../../src/index.ts';
import type { Broker } from '../broker-suite.ts';
import { redis } from '../kinds.ts';
import type { TestServer } from '../test-server.ts';

const exec = promisify(execFile);

/** Redis' own command line: the second client. */
export async function cli(server: TestServer, ...command: string[]): Promise<string> {
  const where = ['-h', '127.0.0.1', '-p', String(server.port)];
  const login = ['--no-auth-warning', '-a', 'secret-of-redis'];
  const { stdout } = await exec('redis-cli', [...where, ...login, ...command]);
  return stdout.trim();
}

/** Entries of a Redis stream, with one field `text`. */
export const redisBroker: Broker<RedisEntry> = {
  kind: redis,
  title: 'fromRedisStream()',
  secret: 'secret-of-redis',
  patience: 700,
  async channel(server, name) {
    return {
      source: (options) =>
        fromRedisStream(name, { url: server.url, group: 'g', claimIdle: 200, ...options }),
      async feed(texts) {
        // An argument of a command is at most 128 KiB.
        for (let at = 0; at < texts.length; at += 1000) {
          const adds = texts
            .slice(at, at + 1000)
            .map((text) => `redis.call('XADD', KEYS[1], '*', 'text', '${text}')`);
          await cli(server, 'EVAL', adds.join('\n'), '1', name);
        }
      },
      async left() {
        const groups = await cli(server, 'XINFO', 'GROUPS', name);
        const field = (key: string) =>
          Number(new RegExp(`^${key}\\n(\\d+)`, 'm').exec(groups)?.[1]);
        return field('pending') + field('lag');
      },
      textOf: ({ fields }) => fields.text ?? '',
    };
  },
};
