import { expect, it } from 'vitest';
import { addTopic, feed } from '../servers/brokers/kafka.ts';
import { kafka } from '../servers/kinds.ts';
import { withServer } from '../servers/with-server.ts';
import { runExample } from './run-example.ts';

withServer(kafka, 'kafka-words', (server) => {
  it('counts the words of a topic on both planes', async () => {
    await addTopic(server(), 'kafka-words', 3);
    const lines = [
      'To be, or not to be:',
      'that is the question',
      '',
      'the be-all and the end-all',
    ];
    const messages = Array.from({ length: 30 }, (_, i) => ({ value: lines[i % lines.length]! }));
    await feed(server(), 'kafka-words', [...messages, { value: null }]);
    const output = await runExample('kafka-words', server().url, 'kafka-words', '31');
    // The lines come 8, 8, 7 and 7 times.
    const top = 'be 23, the 22, to 16, all 14, is 8';
    expect(output).toBe(`elements: ${top}\ncolumns: ${top}\n`);
  });
});
