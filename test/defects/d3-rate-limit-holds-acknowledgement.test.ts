import { expect, it } from 'vitest';
import { acknowledgements, describeForms, timedSource } from '../graph/forms.ts';

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
});
