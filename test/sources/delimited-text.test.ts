import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DelimitedText } from '../../src/sources/delimited-text.ts';

/** The obvious way: all at once. */
function naive(text: string, delimiter: string): string[] {
  const parts = text.split(delimiter);
  const last = parts.pop()!;
  const complete = parts.map((part) => part + delimiter);
  return last === '' ? complete : [...complete, last];
}

function cut(bytes: Uint8Array, cuts: readonly number[], delimiter: string, maxLength = 1e6) {
  const text = new DelimitedText(delimiter, 'utf8', maxLength, true);
  const found: string[] = [];
  const take = () => {
    for (let next = text.next(); next !== undefined; next = text.next()) found.push(next);
  };
  const places = [...cuts, bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of places) {
    text.write(bytes.subarray(from, to));
    take();
    from = to;
  }
  const last = text.end();
  if (last !== undefined) found.push(last);
  return found;
}

describe('DelimitedText', () => {
  test('cuts any text into the same parts, however its bytes are split', () => {
    const alphabet = fc.constantFrom('a', '\n', '\r', 'é', '€', '😀', '|', ' ');
    const texts = fc.array(alphabet, { maxLength: 60 }).map((letters) => letters.join(''));
    const delimiters = fc.constantFrom('\n', '\r\n', '||', 'é', '😀', 'aa', 'a|a');
    fc.assert(
      fc.property(texts, delimiters, fc.array(fc.nat(240)), (text, delimiter, at) => {
        const bytes = new TextEncoder().encode(text);
        const cuts = at.map((place) => Math.min(place, bytes.length));
        expect(cut(bytes, cuts, delimiter)).toEqual(naive(text, delimiter));
      }),
      { numRuns: 500 },
    );
  });

  test('leaves out a byte order mark at the start of a file, also one that comes in pieces', () => {
    const bytes = new TextEncoder().encode('\ufeffa\n\ufeffb');
    for (let at = 0; at <= bytes.length; at++) {
      expect(cut(bytes, [at], '\n')).toEqual(['a\n', '\ufeffb']);
    }
  });

  test('refuses a text past the limit, leaves it out and goes on behind it', () => {
    const text = new DelimitedText('\r\n', 'utf8', 8, false);
    text.write(Buffer.from('12345678'));
    expect(text.next()).toBeUndefined();
    text.write(Buffer.from('9'));
    expect(() => text.next()).toThrow(
      expect.objectContaining({
        code: 'ERR_TEXT_TOO_LONG',
        message: 'Cannot cut text: expected a delimiter "\\r\\n" within 8 characters, got none',
      }),
    );
    for (let i = 0; i < 100; i++) {
      text.write(Buffer.from('more\r'));
      expect(text.next()).toBeUndefined();
    }
    text.write(Buffer.from('\nshort\r\nlonger.\r\n12345\r\n'));
    expect(text.next()).toBe('short\r\n');
    expect(() => text.next()).toThrow(expect.objectContaining({ code: 'ERR_TEXT_TOO_LONG' }));
    expect(text.next()).toBe('12345\r\n');
    expect(text.end()).toBeUndefined();
  });
});
