import { expect, it } from 'vitest';
import type { Stream } from '../../src/stream.ts';
import { describeForms, timedSource } from '../graph/forms.ts';

const nodes: [string, (source: Stream<number>) => Stream<unknown>][] = [
  ['timedWindow', (source) => source.timedWindow(10)],
  ['timedWindowUnique', (source) => source.timedWindowUnique(10)],
  ['delay', (source) => source.delay(10)],
  ['partition', (source) => source.partition(9, { timeout: 10 })],
];

describeForms('M4, in streamz a timer outlives its destroyed node', () => {
  it.each(nodes)('%s leaves no timer behind, and emits nothing more', async (_, build) => {
    const { clock, source } = timedSource();
    const node = build(source);
    const seen = node.sinkToList();
    await clock.advance(1);
    source.emit(1);
    const before = seen.length;
    node.destroy();
    expect(clock.pending).toBe(0);
    await clock.advance(100);
    expect(seen).toHaveLength(before);
  });

  it('a node goes with the only source that feeds it', async () => {
    const { clock, source } = timedSource();
    source.map((x) => x).timedWindow(10);
    source.destroy();
    expect(clock.pending).toBe(0);
  });
});
