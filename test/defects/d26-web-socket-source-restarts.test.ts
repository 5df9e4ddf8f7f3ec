import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fromWebSocket } from '../../src/index.ts';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';

describe('D26, streamz cannot start a WebSocket source again', () => {
  it('after a stop nobody can connect, after a start everybody can', async () => {
    const source = fromWebSocket({ port: await freePort() });
    const seen = source.sinkToList();
    let port = 0;
    for (const word of ['first', 'second']) {
      const done = source.start();
      ({ port } = await source.listening());
      const socket = new WebSocket(`ws://127.0.0.1:${port}`);
      await once(socket, 'open');
      socket.send(word);
      await until(() => seen.includes(word));
      await source.stop();
      await done;
      expect(source.state).toBe('stopped');
      const late = new WebSocket(`ws://127.0.0.1:${port}`);
      await expect(once(late, 'open')).rejects.toThrow('ECONNREFUSED');
    }
    expect(seen).toEqual(['first', 'second']);
  });
});
