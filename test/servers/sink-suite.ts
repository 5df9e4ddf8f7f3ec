import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { type Sink, Stream } from '../../src/index.ts';
import { texts } from './broker-suite.ts';
import type { ServerKind, TestServer } from './test-server.ts';
import { uniqueName } from './unique-name.ts';
import { withServer } from './with-server.ts';

/** A sink of texts, and another client that reads what has arrived. */
export interface SinkTarget {
  readonly kind: ServerKind;
  readonly title: string;
  /** Password in the URLs of its server. */
  readonly secret: string;
  /** Makes a channel, and gives a sink into it and what it has come to hold. */
  open(
    server: TestServer,
    name: string,
  ): Promise<{
    sink(url?: string): Sink<string, unknown, unknown>;
    written(): Promise<readonly string[]>;
    /** Resolves when what was acknowledged survives the server, where that takes it a moment more. */
    saved?(): Promise<void>;
  }>;
}

/** What holds for a sink into every broker and database. */
export function describeSink(target: SinkTarget, more?: (server: () => TestServer) => void): void {
  withServer(target.kind, target.title, (server) => {
    const open = () => target.open(server(), uniqueName('sink'));

    it('writes what comes, in order, and acknowledges it when it is there', async () => {
      const { sink, written } = await open();
      const source = new Stream<string>();
      source.to(sink());
      let acknowledged = 0;
      for (const text of texts(100)) {
        await source.emit(text, { acknowledge: (error) => error ?? acknowledged++ });
      }
      await expect.poll(() => acknowledged).toBe(100);
      await source.end();
      expect(await written()).toEqual(texts(100));
    });

    it('tries again when the server dies and comes back, and loses nothing', async () => {
      const { sink, written, saved } = await open();
      const source = new Stream<string>();
      const results = source
        .to(sink())
        .onError({ retry: { attempts: 1e6, backoff: 20, maxBackoff: 200, timeout: '30s' } })
        .sinkToList();
      for (const text of texts(20, 'a')) await source.emit(text);
      await expect.poll(() => results.length).toBe(20);
      await saved?.();
      await server().kill();
      for (const text of texts(20, 'b')) void source.emit(text);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await server().start();
      await expect.poll(() => results.length).toBe(40);
      await source.end();
      expect([...new Set(await written())]).toEqual([...texts(20, 'a'), ...texts(20, 'b')]);
    });

    it('fails with an error without the password where it cannot connect', async () => {
      const { sink } = await open();
      const shown: unknown[] = [];
      for (const url of [
        server().url.replace(target.secret, 'hunter2hunter2'),
        server().url.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'),
      ]) {
        const source = new Stream<string>({ onError: (error) => shown.push(error) });
        const written = source.to(sink(url));
        let failure: unknown;
        await source.emit('x', { acknowledge: (error) => (failure = error) });
        await expect.poll(() => failure).toBeDefined();
        shown.push(failure, written);
        await source.end();
      }
      expect(shown[0]).toMatchObject({ code: 'ERR_REFUSED' });
      expect(shown[3]).toMatchObject({ code: 'ERR_CONNECTION' });
      const text = inspect(shown, { depth: 20, showHidden: true });
      expect(text).not.toContain(target.secret);
      expect(text).not.toContain('hunter2');
    });

    more?.(server);
  });
}
