import { expect, it } from 'vitest';
import type { Stream } from '../../src/stream.ts';
import { describeForms, timedSource, turn } from '../graph/forms.ts';

const nodes: [string, (source: Stream<number>) => Stream<unknown>][] = [
  ['buffer', (source) => source.buffer(2)],
  ['delay', (source) => source.delay(1)],
  ['latest', (source) => source.latest()],
  ['timedWindow', (source) => source.timedWindow(1)],
  ['timedWindowUnique', (source) => source.timedWindowUnique(1)],
  ['partition with a timeout', (source) => source.partition(9, { timeout: 1 })],
  ['mapAsync', (source) => source.mapAsync(async (x) => x)],
];

describeForms('D10, in streamz one failing delivery ends the pump for ever', () => {
  it.each(nodes)('%s goes on, whether a sink throws or rejects', async (_, build) => {
    const { clock, source, errors } = timedSource();
    const seen: unknown[] = [];
    build(source).sink((x) => {
      const value = Array.isArray(x) ? x[0] : x;
      if (value === 0) throw new Error('thrown');
      if (value === 1) return Promise.reject(new Error('rejected'));
      if (value !== undefined) seen.push(value);
      return undefined;
    });
    await clock.advance(0.5);
    for (let x = 0; x < 6; x++) {
      const accepted = source.emit(x);
      await clock.advance(1);
      await accepted;
    }
    expect(seen).toEqual([2, 3, 4, 5]);
    expect(errors).toEqual([new Error('thrown'), new Error('rejected')]);
    source.destroy();
  });

  it('buffer(2) never blocks emit, whoever fails', async () => {
    const { source, errors } = timedSource();
    source.buffer(2).sink(async (x) => {
      throw new Error(`no ${x}`);
    });
    for (let x = 0; x < 20; x++) await source.emit(x);
    await turn();
    expect(errors).toHaveLength(20);
  });
});
