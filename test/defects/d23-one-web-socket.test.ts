import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { Stream, toWebSocket } from '../../src/index.ts';
import { settle, until } from '../until.ts';

describe('D23, streamz opens two sockets for two first writes, and none after a loss', () => {
  it('there is one socket, and another only when it was lost', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    let sockets = 0;
    const received: string[] = [];
    server.on('connection', (socket) => {
      sockets++;
      socket.on('message', (data) => received.push(String(data)));
    });
    const source = new Stream<string>();
    source.to(toWebSocket(`ws://127.0.0.1:${port}`, { batch: { size: 1 } }));
    source.emit('one');
    source.emit('two');
    await until(() => received.length === 2);
    expect(sockets).toBe(1);
    for (const socket of server.clients) socket.terminate();
    await until(() => server.clients.size === 0);
    await settle();
    source.emit('three');
    await until(() => received.length === 3);
    expect(sockets).toBe(2);
    expect(received).toEqual(['one', 'two', 'three']);
    await source.end();
    server.close();
  });
});
