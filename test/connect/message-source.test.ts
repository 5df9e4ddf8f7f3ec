import { describe, expect, it } from 'vitest';
import {
  type MessageConnection,
  type MessageOptions,
  MessageSource,
} from '../../src/connect/message-source.ts';
import { ServerAddress } from '../../src/connect/server-address.ts';
import { VirtualClock } from '../../src/index.ts';

/** A source whose connections are those given, one after the other. */
class Scripted extends MessageSource<string> {
  readonly #connections: Promise<MessageConnection<string>>[];
  opened = 0;

  constructor(connections: Promise<MessageConnection<string>>[], options: MessageOptions) {
    const address = new ServerAddress('scripted', 'amqp://127.0.0.1:1', ['amqp:']);
    super('scripted', options, { address, action: 'read', isRefused: () => false });
    this.#connections = connections;
  }

  protected override open(): Promise<MessageConnection<string>> {
    return this.#connections[this.opened++]!;
  }
}

const never = new Promise<never>(() => undefined);
const saying = (text: string): MessageConnection<string> => ({
  read: (run) => run.deliver(text, () => undefined),
  close: () => undefined,
});
/** Lets everything go on that waits for no timer. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a source of messages', () => {
  it('gives up a connection that is not made in time, and closes it should it still come', async () => {
    const clock = new VirtualClock();
    let answer!: (connection: MessageConnection<string>) => void;
    let closed = 0;
    const slow = new Promise<MessageConnection<string>>((resolve) => {
      answer = resolve;
    });
    const source = new Scripted([slow, Promise.resolve(saying('second'))], {
      clock,
      connectTimeout: '20s',
      reconnect: { backoff: '1s', jitter: 0 },
    });
    const seen = source.sinkToList();
    const run = source.start();
    await clock.advance('19s');
    expect(source.opened).toBe(1);
    await clock.advance('2s');
    await run;
    expect(source.opened).toBe(2);
    expect(seen).toEqual(['second']);
    answer({ ...saying('first'), close: () => void closed++ });
    await settle();
    expect(closed).toBe(1);
    expect(seen).toEqual(['second']);
  });

  it('says so where there is no further attempt', async () => {
    const clock = new VirtualClock();
    const source = new Scripted([never], { clock, reconnect: { attempts: 1 } });
    const run = source.start().catch((error: unknown) => error);
    await clock.advance('30s');
    expect(await run).toMatchObject({
      code: 'ERR_CONNECTION',
      message: expect.stringContaining('its answer did not come within 30000 ms'),
    });
  });

  it('waits for no goodbye of a server that is gone', async () => {
    const clock = new VirtualClock();
    const lost = { read: () => Promise.reject(new Error('lost')), close: () => never };
    const source = new Scripted([Promise.resolve(lost), Promise.resolve(saying('second'))], {
      clock,
      stopTimeout: '3s',
      reconnect: { backoff: '1s', jitter: 0 },
    });
    const seen = source.sinkToList();
    const run = source.start();
    await settle();
    await clock.advance('4s');
    await run;
    expect(seen).toEqual(['second']);
  });

  it('checks how long connecting may take', () => {
    expect(() => new Scripted([], { connectTimeout: 'soon' as '1s' })).toThrow(/scripted.*'soon'/);
  });
});
