import { expect, it } from 'vitest';
import { recordTimed } from '../../src/time/marbles.ts';
import { describeForms, timedSource } from '../graph/forms.ts';

describeForms('D1, streamz emits a burst into delay(0.3) at 0, 0 and 0.3 s', () => {
  it('every element of a burst comes out its interval later', async () => {
    const { clock, source } = timedSource();
    const seen = recordTimed(source.delay('300ms'), clock);
    source.emitMany([1, 2, 3]);
    await clock.runAll();
    expect(seen).toEqual([1, 2, 3].map((value) => ({ time: 300, value })));
  });
});
