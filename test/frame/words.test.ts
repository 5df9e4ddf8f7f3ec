import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Series } from '../../src/index.ts';

function naive(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.split(/[ \t-\r]+/)) {
    if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function countsOf(table: Iterable<object> | undefined): [string, number][] {
  const rows = [...(table ?? [])] as { value: string; count: number }[];
  return rows.map(({ value, count }) => [value, count]);
}

const text = fc
  .array(fc.constantFrom(' ', '\n', '\t ', '\v', 'a', 'b', 'word', 'é', '日本', '\u00a0'), {
    maxLength: 40,
  })
  .map((parts) => parts.join(''));

describe('emitWords', () => {
  it('counts words wherever the text is cut, mixed with strings', () => {
    const piece = fc.oneof(
      fc.record({ text, cuts: fc.array(fc.nat(60), { maxLength: 4 }) }),
      fc.array(fc.constantFrom('a', 'b', 'é', 'other', 'word'), { maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const series = new Series('utf8');
        const seen = series.frequencies().sinkToList();
        const all: string[] = [];
        for (const each of pieces) {
          if (Array.isArray(each)) {
            all.push(' ', each.join(' '), ' ');
            series.emit(each);
            continue;
          }
          all.push(each.text);
          const bytes = Buffer.from(each.text);
          const ends = [...each.cuts.filter((cut) => cut < bytes.length), bytes.length];
          ends.sort((a, b) => a - b);
          let start = 0;
          for (const end of ends) {
            series.emitWords(bytes.subarray(start, end));
            start = end;
          }
        }
        series.flush();
        expect(countsOf(seen.at(-1))).toEqual([...naive(all.join(''))]);
      }),
    );
  });

  it('goes on with strings that no result has shown', () => {
    const words = new Series('utf8');
    const changed = words.valueCounts({ emit: 'changes' });
    const long = words.filter(words.length().gt(3)).frequencies();
    const [few, seen] = [changed.sinkToList(), long.sinkToList()];
    words.emitWords(Buffer.from('a b longer a '));
    words.emit(['b', 'longest']);
    words.emitWords(Buffer.from('longest c '));
    words.emit(['c', 'longer']);
    expect(countsOf(seen.at(-1))).toEqual([
      ['longer', 2],
      ['longest', 2],
    ]);
    expect(countsOf(few.at(-1))).toEqual([
      ['longer', 2],
      ['c', 2],
    ]);
  });

  it('is restored with strings that no result has shown', () => {
    const make = () => {
      const words = new Series('utf8');
      const long = words.filter(words.length().gt(3)).frequencies();
      return { words, seen: long.sinkToList() };
    };
    const [a, b] = [make(), make()];
    a.words.emitWords(Buffer.from('a be longer '));
    b.words.restore(a.words.snapshot());
    for (const { words } of [a, b]) words.emit(['other', 'a', 'longer']);
    expect(countsOf(b.seen.at(-1))).toEqual([
      ['longer', 2],
      ['other', 1],
    ]);
    expect(countsOf(a.seen.at(-1))).toEqual(countsOf(b.seen.at(-1)));
  });

  it('shows words as values', () => {
    const words = new Series('utf8');
    const seen = words.upper().sinkToList();
    words.emitWords(Buffer.from(' call me '));
    words.emitWords(Buffer.from('Ishmael'));
    words.emit('some');
    words.flush();
    expect(seen.flatMap((column) => [...column])).toEqual(['CALL', 'ME', 'ISHMAEL', 'SOME']);
  });

  it('refuses what is no text, and counts none of it', () => {
    const words = new Series('utf8');
    const seen = words.frequencies().sinkToList();
    words.emitWords(Buffer.from('be'));
    expect(() => words.emitWords(Buffer.from([97, 32, 255, 32]))).toThrow(/must be UTF-8/);
    words.emitWords(Buffer.from('en '));
    expect(countsOf(seen.at(-1))).toEqual([['been', 1]]);
    expect(() => words.emitWords(new Uint8Array(new SharedArrayBuffer(4)))).toThrow(TypeError);
    expect(() => words.emitWords('text' as never)).toThrow(
      /^Cannot emit words: text must be a Uint8Array/,
    );
    expect(() => new Series('f64').emitWords(Buffer.from('1'))).toThrow(
      /it must be utf8, got 'f64'/,
    );
    expect(() => words.upper().emitWords(Buffer.from('1'))).toThrow(/it is computed/);
  });
});
