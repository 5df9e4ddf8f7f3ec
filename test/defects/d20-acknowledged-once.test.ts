import { expect, it } from 'vitest';
import { acknowledgements, describeForms, timedSource } from '../graph/forms.ts';

describeForms('D20, streamz calls back at every release that leaves nobody', () => {
  it('an element is acknowledged once, whatever its branches do', async () => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    source.sinkToList();
    source.filter(() => false).sinkToList();
    source.delay(10).sinkToList();
    source
      .delay(20)
      .buffer(2)
      .sink(async () => {});
    source
      .mapAsync(async (x) => [x, x])
      .flatten()
      .sinkToList();
    source.timedWindow(15).sinkToList();
    source.slidingWindow(2).rateLimit(5).sinkToList();
    source.partition(2, { timeout: 30 }).latest().sinkToList();
    for (const x of [1, 2, 3]) {
      const accepted = source.emit(x, options(x));
      await clock.advance(50);
      await accepted;
    }
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'ok'],
    ]);
    // The last one is in the sliding window until the next one comes, or the end.
    await source.end();
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'ok'],
      [3, 'ok'],
    ]);
  });

  it('and at once where there is no sink', () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    source.emit(1, options(1));
    source.map((x) => x).filter(() => true);
    source.emit(2, options(2));
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'ok'],
    ]);
  });
});
