import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LowWaterMark } from '../../src/graph/low-water-mark.ts';

describe('LowWaterMark', () => {
  it('commits exactly the longest acknowledged prefix, for any order of acknowledgement', () => {
    const offsetsAndOrder = fc
      .uniqueArray(fc.nat(1000), { maxLength: 30 })
      .map((offsets) => offsets.sort((a, b) => a - b))
      .chain((offsets) =>
        fc.tuple(
          fc.constant(offsets),
          fc.shuffledSubarray(offsets, { minLength: offsets.length, maxLength: offsets.length }),
        ),
      );
    fc.assert(
      fc.property(offsetsAndOrder, ([offsets, order]) => {
        const committed: number[] = [];
        const mark = new LowWaterMark<number>({ commit: (offset) => committed.push(offset) });
        for (const offset of offsets) mark.accept(offset);
        const acknowledged = new Set<number>();
        for (const offset of order) {
          mark.acknowledge(offset);
          acknowledged.add(offset);
          const open = offsets.findIndex((each) => !acknowledged.has(each));
          const prefix = open === -1 ? offsets : offsets.slice(0, open);
          expect(committed.at(-1)).toBe(prefix.at(-1));
          expect(mark.pending).toBe(offsets.length - prefix.length);
        }
        expect(committed).toEqual([...new Set(committed)].sort((a, b) => a - b));
      }),
    );
  });

  it('ignores a second acknowledgement while waiting and refuses strangers', () => {
    const committed: bigint[] = [];
    const mark = new LowWaterMark<bigint>({ commit: (offset) => committed.push(offset) });
    mark.accept(1n);
    mark.accept(2n);
    mark.acknowledge(2n);
    mark.acknowledge(2n);
    expect(() => mark.accept(1n)).toThrow(RangeError);
    mark.acknowledge(1n);
    expect(committed).toEqual([2n]);
    expect(() => mark.acknowledge(1n)).toThrow('offset 1');
    expect(() => mark.acknowledge(5n)).toThrow(RangeError);
  });

  it('has moved on when commit throws', () => {
    let attempts = 0;
    const mark = new LowWaterMark<number>({
      commit: () => {
        attempts++;
        throw new Error('broker away');
      },
    });
    mark.accept(1);
    expect(() => mark.acknowledge(1)).toThrow('broker away');
    expect([attempts, mark.pending]).toEqual([1, 0]);
  });

  it('refuses to be built without a commit function', () => {
    expect(() => new LowWaterMark({} as never)).toThrow(/commit must be a function, got undefined/);
  });
});
