import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('D11, streamz loses the last element into latest while the sink is busy', () => {
  it('the last element is delivered, and acknowledged then', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const seen: number[] = [];
    const gates = new Map([1, 3].map((x) => [x, deferred()]));
    source.latest().sink((x) => {
      seen.push(x);
      return gates.get(x)?.promise;
    });
    source.emit(1, options(1));
    await turn();
    source.emit(2, options(2));
    source.emit(3, options(3));
    // The one that is being delivered is not acknowledged yet, the one left out is.
    expect(log).toEqual([[2, 'ok']]);
    gates.get(1)?.resolve();
    await turn();
    expect(seen).toEqual([1, 3]);
    gates.get(3)?.resolve();
    await turn();
    expect(log).toEqual([
      [2, 'ok'],
      [1, 'ok'],
      [3, 'ok'],
    ]);
  });
});
