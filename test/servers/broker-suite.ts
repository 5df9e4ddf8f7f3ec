import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { MessageOptions, MessageSource } from '../../src/connect/message-source.ts';
import type { ServerKind, TestServer } from './test-server.ts';
import { uniqueName } from './unique-name.ts';
import { withServer } from './with-server.ts';

/** A queue, topic or stream of its own, written and looked at by a client that is not ours. */
export interface Channel<T> {
  /** A new source of it, of one and the same subscription. */
  source(options?: MessageOptions & { readonly url?: string }): MessageSource<T>;
  /** Puts messages in. */
  feed(texts: readonly string[]): Promise<void>;
  /** How many messages the broker still has: not delivered, or delivered and not acknowledged. */
  left(): Promise<number>;
  /** What was fed, of an element. */
  textOf(element: T): string;
}

/** A broker, as the suite below sees it. */
export interface Broker<T> {
  readonly kind: ServerKind;
  readonly title: string;
  /** Password in the URLs of its server. */
  readonly secret: string;
  channel(server: TestServer, name: string): Promise<Channel<T>>;
  /** What takes effect only later, in milliseconds: such as that a failed message comes again. */
  readonly patience?: number;
}

/** A promise with its handle outside. */
export function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

export function texts(count: number, prefix = 'm'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** What holds for the source of every broker's messages. */
export function describeBroker<T>(broker: Broker<T>, more?: (server: () => TestServer) => void) {
  withServer(broker.kind, broker.title, (server) => {
    let channel: Channel<T>;
    const started: MessageSource<T>[] = [];

    beforeEach(async () => {
      channel = await broker.channel(server(), uniqueName('millrace'));
    });

    afterEach(async () => {
      for (const source of started.splice(0)) await source.stop({ drain: false });
    });

    /** Starts a source; what its run fails with is kept for `await source.start()`. */
    function start(source: MessageSource<T>): MessageSource<T> {
      started.push(source);
      source.start().catch(() => undefined);
      return source;
    }

    /** Resolves once a started source has subscribed: a first message has come through. */
    async function subscribed(seen: readonly T[]): Promise<void> {
      await channel.feed(['first']);
      await expect.poll(() => seen.length).toBeGreaterThan(0);
    }

    it('delivers what is fed, in order, and the rest after a stop and a start', async () => {
      const source = channel.source();
      const seen = source.sinkToList();
      start(source);
      await subscribed(seen);
      await channel.feed(texts(50, 'a'));
      await expect.poll(() => seen.length).toBe(51);
      await source.stop();
      expect(source.state).toBe('stopped');
      await expect.poll(() => channel.left()).toBe(0);
      await channel.feed(texts(50, 'b'));
      expect(seen).toHaveLength(51);
      start(source);
      await expect.poll(() => seen.length).toBe(101);
      expect(seen.map((element) => channel.textOf(element))).toEqual([
        'first',
        ...texts(50, 'a'),
        ...texts(50, 'b'),
      ]);
      await source.stop();
      await expect.poll(() => channel.left()).toBe(0);
    });

    it('acknowledges a message when everything downstream has settled, whatever the order', async () => {
      const source = channel.source();
      const gates = new Map(texts(4).map((text) => [text, gate()]));
      const seen: T[] = [];
      source.buffer(10).mapAsync(
        async (element) => {
          seen.push(element);
          await gates.get(channel.textOf(element))?.opened;
        },
        { parallelism: 10, ordered: false },
      );
      start(source);
      await subscribed(seen);
      await expect.poll(() => channel.left()).toBe(0);
      await channel.feed(texts(4));
      await expect.poll(() => seen.length).toBe(5);
      await expect.poll(() => channel.left()).toBe(4);
      expect(source.inFlight).toBe(4);
      for (const text of ['m0', 'm1', 'm2', 'm3']) gates.get(text)?.open();
      await expect.poll(() => channel.left()).toBe(0);
    });

    it('takes no more than maxInFlight while the graph is slow', async () => {
      const source = channel.source({ maxInFlight: 8 });
      const { opened, open } = gate();
      const seen: T[] = [];
      let most = 0;
      source.buffer(1000).mapAsync(
        async (element) => {
          seen.push(element);
          most = Math.max(most, source.inFlight);
          if (channel.textOf(element) !== 'first') await opened;
        },
        { parallelism: 1000 },
      );
      start(source);
      await subscribed(seen);
      await channel.feed(texts(100));
      await expect.poll(() => source.inFlight).toBe(8);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(seen).toHaveLength(9);
      await expect.poll(() => channel.left()).toBe(100);
      open();
      await expect.poll(() => seen.length).toBe(101);
      expect(most).toBe(8);
      await expect.poll(() => channel.left()).toBe(0);
    });

    it('delivers a message again that failed, and goes on, where onError says so', async () => {
      const errors: unknown[] = [];
      const source = channel.source({ onError: (error) => errors.push(error) });
      const seen: string[] = [];
      let failures = 2;
      source.sink((element) => {
        const text = channel.textOf(element);
        if (text === 'm1' && failures-- > 0) throw new Error('not yet');
        seen.push(text);
      });
      start(source);
      await channel.feed(texts(3));
      await expect.poll(() => new Set(seen).size).toBe(3);
      expect(errors).toEqual([new Error('not yet'), new Error('not yet')]);
      await expect.poll(() => channel.left()).toBe(0);
    });

    it('fails without an error policy, and delivers the message after the next start', async () => {
      const source = channel.source();
      const seen: string[] = [];
      let isBroken = true;
      source.sink((element) => {
        if (isBroken) throw new Error('broken');
        seen.push(channel.textOf(element));
      });
      const run = source.start();
      started.push(source);
      void channel.feed(texts(3));
      await expect(run).rejects.toThrow('broken');
      expect(source.state).toBe('failed');
      await expect.poll(() => channel.left()).toBe(3);
      isBroken = false;
      start(source);
      await expect.poll(() => new Set(seen).size).toBe(3);
      await expect.poll(() => channel.left()).toBe(0);
    });

    it('gives a message up that failed, with onFailure: discard', async () => {
      const source = channel.source({ onFailure: 'discard', onError: () => undefined });
      const seen: string[] = [];
      source.sink((element) => {
        seen.push(channel.textOf(element));
        if (seen.at(-1) === 'm1') throw new Error('never');
      });
      start(source);
      await channel.feed(texts(3));
      await expect.poll(() => seen.length).toBe(3);
      await expect.poll(() => channel.left()).toBe(0);
      await source.stop();
      start(source);
      await new Promise((resolve) => setTimeout(resolve, broker.patience ?? 100));
      expect(seen).toEqual(texts(3));
    });

    it('connects again when the server dies and comes back, and loses nothing', async () => {
      const source = channel.source({ reconnect: { backoff: 20, maxBackoff: 100 } });
      const seen = new Set<string>();
      source.sink((element) => seen.add(channel.textOf(element)));
      let failure: unknown;
      started.push(source);
      source.start().catch((error: unknown) => {
        failure = error;
      });
      await channel.feed(texts(20, 'a'));
      await expect.poll(() => seen.size).toBe(20);
      await server().kill();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(source.state).toBe('running');
      await server().start();
      await channel.feed(texts(20, 'b'));
      const now = () => ({ seen: seen.size, state: source.state, failure });
      await expect.poll(now).toEqual({ seen: 40, state: 'running', failure: undefined });
      // What was acknowledged when the server died may come again.
      await expect.poll(() => channel.left()).toBe(0);
      await source.stop();
    });

    it('shows its password nowhere', async () => {
      const logged: string[] = [];
      for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
        const spy = vi.spyOn(console, method).mockImplementation((...values) => {
          logged.push(inspect(values, { depth: 20, showHidden: true }));
        });
        onTestFinished(() => spy.mockRestore());
      }
      const shown: unknown[] = logged;
      const source = channel.source();
      const seen = source.sinkToList();
      start(source);
      await subscribed(seen);
      shown.push(source, seen);
      await source.stop();

      const wrong = channel.source({ url: server().url.replace(broker.secret, 'hunter2hunter2') });
      const refused = await wrong.start().catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'ERR_REFUSED' });
      const down = channel.source({
        url: server().url.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'),
        reconnect: { attempts: 2, backoff: 1 },
      });
      const lost = await down.start().catch((error: unknown) => error);
      expect(lost).toMatchObject({ code: 'ERR_CONNECTION' });
      expect(() => channel.source({ url: `no url with ${broker.secret}` })).toThrow(TypeError);
      shown.push(refused, lost, wrong, down);

      const text = inspect(shown, { depth: 20, showHidden: true, maxArrayLength: null });
      expect(text).not.toContain(broker.secret);
      expect(text).not.toContain('hunter2');
    });

    more?.(server);
  });
}
