import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tag } from '../../src/graph/metadata.ts';
import { Queue } from '../../src/graph/queue.ts';

describe('Queue', () => {
  it('gives back what an array gives back, metadata too', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.nat(100), (pushes, trackAt) => {
        const queue = new Queue();
        const model: [number, Tag][] = [];
        pushes.forEach((isPush, i) => {
          if (i === trackAt) queue.track();
          const tag: Tag = i > trackAt ? [{ i }] : undefined;
          if (isPush || model.length === 0) {
            queue.push(i, tag);
            model.push([i, tag]);
          } else {
            const [value, headTag] = model.shift()!;
            expect(queue.headTag()).toEqual(headTag);
            expect(queue.shift()).toBe(value);
          }
          expect(queue.size).toBe(model.length);
          expect(queue.toArray()).toEqual(model.map(([value]) => value));
          if (i > trackAt) expect(queue.toTags()).toEqual(model.map(([, one]) => one));
        });
      }),
    );
  });
});
