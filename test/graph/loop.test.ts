import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { acknowledgements, deferred, describeForms, turn } from './forms.ts';

describeForms('loops', () => {
  it('ten million elements go round without growing the stack', () => {
    const source = new Stream<number>();
    const next = source.map((x) => x + 1).filter((x) => x < 10_000_000);
    let last = 0;
    next.sink((x) => {
      last = x;
    });
    next.connect(source);
    source.emit(0);
    expect(last).toBe(9_999_999);
  });

  it('an element emitted from within is acknowledged when its way round the loop has settled', async () => {
    const source = new Stream<string>();
    const once = source.filter((x) => x === 'inner').map(() => 'round');
    once.connect(source);
    const { log, options } = acknowledgements();
    const sunk = deferred();
    source.sink((x) => {
      if (x === 'outer') void source.emit('inner', options('inner'));
      return x === 'round' ? sunk.promise : undefined;
    });
    const emitted = source.emit('outer', options('outer'));
    await turn();
    expect(log).toEqual([]);
    sunk.resolve();
    await emitted;
    await turn();
    expect(log.map(([name]) => name).sort()).toEqual(['inner', 'outer']);
  });
});
