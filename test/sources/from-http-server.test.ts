import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  fromHttpServer,
  type HttpBody,
  type HttpServerOptions,
  type HttpSource,
  Sink,
  type SinkBatch,
  VirtualClock,
} from '../../src/index.ts';
import { CERTIFICATE, PRIVATE_KEY } from '../certificate.ts';
import { settle, until } from '../until.ts';

const opened: { destroy(): unknown }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.destroy();
});

function make<const B extends HttpBody = 'text'>(options: HttpServerOptions<B> = {}) {
  const errors: unknown[] = [];
  const source = fromHttpServer<B>({
    port: 0,
    onError: (error) => void errors.push(error),
    ...options,
  });
  opened.push(source);
  return { source, errors };
}

async function post(source: HttpSource<HttpBody>, body: string | Buffer, init: RequestInit = {}) {
  const { port } = await source.listening();
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, ...init });
  await answer.arrayBuffer();
  return answer;
}

describe('fromHttpServer()', () => {
  it('emits requests and answers them', async () => {
    const { source } = make();
    const seen = source.sinkToList();
    const done = source.start();
    const answer = await post(source, 'grüße');
    expect(answer.status).toBe(204);
    expect(seen).toMatchObject([{ method: 'POST', url: '/', body: 'grüße' }]);
    await source.stop();
    await done;
  });

  it('answers only after the pipeline has settled, a batching sink included', async () => {
    class Slow extends Sink<unknown> {
      release = () => {};
      written = 0;
      constructor() {
        super('slow', { batch: { size: 2, linger: '1h' } });
      }
      override async write({ elements }: SinkBatch<unknown>): Promise<void> {
        await new Promise<void>((resolve) => {
          this.release = resolve;
        });
        this.written += elements.length;
      }
    }
    const { source } = make();
    const sink = new Slow();
    source.to(sink);
    void source.start();
    let answered = 0;
    const answers = ['a', 'b'].map(async (body) => {
      const { status } = await post(source, body);
      answered++;
      return status;
    });
    await until(() => source.pending === 2);
    await settle();
    expect(answered).toBe(0);
    sink.release();
    expect(await Promise.all(answers)).toEqual([204, 204]);
    expect(sink.written).toBe(2);
    expect(source.pending).toBe(0);
    await source.stop();
  });

  it('answers 500 where the pipeline fails, reports it, and goes on', async () => {
    const { source, errors } = make();
    source.sink(async ({ body }: { body: string }) => {
      if (body === 'bad') throw new Error('bad body');
    });
    void source.start();
    expect((await post(source, 'bad')).status).toBe(500);
    expect((await post(source, 'good')).status).toBe(204);
    expect(errors).toMatchObject([{ message: 'bad body' }]);
    await source.stop();
    const silent = fromHttpServer({ port: 0 });
    opened.push(silent);
    silent.sink(() => {
      throw new Error('bad body');
    });
    void silent.start();
    expect((await post(silent, 'x')).status).toBe(500);
    expect(silent.state).toBe('running');
    await silent.stop();
  });

  it('can answer as soon as a request is accepted', async () => {
    const { source } = make({ answer: 'accepted' });
    const gates: (() => void)[] = [];
    source.buffer(10).sink(() => new Promise<void>((resolve) => gates.push(resolve)));
    void source.start();
    expect((await post(source, 'x')).status).toBe(202);
    expect([gates.length, source.pending]).toEqual([1, 1]);
    gates[0]?.();
    await until(() => source.pending === 0);
    await source.stop();
  });

  it('gives bytes, or JSON, which it checks', async () => {
    const bytes = make({ body: 'bytes' }).source;
    const json = make({ body: 'json' }).source;
    const seenBytes = bytes.map(({ body }) => body).sinkToList();
    const seenJson = json.map(({ body }) => body).sinkToList();
    void bytes.start();
    void json.start();
    await post(bytes, Buffer.from([0, 255]));
    expect((await post(json, '{"a": [1]}')).status).toBe(204);
    expect((await post(json, '{"a": ')).status).toBe(400);
    expect(seenBytes).toEqual([Buffer.from([0, 255])]);
    expect(seenJson).toEqual([{ a: [1] }]);
    await Promise.all([bytes.stop(), json.stop()]);
  });

  it('refuses what does not fit', async () => {
    const { source } = make({ path: /^\/in\/\d+$/, methods: ['PUT'], maxBody: 10 });
    const seen = source.sinkToList();
    void source.start();
    const { port } = await source.listening();
    const ask = async (path: string, init: RequestInit) =>
      fetch(`http://127.0.0.1:${port}${path}`, init);
    expect((await ask('/', { method: 'PUT' })).status).toBe(404);
    const wrongMethod = await ask('/in/1', { method: 'POST', body: 'x' });
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'PUT']);
    expect((await ask('/in/1', { method: 'PUT', body: 'x'.repeat(11) })).status).toBe(413);
    const gzip = { 'content-encoding': 'gzip' };
    expect((await ask('/in/1', { method: 'PUT', body: 'x', headers: gzip })).status).toBe(415);
    expect((await ask('/in/1?q=/x', { method: 'PUT', body: 'x' })).status).toBe(204);
    expect(seen).toHaveLength(1);
    await source.stop();
  });

  it('refuses an endless body with bounded memory', async () => {
    const { source } = make({ maxBody: 100_000 });
    void source.start();
    const { port } = await source.listening();
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST' });
    request.on('error', () => undefined);
    let status: number | undefined;
    request.on('response', (response) => {
      status = response.statusCode;
      response.resume();
    });
    let sent = 0;
    let most = 0;
    while (!request.destroyed && status === undefined && sent < 1e9) {
      sent += 65_536;
      if (!request.write(Buffer.alloc(65_536))) await new Promise(setImmediate);
      most = Math.max(most, source.bytesHeld);
    }
    request.destroy();
    expect(status ?? 413).toBe(413);
    expect(most).toBeLessThan(100_000 + 65_536);
    await until(() => source.pending === 0);
    expect(source.bytesHeld).toBe(0);
    await source.stop();
  });

  it('answers 503 under pressure, and serves again afterwards', async () => {
    const { source } = make({ maxPending: 3, maxPendingBytes: 25 });
    const gates: (() => void)[] = [];
    source.sink(() => new Promise<void>((resolve) => gates.push(resolve)));
    void source.start();
    const waiting = ['0123456789', '0123456789'].map((body) => post(source, body));
    await until(() => gates.length === 2);
    const refused = await post(source, '0123456789');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    waiting.push(post(source, 'x'));
    await until(() => gates.length === 3);
    expect((await post(source, 'y')).status).toBe(503);
    expect(source.bytesHeld).toBe(21);
    for (const open of gates.splice(0)) open();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([204, 204, 204]);
    const again = post(source, 'z');
    await until(() => gates.length === 1);
    gates[0]?.();
    expect((await again).status).toBe(204);
    expect([source.pending, source.bytesHeld]).toEqual([0, 0]);
    await source.stop();
  });

  it('cuts off a client that trickles its body', async () => {
    const clock = new VirtualClock();
    const { source } = make({ clock, requestTimeout: '10s' });
    void source.start();
    const { port } = await source.listening();
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
    for (let i = 0; i < 12; i++) {
      socket.write('x');
      await until(() => source.bytesHeld === i + 1 || answer !== '');
      await clock.advance('1s');
      if (answer !== '') break;
    }
    await until(() => socket.destroyed || socket.readableEnded);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(source.pending).toBe(0);
    await source.stop();
    expect(clock.pending).toBe(0);
  });

  it('cuts off a client that never sends its head', async () => {
    const { source } = make({ requestTimeout: '200ms' });
    void source.start();
    const { port } = await source.listening();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n');
    await once(socket, 'close');
    await source.stop();
  });

  it('takes requests from a server of the user', async () => {
    const source = fromHttpServer();
    opened.push(source);
    const seen = source.map(({ url }) => url).sinkToList();
    const server = createServer((request, response) => {
      if (request.url === '/health') response.end('up');
      else source.handle(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const status = async () => (await fetch(`${base}/in`, { method: 'POST', body: 'x' })).status;
    expect(await status()).toBe(503);
    const done = source.start();
    await until(() => source.state === 'running');
    await new Promise(setImmediate);
    expect(await status()).toBe(204);
    expect(await (await fetch(`${base}/health`)).text()).toBe('up');
    await source.stop();
    await done;
    expect(await status()).toBe(503);
    expect(seen).toEqual(['/in']);
    server.close();
    server.closeAllConnections();
  });

  it('starts again, and answers what the graph still has after a stop', async () => {
    const { source } = make();
    const gates: (() => void)[] = [];
    source.buffer(10).sink(() => new Promise<void>((resolve) => gates.push(resolve)));
    void source.start();
    const first = post(source, 'x');
    await until(() => gates.length === 1);
    await source.stop();
    gates.shift()?.();
    expect((await first).status).toBe(204);
    const done = source.start();
    await source.listening();
    const second = post(source, 'y');
    await until(() => gates.length === 1);
    gates.shift()?.();
    expect((await second).status).toBe(204);
    await source.stop();
    await done;
  });

  it('speaks HTTPS', async () => {
    const { source } = make({ tls: { key: PRIVATE_KEY, cert: CERTIFICATE } });
    const seen = source.sinkToList();
    void source.start();
    const { port } = await source.listening();
    const agent = new Agent({ ca: CERTIFICATE });
    const request = httpsRequest({ port, host: 'localhost', family: 4, method: 'POST', agent });
    request.end('secret');
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(204);
    expect(seen).toHaveLength(1);
    agent.destroy();
    await source.stop();
  });

  it('refuses wrong options', () => {
    expect(() => fromHttpServer({ port: -1 })).toThrow('port');
    expect(() => fromHttpServer({ body: 'xml' as never })).toThrow('body');
    expect(() => fromHttpServer({ methods: ['get it'] })).toThrow('methods');
    expect(() => fromHttpServer({ path: 1 as never })).toThrow('path');
    expect(() => fromHttpServer({ maxBody: 0 })).toThrow('maxBody');
  });

  it('keeps nothing alive after destroy', async () => {
    const { source } = make();
    source.buffer(10).sink(() => new Promise<void>(() => {}));
    void source.start();
    const { port } = await source.listening();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx');
    await until(() => source.pending === 1);
    source.destroy();
    await once(socket, 'close');
    expect(source.state).toBe('stopped');
  });
});
