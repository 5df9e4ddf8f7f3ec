import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('D3, streamz acknowledges what rate_limit still holds', () => {
  it('an element is acknowledged when it has gone out', async () => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    const seen = source.rateLimit(10).sinkToList();
    for (const x of [1, 2, 3]) source.emit(x, options(x));
    expect(log).toEqual([[1, 'ok']]);
    await clock.advance(10);
    expect(log.map(([x]) => x)).toEqual(seen);
    expect(seen).toEqual([1, 2]);
    await clock.advance(10);
    expect(log.map(([x]) => x)).toEqual([1, 2, 3]);
  });

  it('and not before every other branch has finished with it', async () => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    const work = deferred();
    const seen = source.rateLimit(10).sinkToList();
    source.sink(() => work.promise);
    source.emit(1, options(1));
    source.emit(2, options(2));
    await clock.advance(10);
    expect([seen, log]).toEqual([[1, 2], []]);
    work.resolve();
    await turn();
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'ok'],
    ]);
  });
});
