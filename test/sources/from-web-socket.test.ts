import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  fromWebSocket,
  Stream,
  toWebSocket,
  toWebSocketServer,
  VirtualClock,
  type WebSocketServerOptions,
  type WebSocketServerSource,
} from '../../src/index.ts';
import { freePort } from '../free-port.ts';
import { settle, until } from '../until.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function server(options: Partial<WebSocketServerOptions> = {}) {
  const errors: unknown[] = [];
  const source = fromWebSocket({
    port: 0,
    onError: (error) => void errors.push(error),
    ...options,
  });
  closing.push(() => source.destroy());
  return { source, errors };
}

async function client(source: WebSocketServerSource, headers = {}): Promise<WebSocket> {
  const { port } = await source.listening();
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
  socket.on('error', () => undefined);
  closing.push(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** A server of the package `ws` itself, on a port that stays the same. */
async function plainServer(samePort?: number) {
  const port = samePort ?? (await freePort());
  const sockets = new WebSocketServer({ port, host: '127.0.0.1' });
  await once(sockets, 'listening');
  const close = () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
  closing.push(close);
  return {
    sockets,
    close,
    port,
    url: `ws://127.0.0.1:${port}/feed?key=secret`,
  };
}

describe('fromWebSocket() with a port', () => {
  it('emits text and bytes of its clients, and starts again after a stop', async () => {
    const { source } = server();
    const seen = source.sinkToList();
    for (let round = 0; round < 2; round++) {
      const done = source.start();
      const socket = await client(source);
      socket.send(`text ${round}`);
      socket.send(Buffer.from([round]));
      await until(() => seen.length === 2 * round + 2);
      await source.stop();
      await done;
      await until(() => socket.readyState === WebSocket.CLOSED);
    }
    expect(seen).toEqual(['text 0', Buffer.from([0]), 'text 1', Buffer.from([1])]);
    expect(source.connections).toBe(0);
  });

  it('holds its clients back when the graph is slow', async () => {
    const { source } = server();
    const gates: (() => void)[] = [];
    let count = 0;
    let most = 0;
    source.sink(() => {
      count++;
      most = Math.max(most, source.bytesHeld);
      return new Promise<void>((resolve) => gates.push(resolve));
    });
    void source.start();
    const clients = [await client(source), await client(source)];
    const message = 'x'.repeat(1000);
    for (const socket of clients) for (let i = 0; i < 20_000; i++) socket.send(message);
    for (let i = 0; i < 200; i++) {
      await until(() => gates.length > 0);
      expect(gates).toHaveLength(1);
      gates.shift()?.();
    }
    expect(count).toBeGreaterThanOrEqual(200);
    // 40 MB were sent. The bound, and a read of each client beyond it.
    expect(most).toBeLessThan(3 * 65_536 + 2 * 70_000);
    const stopped = source.stop();
    for (const open of gates) open();
    await stopped;
  });

  it('cuts off a client whose message is too large or wrong, and serves the others', async () => {
    const { source, errors } = server({ maxPayload: 1000 });
    const seen = source.sinkToList();
    void source.start();
    const greedy = await client(source);
    greedy.send('x'.repeat(1001));
    await once(greedy, 'close');
    await until(() => errors.length === 1);
    (await client(source)).send('polite');
    await until(() => seen.length === 1);
    expect(seen).toEqual(['polite']);
    await source.stop();
  });

  it('takes pages of some origins only, and answers plain HTTP', async () => {
    const { source } = server({ origins: ['https://ours.example'] });
    void source.start();
    const { port } = await source.listening();
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(426);
    const theirs = new WebSocket(`ws://127.0.0.1:${port}`, { origin: 'https://theirs.example' });
    await expect(once(theirs, 'open')).rejects.toThrow('401');
    await client(source, { origin: 'https://ours.example' });
    expect(source.connections).toBe(1);
    await source.stop();
  });

  it('ends a client that does not answer', async () => {
    const clock = new VirtualClock();
    const { source } = server({ clock, pingInterval: '10s' });
    void source.start();
    const dead = await client(source);
    const alive = await client(source);
    await until(() => source.connections === 2);
    dead.pause();
    let pings = 0;
    alive.on('ping', () => pings++);
    await clock.advance('10s');
    await until(() => pings === 1);
    await settle();
    await clock.advance('10s');
    await until(() => source.connections === 1);
    expect(alive.readyState).toBe(WebSocket.OPEN);
    source.destroy();
    await until(() => source.state === 'stopped' || source.connections === 0);
  });

  it('fails where it cannot listen, and refuses wrong options', async () => {
    const { source } = server();
    void source.start();
    const { port } = await source.listening();
    await expect(server({ port }).source.start()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
    expect(() => server({ maxPayload: 0 })).toThrow('maxPayload');
    expect(() => server({ prot: 1 } as never)).toThrow('prot');
    await source.stop();
  });
});

describe('fromWebSocket() with a URL', () => {
  it('connects again when the connection is lost, and ends when the server does', async () => {
    const { sockets, url } = await plainServer();
    const errors: unknown[] = [];
    let connections = 0;
    sockets.on('connection', (socket) => {
      socket.send(`hello ${++connections}`);
      if (connections < 3) setImmediate(() => socket.terminate());
      else socket.close(1000);
    });
    const reconnect = { backoff: 1 };
    const source = fromWebSocket(url, { reconnect, onError: (error) => void errors.push(error) });
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['hello 1', 'hello 2', 'hello 3']);
    expect(errors).toMatchObject([{ code: 'ERR_CONNECTION' }, { code: 'ERR_CONNECTION' }]);
    expect(String(errors[0])).not.toContain('secret');
    expect(source.state).toBe('ended');
  });

  it('waits for a server that is not there yet, and gives up when told to', async () => {
    const { port, url, close } = await plainServer();
    close();
    const impatient = fromWebSocket(url, { reconnect: { backoff: 1, attempts: 2 } });
    await expect(impatient.start()).rejects.toMatchObject({ code: 'ERR_CONNECTION' });
    const source = fromWebSocket(url, { reconnect: { backoff: 5, maxBackoff: 5 } });
    const seen = source.sinkToList();
    const done = source.start();
    await settle();
    const { sockets } = await plainServer(port);
    sockets.on('connection', (socket) => socket.send('here'));
    await until(() => seen.length === 1);
    await source.stop();
    await done;
    await until(() => sockets.clients.size === 0);
  });

  it('holds the server back when the graph is slow', async () => {
    const { sockets, url } = await plainServer();
    sockets.on('connection', (socket) => {
      for (let i = 0; i < 20_000; i++) socket.send('x'.repeat(1000));
    });
    const source = fromWebSocket(url);
    let most = 0;
    let count = 0;
    source.sink(async () => {
      count++;
      most = Math.max(most, source.bytesHeld);
      await new Promise(setImmediate);
    });
    void source.start();
    await until(() => count > 300);
    expect(most).toBeLessThan(3 * 65_536 + 70_000);
    await source.stop();
  });

  it('refuses what is no address', () => {
    expect(() => fromWebSocket('http://x')).toThrow('must begin with ws:// or wss://');
    expect(() => fromWebSocket('ws://x', { reconnect: { jitter: 3 } })).toThrow('jitter');
  });
});

describe('toWebSocket()', () => {
  it('connects again for what could not be sent', async () => {
    const first = await plainServer();
    const received: string[] = [];
    const listen = (sockets: WebSocketServer) =>
      sockets.on('connection', (socket) =>
        socket.on('message', (data) => received.push(String(data))),
      );
    listen(first.sockets);
    const source = new Stream<unknown>();
    const stream = source.to(toWebSocket(first.url));
    stream.onError({ retry: { attempts: 100, backoff: 1, maxBackoff: 10 } });
    const acknowledged: unknown[] = [];
    const emit = (x: unknown) => source.emit(x, { acknowledge: (e) => acknowledged.push(e ?? x) });
    emit('one');
    await until(() => received.length === 1);
    first.close();
    await until(() => first.sockets.clients.size === 0);
    await settle();
    emit({ two: 2 });
    const second = await plainServer(first.port);
    listen(second.sockets);
    await until(() => received.length === 2);
    await source.end();
    expect(received).toEqual(['one', '{"two":2}']);
    expect(acknowledged).toEqual(['one', { two: 2 }]);
    await until(() => second.sockets.clients.size === 0);
  });
});

describe('toWebSocketServer()', () => {
  it('sends to every client, and cuts off one that does not read', async () => {
    const sink = toWebSocketServer<string>({ port: 0, maxBuffered: 100_000 });
    const source = new Stream<string>();
    source.to(sink);
    const { port } = await sink.listening();
    const connect = async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`);
      await once(socket, 'open');
      return socket;
    };
    const good = await connect();
    const slow = await connect();
    await until(() => sink.connections === 2);
    slow.pause();
    let count = 0;
    good.on('message', () => count++);
    const message = 'x'.repeat(10_000);
    let sent = 0;
    while (sink.connections === 2 && sent < 20_000) {
      await source.emit(message);
      sent++;
    }
    expect(sink.connections).toBe(1);
    await source.end();
    await until(() => count === sent && good.readyState === WebSocket.CLOSED);
    expect(sink.connections).toBe(0);
  });
});
