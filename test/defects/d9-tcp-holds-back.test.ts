import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fromTcp } from '../../src/index.ts';
import { until } from '../until.ts';

describe('D9, streamz never awaits the pipeline of a TCP source', () => {
  it('an asynchronous sink runs for every line, one after the other', async () => {
    const source = fromTcp({ port: 0 });
    const seen: string[] = [];
    let active = 0;
    let most = 0;
    source.sink(async (line: string) => {
      most = Math.max(most, ++active);
      await new Promise(setImmediate);
      seen.push(line);
      active--;
    });
    const done = source.start();
    const { port } = await source.listening();
    const lines = Array.from({ length: 50 }, (_, i) => `${i}\n`);
    connect(port, '127.0.0.1').end(lines.join(''));
    await until(() => seen.length === 50);
    expect(seen).toEqual(lines);
    expect(most).toBe(1);
    await source.stop();
    await done;
  });
});
