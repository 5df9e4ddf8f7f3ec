import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('D2, streamz lets go of an element when an async sink returns its future', () => {
  it('an element is acknowledged when the sink has finished', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const work = deferred();
    source.sink(() => work.promise);
    const emitted = source.emit(1, options(1));
    await turn();
    expect(log).toEqual([]);
    work.resolve();
    await emitted;
    expect(log).toEqual([[1, 'ok']]);
  });

  it('and negatively when it has failed', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    source.buffer(2).sink(async () => {
      throw new Error('not written');
    });
    source.emit(1, options(1));
    await turn();
    expect(log).toEqual([[1, 'not written']]);
  });
});
