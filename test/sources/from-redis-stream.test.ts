import { expect, it } from 'vitest';
import { fromRedisStream, VirtualClock } from '../../src/index.ts';
import { describeBroker, gate } from '../servers/broker-suite.ts';
import { cli, redisBroker } from '../servers/brokers/redis.ts';

describeBroker(redisBroker, (server) => {
  const add = (stream: string, n: number) => cli(server(), 'XADD', stream, '*', 'n', String(n));

  it('begins a group where it is told to', async () => {
    const id = await add('from', 1);
    await add('from', 2);
    for (const [group, startFrom, expected] of [
      ['earliest', 'earliest', ['1', '2', '3']],
      ['behind', { id }, ['2', '3', '3']],
      ['latest', 'latest', ['3']],
    ] as const) {
      const source = fromRedisStream('from', { url: server().url, group, startFrom });
      const seen = source.map(({ fields }) => fields.n).sinkToList();
      void source.start();
      await expect.poll(() => cli(server(), 'XINFO', 'GROUPS', 'from')).toContain(group);
      await add('from', 3);
      await expect.poll(() => seen.length).toBeGreaterThanOrEqual(expected.length);
      expect(seen).toEqual(expected.slice(0, seen.length));
      await source.stop();
    }
  });

  it('takes over what a consumer has left behind, and leaves alone what is being worked on', async () => {
    await cli(server(), 'XGROUP', 'CREATE', 'abandoned', 'g', '0', 'MKSTREAM');
    const ids = [await add('abandoned', 0), await add('abandoned', 1), await add('abandoned', 2)];
    await cli(server(), 'XREADGROUP', 'GROUP', 'g', 'dead', 'STREAMS', 'abandoned', '>');
    const age = async (consumer: string) => {
      const idle = ['IDLE', '7200000', 'JUSTID'];
      await cli(server(), 'XCLAIM', 'abandoned', 'g', consumer, '0', ...ids, ...idle);
    };
    /** Of each entry that is pending: its id, its consumer, how long it is idle, its deliveries. */
    const pending = async () =>
      (await cli(server(), 'XPENDING', 'abandoned', 'g', '-', '+', '9')).split('\n');
    const claims = async () => {
      const statistics = await cli(server(), 'INFO', 'commandstats');
      return Number(/xautoclaim:calls=(\d+)/.exec(statistics)?.[1] ?? 0);
    };
    const clock = new VirtualClock();
    const options = { url: server().url, group: 'g', claimIdle: '1h', clock };
    const { opened, open } = gate();
    const [first, second] = [1, 2].map(() => fromRedisStream('abandoned', options));
    const seen: unknown[] = [];
    await age('dead');
    for (const source of [first!, second!]) {
      source.buffer(10).mapAsync(
        async ({ fields }) => {
          seen.push(fields.n);
          await opened;
        },
        { parallelism: 10 },
      );
      const before = await claims();
      void source.start();
      await expect.poll(claims).toBeGreaterThan(before);
      await expect.poll(() => seen.length).toBe(3);
    }
    // As if the first had said nothing for long: it does, before the second looks again.
    await age((await pending())[1]!);
    await clock.advance('20 minutes');
    const idle = async () => (await pending()).filter((_, i) => i % 4 === 2).map(Number);
    await expect.poll(async () => Math.max(...(await idle()))).toBeLessThan(3_600_000);
    const before = await claims();
    await clock.advance('20 minutes');
    await expect.poll(claims).toBeGreaterThanOrEqual(before + 2);
    expect(seen).toEqual(['0', '1', '2']);
    open();
    await expect.poll(() => cli(server(), 'XPENDING', 'abandoned', 'g')).toMatch(/^0\b/);
    await Promise.all([first?.stop(), second?.stop()]);
    const consumers = await cli(server(), 'XINFO', 'CONSUMERS', 'abandoned', 'g');
    expect(consumers.match(/^name$/gm)).toHaveLength(1);
    expect(consumers).toContain('dead');
  });

  it('delivers to a consumer of the same name at once what it had not acknowledged', async () => {
    for (let n = 0; n < 3; n++) await add('mine', n);
    await cli(server(), 'XGROUP', 'CREATE', 'mine', 'g', '0');
    await cli(server(), 'XREADGROUP', 'GROUP', 'g', 'me', 'STREAMS', 'mine', '>');
    const options = { url: server().url, group: 'g', consumer: 'me', batch: 2 };
    const source = fromRedisStream('mine', options);
    const seen = source.map(({ fields }) => fields.n).sinkToList();
    void source.start();
    await expect.poll(() => seen).toEqual(['0', '1', '2']);
    await source.stop();
  });

  it('passes over entries that were deleted while they were pending', async () => {
    const ids = [await add('deleted', 0), await add('deleted', 1)];
    await cli(server(), 'XGROUP', 'CREATE', 'deleted', 'g', '0');
    await cli(server(), 'XREADGROUP', 'GROUP', 'g', 'me', 'STREAMS', 'deleted', '>');
    await cli(server(), 'XDEL', 'deleted', ids[0]!);
    const source = fromRedisStream('deleted', { url: server().url, group: 'g', consumer: 'me' });
    const seen = source.map(({ fields }) => fields.n).sinkToList();
    void source.start();
    await expect.poll(() => seen).toEqual(['1']);
    await expect.poll(() => cli(server(), 'XPENDING', 'deleted', 'g')).toMatch(/^0\b/);
    await source.stop();
  });

  it('reads values as bytes where asked', async () => {
    await cli(server(), 'EVAL', "redis.call('XADD', 'bytes', '*', 'b', '\\255\\0')", '0');
    const source = fromRedisStream('bytes', { url: server().url, group: 'g', values: 'bytes' });
    const seen = source.map(({ fields }) => fields.b).sinkToList();
    void source.start();
    await expect.poll(() => seen).toEqual([Buffer.from([255, 0])]);
    await source.stop();
  });

  it('stops at once while nothing comes', async () => {
    const source = fromRedisStream('quiet', { url: server().url, group: 'g' });
    void source.start();
    await expect.poll(() => cli(server(), 'CLIENT', 'LIST')).toContain('cmd=xreadgroup');
    const unblocked = async () => {
      const statistics = await cli(server(), 'INFO', 'commandstats');
      return Number(/client\|unblock:calls=(\d+)/.exec(statistics)?.[1] ?? 0);
    };
    const before = await unblocked();
    await source.stop();
    // It has not waited for the read to end by itself.
    expect(await unblocked()).toBe(before + 1);
  });

  it('goes on when its group is deleted', async () => {
    const options = { url: server().url, group: 'g', reconnect: { backoff: 10 } };
    const source = fromRedisStream('volatile', options);
    const seen = source.map(({ fields }) => fields.n).sinkToList();
    void source.start();
    await add('volatile', 1);
    await expect.poll(() => seen).toEqual(['1']);
    await cli(server(), 'DEL', 'volatile');
    await add('volatile', 2);
    await expect.poll(() => seen).toEqual(['1', '2']);
    await source.stop();
  });
});

it('checks its arguments', () => {
  const options = { url: 'redis://h', group: 'g' };
  expect(() => fromRedisStream('', options)).toThrow(TypeError);
  expect(() => fromRedisStream('s', { ...options, group: '' })).toThrow('group must be a string');
  expect(() => fromRedisStream('s', { ...options, batch: 0 })).toThrow(RangeError);
  expect(() => fromRedisStream('s', { ...options, startFrom: { id: 'x' } })).toThrow('startFrom');
  expect(() => fromRedisStream('s', { ...options, maxInFlight: 0 })).toThrow('maxInFlight');
  expect(() => fromRedisStream('s', { ...options, url: 'http://h' })).toThrow('got http://');
  expect(() => fromRedisStream('s', { ...options, claims: 1 } as typeof options)).toThrow(
    '"claims"',
  );
  expect(() => fromRedisStream('s', undefined as unknown as typeof options)).toThrow(TypeError);
});
