import { describe, expect, it } from 'vitest';
import { fromProcess } from '../../src/index.ts';
import { until } from '../until.ts';

describe('D27, streamz leaves the process of a stopped source running', () => {
  it('it is gone when stop() has resolved', async () => {
    const script = 'let i = 0; setInterval(() => console.log(i++), 1)';
    const source = fromProcess([process.execPath, '-e', script]);
    const seen = source.sinkToList();
    const done = source.start();
    await until(() => seen.length > 2);
    const pid = source.pid!;
    await source.stop();
    await done;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
