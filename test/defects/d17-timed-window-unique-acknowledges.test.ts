import { expect, it } from 'vitest';
import { acknowledgements, describeForms, timedSource } from '../graph/forms.ts';

describeForms('D17, streamz never lets go of what timed_window_unique took', () => {
  it.each(['first', 'last'] as const)(
    'with keep %s every element is acknowledged',
    async (keep) => {
      const { clock, source } = timedSource<string>();
      const { log, options } = acknowledgements();
      source.timedWindowUnique(10, { keep }).sinkToList();
      await clock.advance(1);
      for (const [i, x] of ['a', 'b', 'a'].entries()) source.emit(x, options(i));
      await clock.advance(10);
      expect(log.sort()).toEqual([
        [0, 'ok'],
        [1, 'ok'],
        [2, 'ok'],
      ]);
      source.destroy();
    },
  );
});
