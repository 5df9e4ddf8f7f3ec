import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('latest', () => {
  it('delivers the newest element when the delivery before has settled', async () => {
    const { source } = timedSource();
    const gate = deferred();
    const seen: number[] = [];
    source.latest().sink((x) => {
      seen.push(x);
      return x === 1 ? gate.promise : undefined;
    });
    source.emit(1);
    await turn();
    expect(source.emitMany([2, 3, 4])).toBeUndefined();
    expect(source.tryEmit(5)).toBe(true);
    await turn();
    expect(seen).toEqual([1]);
    gate.resolve();
    await turn();
    expect(seen).toEqual([1, 5]);
  });

  it('acknowledges what it leaves out at once, and the rest when delivered', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    source.latest().sink(async (x) => {
      if (x === 3) throw new Error('three');
    });
    source.emit(1, options(1));
    source.emit(2, options(2));
    expect(log).toEqual([[1, 'ok']]);
    await turn();
    source.emit(3, options(3));
    await turn();
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'ok'],
      [3, 'three'],
    ]);
  });

  it('carries undefined as any other element', async () => {
    const { source } = timedSource<undefined>();
    const seen = source.latest().sinkToList();
    source.emit(undefined);
    await turn();
    expect(seen).toEqual([undefined]);
  });

  it('restores the element that waits in it', async () => {
    const { source } = timedSource();
    const held = source.latest();
    source.emit(7);
    const other = timedSource();
    const restored = other.source.latest();
    const seen = restored.sinkToList();
    restored.restore(structuredClone(held.snapshot()!));
    await turn();
    expect(seen).toEqual([7]);
  });
});
