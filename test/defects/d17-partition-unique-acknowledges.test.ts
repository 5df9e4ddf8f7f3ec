import { expect, it } from 'vitest';
import { acknowledgements, describeForms, timedSource } from '../graph/forms.ts';

describeForms('D17, streamz never releases what partitionUnique has dropped or emitted', () => {
  it.each(['first', 'last'] as const)('keep %s: every element is acknowledged once', (keep) => {
    const { source } = timedSource<string>();
    const { log, options } = acknowledgements();
    const seen = source.partitionUnique(2, { keep, key: (x) => x[0] }).sinkToList();
    for (const x of ['a1', 'a2', 'b1']) source.emit(x, options(x));
    expect(seen).toEqual([keep === 'first' ? ['a1', 'b1'] : ['a2', 'b1']]);
    expect([...log].sort()).toEqual([
      ['a1', 'ok'],
      ['a2', 'ok'],
      ['b1', 'ok'],
    ]);
  });
});
