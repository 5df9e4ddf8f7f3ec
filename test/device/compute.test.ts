import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { DeviceOptions } from '../../src/device/options.ts';
import { kernels, Series } from '../../src/index.ts';
import { adapter, status } from './adapter.ts';

const devices: DeviceOptions[] = [
  { device: 'cpu' },
  ...(status.available ? [{ device: 'gpu', adapter } as const] : []),
];

describe.each(devices)('compute() on %j', (options) => {
  it('makes a series of what yields one', () => {
    const prices = new Series('f32', { name: 'price' });
    const highest = prices.compute(kernels(options).rolling(2).max());
    const seen = highest.add(1).sinkToList();
    prices.emit([1, 5, 2]);
    prices.emit([3]);
    assert.deepEqual(
      seen.map((column) => column.toArray()),
      [[6, 6], [4]],
    );
    assert.equal(highest.name, 'price');
    assert.match(
      highest.explain(),
      new RegExp(`\\ncompute beside the plan, on the ${options.device}`),
    );
  });

  it('makes a stream of what does not', () => {
    const prices = new Series('f64');
    const k = kernels({ ...options, precision: 'f32' });
    const means = prices
      .mul(2)
      .compute(k.reduce(['mean']))
      .sinkToList();
    prices.emit([1, 2]);
    prices.emit([6]);
    assert.deepEqual(means, [{ mean: 3 }, { mean: 6 }]);
  });

  it('goes on from a snapshot, on any device', () => {
    const graph = (device: DeviceOptions) => {
      const source = new Series('f32');
      const sorted = source.compute(kernels(device).sort({ n: 3 }));
      return { source, sorted, seen: sorted.sinkToList() };
    };
    const one = graph(options);
    one.source.emit([3, 1]);
    for (const other of devices) {
      const next = graph(other);
      next.source.restore(one.source.snapshot());
      next.source.emit([2, 9]);
      assert.deepEqual(
        next.seen.map((column) => column.toArray()),
        [[1, 2, 3]],
      );
    }
  });

  it('refuses what it cannot compute', () => {
    const texts = new Series('utf8', { name: 'text' });
    assert.throws(
      () => texts.compute(kernels(options).sort()),
      /column 'text' must be f32, f64, i32 or u32, got utf8/,
    );
    const numbers = new Series('f32', { name: 'x' });
    assert.throws(
      () => numbers.compute({} as never),
      /expected kernels such as kernels\(\)\.sort\(\)/,
    );
    const seen = numbers.compute(kernels(options).cumsum()).sinkToList();
    assert.throws(() => numbers.emit([1, 2, null]), /Cannot compute column 'x': row 2 is missing/);
    numbers.emit([4]);
    assert.deepEqual(seen[0]?.toArray(), [4]);
  });
});
