import { afterEach, describe, expect, it, vi } from 'vitest';
import { Stream, toConsole } from '../../src/index.ts';

afterEach(() => void vi.restoreAllMocks());

describe('toConsole()', () => {
  it('prints elements as told, in order, and passes them on', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const source = new Stream<number>();
    const seen = source.to(toConsole({ level: 'warn', format: (x) => `${x}!` })).sinkToList();
    source.emitMany([1, 2, 3]);
    await source.end();
    expect(warn.mock.calls).toEqual([['1!'], ['2!'], ['3!']]);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('refuses wrong options', () => {
    expect(() => toConsole({ level: 'loud' as never })).toThrow('level');
    expect(() => toConsole({ format: 1 as never })).toThrow('format');
  });
});
