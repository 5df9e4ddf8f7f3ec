import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { expect, it } from 'vitest';
import { Stream, toNats } from '../../src/index.ts';
import { addStream, withNats } from '../servers/brokers/nats.ts';
import { nats } from '../servers/kinds.ts';
import { describeSink } from '../servers/sink-suite.ts';
import type { TestServer } from '../servers/test-server.ts';

/** What a stream holds, as the plain client reads it. */
function stored(server: TestServer, stream: string) {
  return withNats(server, async (connection) => {
    const { state } = await (await jetstreamManager(connection)).streams.info(stream);
    const consumer = await jetstream(connection).consumers.get(stream);
    const found: { text: string; color: string | undefined }[] = [];
    while (found.length < state.messages) {
      const message = await consumer.next({ expires: 60_000 });
      if (message === null) return found;
      found.push({ text: message.string(), color: message.headers?.get('Color') });
    }
    return found;
  });
}

describeSink(
  {
    kind: nats,
    title: 'toNats()',
    secret: 'secret-of-nats',
    async open(server, name) {
      await addStream(server, name);
      return {
        sink: (url = server.url) => toNats<string>(name, { url }),
        written: async () => (await stored(server, name)).map(({ text }) => text),
      };
    },
  },
  (server) => {
    it('takes subject, data, headers and id from the element', async () => {
      await addStream(server(), 'made');
      const source = new Stream<{ id: number; color: string }>();
      const receipts = source
        .to(
          toNats(() => 'made', {
            url: server().url,
            messageId: ({ id }) => `id-${id}`,
            headers: ({ color }) => ({ Color: color }),
          }),
        )
        .sinkToList();
      source.emit({ id: 1, color: 'red' });
      source.emit({ id: 1, color: 'blue' });
      source.emit({ id: 2, color: 'blue' });
      await source.end();
      expect(receipts).toEqual([
        { stream: 'made', sequence: 1, duplicate: false },
        { stream: 'made', sequence: 1, duplicate: true },
        { stream: 'made', sequence: 2, duplicate: false },
      ]);
      expect(await stored(server(), 'made')).toEqual([
        { text: '{"id":1,"color":"red"}', color: 'red' },
        { text: '{"id":2,"color":"blue"}', color: 'blue' },
      ]);
    });

    it('refuses a subject that cannot be, and fails where no stream takes it', async () => {
      const errors: unknown[] = [];
      const source = new Stream<string>({ onError: (error) => errors.push(error) });
      source.to(toNats((subject) => subject, { url: server().url }));
      expect(() => source.emit('a.*')).toThrow('a subject must be a string without');
      source.emit('taken.by.none');
      await source.end();
      expect(errors).toMatchObject([{ code: 'ERR_CONNECTION' }]);
    });
  },
);
