import { expect, it } from 'vitest';
import { describeForms, timedSource } from '../graph/forms.ts';

describeForms('M2, streamz keeps an entry for every key that partition ever saw', () => {
  it('a key is forgotten with its partition, full or timed out', async () => {
    const { clock, source } = timedSource();
    const full = source.partition(2, { key: (x) => x });
    const timed = source.partition(9, { key: (x) => x, timeout: 10 });
    const kept = () =>
      [full, timed].map(
        (stream) => (stream.snapshot()!.state as { byKey: unknown[] }).byKey.length,
      );
    for (let x = 0; x < 1000; x++) source.emitMany([x, x]);
    source.emit(-1);
    expect(kept()).toEqual([1, 1001]);
    await clock.advance(10);
    expect(kept()).toEqual([1, 0]);
    expect(clock.pending).toBe(0);
  });
});
