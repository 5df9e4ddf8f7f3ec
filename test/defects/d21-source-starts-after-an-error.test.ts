import { describe, expect, it } from 'vitest';
import { fromPeriodic, fromProcess, VirtualClock } from '../../src/index.ts';

describe('D21, an error kills a source of streamz for good', () => {
  it('a source that failed says so, and can be started again', async () => {
    const clock = new VirtualClock();
    let call = 0;
    const source = fromPeriodic(
      () => {
        if (++call === 2) throw new Error('once');
        return call;
      },
      '1s',
      { clock },
    );
    const seen = source.sinkToList();
    const failed = expect(source.start()).rejects.toThrow('once');
    await clock.advance('5s');
    await failed;
    expect([seen, source.state]).toEqual([[1], 'failed']);
    const done = source.start();
    await clock.advance('1s');
    await source.stop();
    await done;
    expect(seen).toEqual([1, 3, 4]);
  });

  it('also one that its sink made fail', async () => {
    const source = fromProcess([process.execPath, '-e', "console.log('a'); console.log('b')"]);
    const seen: string[] = [];
    let isBroken = true;
    source.sink((line: string) => {
      if (isBroken) throw new Error('sink is broken');
      seen.push(line);
    });
    await expect(source.start()).rejects.toThrow('sink is broken');
    isBroken = false;
    await source.start();
    expect(seen).toEqual(['a\n', 'b\n']);
  });
});
