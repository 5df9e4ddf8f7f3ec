import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms, turn } from '../graph/forms.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describeForms('M5, streamz keeps every sink in a global set', () => {
  it('a graph that nobody refers to any more is collected, sinks and all', async () => {
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    (() => {
      for (let i = 0; i < 20; i++) {
        const source = new Stream<number>();
        const sink = source.map((x) => x + i).sink(() => undefined);
        source.emit(1);
        registry.register(sink, i);
      }
    })();
    for (let i = 0; i < 50 && collected < 15; i++) {
      collectGarbage();
      await turn();
    }
    expect(collected).toBeGreaterThanOrEqual(15);
  });

  it('a sink that was made and not kept goes on', () => {
    const source = new Stream<number>();
    const seen: number[] = [];
    source.map((x) => x + 1).sink((x) => void seen.push(x));
    collectGarbage();
    source.emit(1);
    expect(seen).toEqual([2]);
  });
});
