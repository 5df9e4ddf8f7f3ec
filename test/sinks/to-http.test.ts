import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpSinkOptions, Stream, toHttp, VirtualClock } from '../../src/index.ts';
import { freePort } from '../free-port.ts';
import { settle, until } from '../until.ts';

interface Received {
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  readonly method: string | undefined;
}

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** What the server answers: a status, with headers. */
type Answer = number | readonly [number, Record<string, string>] | 'silence' | 'break';

async function serve(answer: (received: Received, call: number) => Answer) {
  const received: Received[] = [];
  let open = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++open);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, method } = request;
    const one = { body: Buffer.concat(chunks).toString(), headers, method };
    received.push(one);
    await new Promise(setImmediate);
    open--;
    const given = answer(one, received.length);
    if (given === 'silence') return;
    if (given === 'break') return void request.socket.destroy();
    const [status, more] = typeof given === 'number' ? [given, {}] : given;
    response.writeHead(status, more).end(status < 300 ? '[7]' : 'the reason');
  }).listen(await freePort(), '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?key=secret`;
  return { url, received, most: () => most };
}

function make<R = unknown>(url: string, options: HttpSinkOptions<R> = {}) {
  const clock = new VirtualClock();
  const errors: { code?: string; message?: string }[] = [];
  const source = new Stream<unknown>({
    clock,
    onError: (error) => void errors.push(error as Error),
  });
  const stream = source.to(toHttp<unknown, R>(url, options));
  const acknowledged: unknown[] = [];
  const emit = (x: unknown) =>
    source.emit(x, { acknowledge: (error) => acknowledged.push(error === undefined ? x : error) });
  return { clock, errors, source, stream, acknowledged, emit };
}

/** Lets virtual time pass while real sockets work. */
async function pass(clock: VirtualClock, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await clock.advance('100ms');
    await settle();
  }
}

describe('toHttp()', () => {
  it.each([
    ['json', '[1,{"a":2}]', 'application/json'],
    ['ndjson', '1\n{"a":2}\n', 'application/x-ndjson'],
  ] as const)('sends batches as %s', async (format, body, type) => {
    const { url, received } = await serve(() => 200);
    const { source, acknowledged, emit } = make(url, { format, method: 'PUT' });
    emit(1);
    emit({ a: 2 });
    await source.end();
    expect(received).toMatchObject([{ body, method: 'PUT', headers: { 'content-type': type } }]);
    expect(acknowledged).toEqual([1, { a: 2 }]);
  });

  it('sends elements one by one', async () => {
    const { url, received } = await serve(() => 200);
    const { source, emit } = make(url, { format: 'element' });
    emit(1);
    emit('two');
    await source.end();
    expect(received.map(({ body }) => body)).toEqual(['1', '"two"']);
  });

  it('sends a batch again with the same key, after waits that grow', async () => {
    const { url, received } = await serve((_, call) => (call <= 2 ? 500 : 204));
    const { clock, source, acknowledged, errors, emit } = make(url);
    emit('a');
    await pass(clock, () => received.length === 3 && acknowledged.length === 1);
    emit('b');
    await pass(clock, () => acknowledged.length === 2);
    const keys = received.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
    expect(errors).toEqual([]);
    await source.end();
  });

  it('sends again what the connection or the server lost', async () => {
    const { url, received } = await serve((_, call) => (call === 1 ? 'break' : 204));
    const { clock, source, acknowledged, emit } = make(url);
    emit('a');
    await pass(clock, () => acknowledged.length === 1);
    expect(acknowledged).toEqual(['a']);
    expect(received).toHaveLength(2);
    await source.end();
  });

  it('heeds Retry-After', async () => {
    let at = 0;
    const { url, received } = await serve((_, call) => {
      if (call === 1) return [429, { 'retry-after': '60' }];
      at = clock.now();
      return 204;
    });
    const { clock, source, acknowledged, emit } = make(url);
    emit('a');
    await pass(clock, () => acknowledged.length === 1);
    expect(received).toHaveLength(2);
    expect(at).toBeGreaterThanOrEqual(60_000);
    expect(at).toBeLessThan(62_000);
    await source.end();
  });

  it('gives up after its attempts, with the status and what was said, and no secrets', async () => {
    const { url } = await serve(() => 503);
    const login = url.replace('http://', 'http://user:password@');
    const { clock, errors, source, acknowledged, emit } = make(login);
    emit('a');
    await pass(clock, () => acknowledged.length === 1);
    expect(errors).toMatchObject([{ code: 'ERR_HTTP_STATUS' }]);
    expect(errors[0]?.message).toMatch(/answered 503: the reason$/);
    expect(JSON.stringify(errors) + errors[0]?.message).not.toMatch(/password|secret/);
    await source.end();
  });

  it('halves a batch that is refused, and does not where that is of no use', async () => {
    const bad = await serve(({ body }) => (body.includes('bad') ? 422 : 204));
    const first = make(bad.url);
    for (const x of ['a', 'b', 'bad', 'd']) first.emit(x);
    await first.source.end();
    expect(first.errors).toHaveLength(1);
    expect(first.acknowledged.map(String).sort()).toEqual([
      expect.stringContaining('answered 422'),
      'a',
      'b',
      'd',
    ]);
    const closed = await serve(() => 401);
    const second = make(closed.url);
    for (const x of ['a', 'b', 'c']) second.emit(x);
    await second.source.end();
    expect(closed.received).toHaveLength(1);
    expect(second.errors).toHaveLength(3);
  });

  it('gives up a server that does not answer', async () => {
    const { url, received } = await serve((_, call) => (call === 1 ? 'silence' : 204));
    const { clock, source, acknowledged, emit } = make(url, { timeout: '5s' });
    emit('a');
    await until(() => received.length === 1);
    await pass(clock, () => acknowledged.length === 1);
    expect(acknowledged).toEqual(['a']);
    await source.end();
    expect(clock.pending).toBe(0);
  });

  it('fails after its attempts where nobody listens', async () => {
    const { url } = await serve(() => 204);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { clock, errors, acknowledged, emit } = make(url);
    emit('a');
    await pass(clock, () => acknowledged.length === 1);
    expect(errors).toMatchObject([
      { code: 'ERR_HTTP', message: expect.stringMatching('ECONNREFUSED') },
    ]);
  });

  it('sends so many requests at once and no more', async () => {
    const { url, received, most } = await serve(() => 204);
    const { source } = make(url, { batch: { size: 1 }, concurrency: 3 });
    for (let i = 0; i < 30; i++) await source.emit(i);
    await source.end();
    expect(received).toHaveLength(30);
    expect(most()).toBeLessThanOrEqual(3);
    expect(most()).toBeGreaterThan(1);
  });

  it('asks for headers, sends the login of the URL, and emits results', async () => {
    const { url, received } = await serve(() => 200);
    let token = 0;
    const { source, stream, emit } = make<number>(url.replace('//', '//user:pass@'), {
      headers: () => ({ 'x-token': `${++token}` }),
      results: async (response) => (await response.json()) as number[],
      idempotencyKey: false,
    });
    const seen = stream.sinkToList();
    emit('a');
    await source.end();
    expect(seen).toEqual([7]);
    expect(received[0]?.headers).toMatchObject({
      'x-token': '1',
      authorization: `Basic ${Buffer.from('user:pass').toString('base64')}`,
    });
    expect(received[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('lets an element without a JSON form fail by itself', async () => {
    const { url, received } = await serve(() => 200);
    const { source } = make(url);
    expect(() => source.emit(undefined)).toThrow('must have a JSON form, got undefined');
    expect(() => source.emit(1n)).toThrow(TypeError);
    source.emit(1);
    await source.end();
    expect(received.map(({ body }) => body)).toEqual(['[1]']);
  });

  it('refuses wrong arguments', () => {
    expect(() => toHttp('ftp://x')).toThrow('url must begin with http');
    expect(() => toHttp('nonsense')).toThrow('url must begin with http');
    expect(() => toHttp('http://x', { method: 'GET' as never })).toThrow('method');
    expect(() => toHttp('http://x', { retries: 3 } as never)).toThrow('retries');
  });
});
