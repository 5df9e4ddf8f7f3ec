import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CompilerForm, setCompiler } from '../../src/graph/compile.ts';
import { Stream } from '../../src/stream.ts';

describe.each<CompilerForm>(['generated', 'closure'])('a graph in %s form', (form) => {
  beforeEach(() => setCompiler(form));
  afterEach(() => setCompiler(undefined));

  it('delivers depth first, in order of subscription', () => {
    const source = new Stream<number>();
    const seen: unknown[] = [];
    const inner = source.map((x) => x * 10);
    inner.sink((x) => void seen.push(['a', x]));
    inner.sink((x) => void seen.push(['b', x]));
    source.sink((x) => void seen.push(['c', x]));
    source.emit(1);
    expect(seen).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 1],
    ]);
  });

  it('runs a million elements round a loop without growing the stack', () => {
    const source = new Stream<number>();
    let turns = 0;
    source
      .map((x) => {
        turns++;
        return x - 1;
      })
      .filter((x) => x > 0)
      .connect(source);
    source.emit(1e6);
    expect(turns).toBe(1e6);
  });

  it('delivers every branch before it throws, and can be used afterwards', () => {
    const source = new Stream<number>();
    const seen: number[] = [];
    source.sink((x) => {
      if (x === 1) throw new Error('first');
    });
    source.sink((x) => void seen.push(x));
    expect(() => source.emit(1)).toThrow('first');
    source.emit(2);
    expect(seen).toEqual([1, 2]);
  });
});
