import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import {
  fromTcp,
  MillraceError,
  type TcpOptions,
  type TcpSource,
  VirtualClock,
} from '../../src/index.ts';
import { CERTIFICATE, PRIVATE_KEY } from '../certificate.ts';
import { until } from '../until.ts';

const opened: { destroy(): unknown }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.destroy();
});

function make(options: Partial<TcpOptions> = {}) {
  const errors: unknown[] = [];
  const source = fromTcp({ port: 0, onError: (error) => void errors.push(error), ...options });
  opened.push(source);
  return { source, errors };
}

async function client(source: TcpSource): Promise<Socket> {
  const { port } = await source.listening();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  opened.push(socket);
  await once(socket, 'connect');
  return socket;
}

describe('fromTcp()', () => {
  it('emits the lines of its clients, and the last one without a delimiter', async () => {
    const { source } = make();
    const seen = source.sinkToList();
    const done = source.start();
    const first = await client(source);
    const second = await client(source);
    first.write('a1\na');
    await until(() => seen.length === 1);
    second.end('b1\nb2');
    await until(() => seen.length === 3);
    first.end('2\n');
    await until(() => seen.length === 4);
    expect(seen).toEqual(['a1\n', 'b1\n', 'b2', 'a2\n']);
    await until(() => source.connections === 0);
    await source.stop();
    await done;
    expect(source.state).toBe('stopped');
  });

  it('cuts by any delimiter, wherever a packet ends', async () => {
    const { source } = make({ delimiter: '€|' });
    const seen = source.sinkToList();
    void source.start();
    const socket = await client(source);
    socket.setNoDelay(true);
    for (const byte of Buffer.from('ä€|b€c|€|')) {
      socket.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    await until(() => seen.length === 2);
    expect(seen).toEqual(['ä€|', 'b€c|€|']);
    await source.stop();
  });

  it('starts, stops and starts again, on the same port', async () => {
    const { source } = make();
    const seen = source.sinkToList();
    for (let round = 0; round < 3; round++) {
      const done = source.start();
      const socket = await client(source);
      socket.write(`${round}\n`);
      await until(() => seen.length === round + 1);
      await source.stop();
      await done;
      await until(() => socket.destroyed || socket.readableEnded);
    }
    expect(seen).toEqual(['0\n', '1\n', '2\n']);
  });

  it('keeps what was complete at a stop for the next start', async () => {
    const { source } = make();
    const seen: string[] = [];
    let stopped: Promise<void> | undefined;
    source.sink(async (line: string) => {
      seen.push(line);
      if (seen.length === 2) stopped = source.stop();
    });
    const done = source.start();
    const socket = await client(source);
    socket.write('1\n2\n3\n4\n5');
    await done;
    await stopped;
    expect(seen).toEqual(['1\n', '2\n']);
    expect(source.bytesHeld).toBe(4);
    const again = source.start();
    await source.listening();
    expect(seen).toEqual(['1\n', '2\n', '3\n', '4\n']);
    await source.stop();
    await again;
  });

  it('refuses a line that never ends, with bounded memory, and serves the others', async () => {
    const { source, errors } = make({ maxLength: 100_000 });
    const seen = source.sinkToList();
    void source.start();
    const greedy = await client(source);
    const chunk = Buffer.alloc(65_536, 'x');
    let most = 0;
    let sent = 0;
    while (!greedy.destroyed && sent < 1e9) {
      sent += chunk.length;
      if (!greedy.write(chunk)) await new Promise(setImmediate);
      most = Math.max(most, source.bytesHeld);
    }
    expect(greedy.destroyed).toBe(true);
    // A line, a read on top of it, and what the socket has read ahead.
    expect(most).toBeLessThan(100_000 + 3 * 65_536);
    await until(() => errors.length > 0);
    expect(errors[0]).toBeInstanceOf(MillraceError);
    expect(errors[0]).toMatchObject({ code: 'ERR_TEXT_TOO_LONG' });
    (await client(source)).write('polite\n');
    await until(() => seen.length === 1);
    await source.stop();
  });

  it('cuts off a client that trickles, and not one that the graph holds back', async () => {
    const clock = new VirtualClock();
    const { source, errors } = make({ idleTimeout: '1s', clock });
    let letGo = () => {};
    const seen: string[] = [];
    source.sink((line: string) => {
      seen.push(line);
      return new Promise<void>((resolve) => {
        letGo = resolve;
      });
    });
    void source.start();
    const slow = await client(source);
    const held = await client(source);
    held.write('held back\n');
    await until(() => seen.length === 1);
    for (let i = 0; i < 4; i++) {
      slow.write('x');
      await until(() => source.bytesHeld === i + 1);
      await clock.advance('300ms');
    }
    await until(() => slow.destroyed || slow.readableEnded);
    expect(errors).toMatchObject([{ code: 'ERR_IDLE' }]);
    expect(held.destroyed).toBe(false);
    letGo();
    await source.stop();
    expect(clock.pending).toBe(0);
  });

  it('holds its clients back when the graph is slow', async () => {
    const { source } = make();
    let lines = 0;
    let most = 0;
    const gate: (() => void)[] = [];
    source.sink(() => {
      lines++;
      most = Math.max(most, source.bytesHeld);
      return new Promise<void>((resolve) => gate.push(resolve));
    });
    void source.start();
    const clients = await Promise.all([client(source), client(source), client(source)]);
    const hundred = Buffer.from(`${'x'.repeat(999)}\n`.repeat(100));
    let accepted = 0;
    for (const socket of clients) {
      for (let i = 0; i < 200; i++) socket.write(hundred, () => accepted++);
    }
    for (let i = 0; i < 100; i++) {
      await until(() => gate.length > 0);
      expect(gate).toHaveLength(1);
      gate.shift()?.();
    }
    expect(lines).toBeGreaterThanOrEqual(100);
    // 60 MB were sent; a chunk and a read ahead for each client are held.
    expect(most).toBeLessThan(3 * 3 * 65_536);
    expect(accepted).toBeLessThan(600);
    const stopped = source.stop();
    for (const open of gate) open();
    await stopped;
  });

  it('fails with what the graph fails with, and goes on with the next line', async () => {
    const source = fromTcp({ port: 0 });
    opened.push(source);
    const seen: string[] = [];
    source.sink((line: string) => {
      if (line === 'bad\n') throw new Error('bad line');
      seen.push(line);
    });
    const done = expect(source.start()).rejects.toThrow('bad line');
    const socket = await client(source);
    socket.write('1\nbad\n2\n');
    await done;
    expect(source.state).toBe('failed');
    void source.start();
    await source.listening();
    expect(seen).toEqual(['1\n', '2\n']);
    await source.stop();
  });

  it('tells onError of a client that breaks off, and goes on', async () => {
    const { source, errors } = make();
    const seen = source.sinkToList();
    void source.start();
    const socket = await client(source);
    socket.write('half');
    await until(() => source.bytesHeld === 4);
    socket.resetAndDestroy();
    await until(() => errors.length === 1);
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(seen).toEqual([]);
    expect(source.state).toBe('running');
    await source.stop();
  });

  it('fails with what onError throws, and can be started again', async () => {
    const { source } = make({
      onError: (error) => {
        throw error;
      },
    });
    const done = expect(source.start()).rejects.toMatchObject({ code: 'ECONNRESET' });
    const socket = await client(source);
    socket.write('half');
    await until(() => source.bytesHeld === 4);
    socket.resetAndDestroy();
    await done;
    expect(source.state).toBe('failed');
    const again = source.start();
    await source.listening();
    await source.stop();
    await again;
  });

  it('takes no more clients than it may', async () => {
    const { source } = make({ maxConnections: 1 });
    void source.start();
    await client(source);
    await until(() => source.connections === 1);
    const refused = await client(source);
    await until(() => refused.destroyed || refused.readableEnded);
    expect(source.connections).toBe(1);
    await source.stop();
  });

  it('fails where it cannot listen', async () => {
    const { source } = make();
    void source.start();
    const { port } = await source.listening();
    await expect(make({ port }).source.start()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
    await source.stop();
  });

  it('speaks TLS', async () => {
    const { source, errors } = make({ tls: { key: PRIVATE_KEY, cert: CERTIFICATE } });
    const seen = source.sinkToList();
    void source.start();
    const { port } = await source.listening();
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      ca: CERTIFICATE,
      servername: 'localhost',
    });
    opened.push(socket);
    socket.end('secret\n');
    await until(() => seen.length === 1);
    const plain = await client(source);
    plain.write('not TLS\n');
    await until(() => errors.length === 1);
    expect(seen).toEqual(['secret\n']);
    await source.stop();
  });

  it('refuses wrong options', () => {
    expect(() => fromTcp({ port: 70_000 })).toThrow('port must be an integer from 0 to 65535');
    expect(() => fromTcp({ port: 0, delimiter: '' })).toThrow('Cannot create fromTcp: delimiter');
    expect(() => fromTcp({ port: 0, maxLength: 0 })).toThrow('maxLength');
    expect(() => fromTcp({ port: 0, host: '' })).toThrow('host');
    expect(() => fromTcp({ port: 0, maxConections: 1 } as never)).toThrow('maxConections');
  });

  it('keeps nothing alive after destroy', async () => {
    const { source } = make();
    void source.start();
    const socket = await client(source);
    source.destroy();
    await until(() => socket.destroyed || socket.readableEnded);
    expect(source.connections).toBe(0);
    expect(source.state).toBe('stopped');
  });
});
