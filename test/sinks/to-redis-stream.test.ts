import { expect, it } from 'vitest';
import { Stream, toRedisStream } from '../../src/index.ts';
import { cli } from '../servers/brokers/redis.ts';
import { redis } from '../servers/kinds.ts';
import { describeSink } from '../servers/sink-suite.ts';

describeSink(
  {
    kind: redis,
    title: 'toRedisStream()',
    secret: 'secret-of-redis',
    async open(server, name) {
      return {
        sink: (url = server.url) =>
          toRedisStream(name, { url, fields: (text: string) => ({ text }) }),
        async written() {
          const entries = await cli(server, 'XRANGE', name, '-', '+');
          return entries.split('\n').filter((_, line) => line % 3 === 2);
        },
      };
    },
  },
  (server) => {
    it('emits the ids of the entries, and writes numbers and bytes', async () => {
      const source = new Stream<{ n: number; big: bigint; bytes: Uint8Array }>();
      const ids = source.to(toRedisStream('typed', { url: server().url })).sinkToList();
      source.emit({ n: 1.5, big: 2n ** 60n, bytes: Uint8Array.of(104, 105) });
      await source.end();
      const entry = await cli(server(), 'XRANGE', 'typed', '-', '+');
      expect(entry.split('\n')).toEqual([
        ids[0],
        'n',
        '1.5',
        'big',
        String(2n ** 60n),
        'bytes',
        'hi',
      ]);
    });

    it('keeps about as many entries as it is told to', async () => {
      const source = new Stream<{ n: number }>();
      source.to(toRedisStream('short', { url: server().url, maxLength: 100 }));
      for (let n = 0; n < 2000; n++) await source.emit({ n });
      await source.end();
      expect(Number(await cli(server(), 'XLEN', 'short'))).toBeLessThan(400);
    });

    it('refuses what makes no entry, by itself, and what Redis refuses', async () => {
      const errors: unknown[] = [];
      await cli(server(), 'SET', 'text', 'no stream');
      const source = new Stream<Record<string, string>>({ onError: (error) => errors.push(error) });
      source.to(toRedisStream('text', { url: server().url }));
      expect(() => source.emit({})).toThrow('needs an object of one field or more');
      expect(() => source.emit({ a: null as unknown as string })).toThrow("the value of 'a'");
      source.emit({ a: 'x' });
      await source.end();
      expect(errors).toMatchObject([{ code: 'ERR_REFUSED' }]);
      expect(String(errors[0])).toContain('WRONGTYPE');
    });
  },
);
