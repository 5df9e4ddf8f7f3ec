import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalKey } from '../../src/operators/canonical-key.ts';
import { Stream } from '../../src/stream.ts';

const value = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: false,
  withSparseArray: false,
  maxDepth: 3,
  maxKeys: 3,
});

/** The same with 0 for −0, which `isDeepStrictEqual` tells apart and a `Map` does not. */
function withoutNegativeZero(x: unknown): unknown {
  if (x === 0) return 0;
  if (Array.isArray(x)) return x.map(withoutNegativeZero);
  if (x instanceof Set) return new Set([...x].map(withoutNegativeZero));
  if (x instanceof Map) return new Map(withoutNegativeZero([...x]) as [unknown, unknown][]);
  if (typeof x !== 'object' || x === null || x instanceof Date || ArrayBuffer.isView(x)) return x;
  return Object.fromEntries(
    Object.entries(x).map(([key, item]) => [key, withoutNegativeZero(item)]),
  );
}

describe('canonicalKey', () => {
  it('is equal exactly where contents are', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (values) => {
        for (const a of values) {
          for (const b of [...values, structuredClone(a)]) {
            const isEqual = isDeepStrictEqual(withoutNegativeZero(a), withoutNegativeZero(b));
            expect(canonicalKey(a) === canonicalKey(b)).toBe(isEqual);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not mind the order of properties', () => {
    expect(canonicalKey({ a: 1, b: [2] })).toBe(canonicalKey({ b: [2], a: 1 }));
  });

  it('refuses what has no content, and what contains itself', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => canonicalKey(loop)).toThrow('contains itself');
    expect(() => canonicalKey(() => 1)).toThrow(TypeError);
    expect(() => canonicalKey(new URL('http://a.b'))).toThrow('wanted plain data or a key');
  });

  it('makes unique compare by content', () => {
    const source = new Stream<{ at: number[] }>();
    const seen = source.unique({ hashable: false, maxsize: 2 }).sinkToList();
    source.emitMany([{ at: [1] }, { at: [1] }, { at: [2] }, { at: [3] }, { at: [1] }]);
    expect(seen).toEqual([{ at: [1] }, { at: [2] }, { at: [3] }, { at: [1] }]);
  });
});
