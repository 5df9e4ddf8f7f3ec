import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ColumnNode, planNodeOf } from '../../src/frame/column-node.ts';
import { DataFrame, Stream } from '../../src/index.ts';
import { batches, close, number } from './random.ts';

const frame = () => new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64', y: 'f64', z: 'i64' });
type Frame = ReturnType<typeof frame>;

/** The columns that a plan asks its input for. */
function used(of: (frame: Frame) => ColumnNode<unknown>): string[] {
  const source = frame();
  of(source).sink(() => {});
  const { input } = planNodeOf(source as unknown as ColumnNode<unknown>).graph.plan()!;
  return input.filter((column) => column.used).map(({ name }) => name);
}

describe('a plan', () => {
  it('asks for the columns alone that a result needs', () => {
    expect(used((f) => f.x.mean())).toEqual(['x']);
    expect(used((f) => f.filter(f.z.gt(1)).x.add(1).rolling(3).max())).toEqual(['x', 'z']);
    expect(
      used((f) =>
        f
          .assign({ w: f.x.mul(f.y) })
          .select('w', 'k')
          .w.sum(),
      ),
    ).toEqual(['x', 'y']);
    expect(used((f) => f.groupBy('k').y.last())).toEqual(['k', 'y']);
    expect(used((f) => f.reorder({ lateness: 1 }).x.cumsum())).toEqual(['at', 'x']);
    expect(used((f) => f.partition('1s', { on: 'at' }).groupBy('k').size())).toEqual(['at', 'k']);
    expect(used((f) => f.size())).toEqual([]);
    expect(used((f) => f)).toEqual(['at', 'k', 'x', 'y', 'z']);
  });

  it('computes a common expression once, and says the rows and the time of each node', () => {
    const source = frame();
    const value = source.assign({ v: source.x.mul(source.y) });
    value
      .groupBy('k')
      .v.sum()
      .sink(() => {});
    value.v
      .rolling(2)
      .max()
      .sink(() => {});
    const rows = { at: [1, 2], k: ['a', 'b'], x: [1, 2], y: [3, 4], z: [5, 6] };
    source.emit(rows);
    source.emit(rows);
    const text = source.explain();
    expect(text.match(/frame of #0/g)).toHaveLength(1);
    expect(text).toMatch(/rolling of #\d: series \(v: f64\); 2 batches, 4 rows, \d+\.\d{3} ms/);
    expect(text).toMatch(/groupBy of #\d: table \(k: utf8, v: f64\); 2 batches, 4 rows, /);
  });
});

describe('the tutorial', () => {
  it('has the cumulative mean of partitions, beside that of each', () => {
    fc.assert(
      fc.property(batches(number), fc.integer({ min: 1, max: 7 }), (all, n) => {
        const source = new Stream<{ value: number | null }>();
        const frame = source.partition(n).toBatch().toDataFrame({ value: 'f64' });
        const means = frame.value.mean().sinkToList();
        const each = frame.value.partition(n).mean().sinkToList();
        const values = all.flat();
        for (const value of values) source.emit({ value });
        const mean = (some: readonly (number | null)[]) => {
          const there = some.filter((one) => one !== null);
          return there.length === 0 ? null : there.reduce((a, b) => a + b, 0) / there.length;
        };
        const ends = Array.from({ length: Math.floor(values.length / n) }, (_, i) => (i + 1) * n);
        const wanted = ends.map((end) => mean(values.slice(0, end)));
        const wantedEach = ends.map((end) => mean(values.slice(end - n, end)));
        const gotEach = each.flatMap((column) => column.toArray());
        expect(means).toHaveLength(wanted.length);
        expect(gotEach).toHaveLength(wanted.length);
        ends.forEach((end, i) => {
          expect(close(means[i], wanted[i]), `${means[i]} of ${values.slice(0, end)}`).toBe(true);
          expect(close(gotEach[i], wantedEach[i]), `${gotEach[i]} beside ${wantedEach[i]}`).toBe(
            true,
          );
        });
      }),
    );
  });
});
