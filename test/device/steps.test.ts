import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { DeviceOptions } from '../../src/device/options.ts';
import { kernels } from '../../src/index.ts';
import { adapter, status } from './adapter.ts';

const devices: DeviceOptions[] = [
  { device: 'cpu' },
  ...(status.available ? [{ device: 'gpu', adapter } as const] : []),
];

const floats = fc.float32Array({ noNaN: true, maxLength: 600 });
const runs = { numRuns: 25 };

/** Where every NaN is after all numbers and −0 before +0. */
function compare(a: number, b: number): number {
  return a - b || Number(Object.is(b, -0)) - Number(Object.is(a, -0));
}

describe.each(devices)('kernels on %j', (options) => {
  const k = kernels(options);

  it('sort as an array does', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const finite = values.filter(Number.isFinite);
        assert.deepEqual([...k.sort().run(finite)], [...finite].sort(compare));
        assert.deepEqual(
          [...k.sort({ descending: true }).run(finite)],
          [...finite].sort((a, b) => compare(b, a)),
        );
      }),
      runs,
    );
  });

  it('take the first rows', () => {
    fc.assert(
      fc.property(floats, fc.integer({ min: 1, max: 20 }), (values, n) => {
        const { values: top, rows } = k.topK(n, { smallest: true }).run(values);
        const wanted = [...values.keys()].sort((a, b) => compare(values[a]!, values[b]!) || a - b);
        const finite = wanted.slice(0, n);
        if (values.every(Number.isFinite)) assert.deepEqual([...rows], finite);
        assert.deepEqual(
          [...top],
          [...rows].map((row) => values[row]),
        );
      }),
      runs,
    );
  });

  it('roll as a loop does', () => {
    fc.assert(
      fc.property(floats, fc.integer({ min: 1, max: 40 }), (values, n) => {
        const wanted: number[] = [];
        for (let end = n; end <= values.length; end++) {
          wanted.push(Math.max(...values.subarray(end - n, end)) + 0);
        }
        assert.deepEqual([...k.rolling(n).max().run(values)], wanted);
      }),
      runs,
    );
  });

  it('filter', () => {
    const filtered = k
      .rolling(3)
      .weighted([1, -2, 4])
      .run(Float32Array.of(1, 2, 3, 4));
    assert.deepEqual([...filtered], [9, 12]);
    assert.throws(
      () => k.rolling(3).weighted([1, 2]),
      /taps must be 3 finite numbers, got \[ 1, 2 \]/,
    );
    assert.throws(() => k.rolling(1).weighted([Number.NaN]), RangeError);
  });

  it('find frequencies', () => {
    const run = k.powerSpectrum(4).start();
    assert.deepEqual([...run.push(Float32Array.of(2, 0, -2))], []);
    assert.deepEqual([...run.push(Float32Array.of(0, 1))], [0, 16, 0]);
    assert.throws(
      () => k.powerSpectrum(6).start(),
      /n must be a power of two from 2 to 2\^20, got 6/,
    );
  });

  it('find neighbours', () => {
    const points = Float32Array.of(0, 0, 0, 9, 9, 0);
    const run = k.nearest(points, { dimensions: 2, k: 2 }).start();
    run.push(Float32Array.of(8));
    const { rows, distances } = run.push(Float32Array.of(1, 1, 7));
    assert.deepEqual([...rows], [2, 0, 1, 0]);
    assert.deepEqual([...distances], [2, 65, 5, 50]);
    assert.deepEqual(
      [...k.assign(Float32Array.of(0, 10), { dimensions: 1 }).run(Float32Array.of(1, 8))],
      [0, 1],
    );
    assert.throws(
      () => k.nearest(points, { dimensions: 4, k: 1 }).start(),
      /whole number of 4 coordinates each, got 6/,
    );
    assert.throws(
      () => k.nearest(points, { dimensions: 2, k: 4 }).start(),
      /k must be from 1 to 64/,
    );
    assert.throws(
      () => k.nearest([1] as never, { dimensions: 1, k: 1 }),
      /expected a Float32Array/,
    );
  });

  it('correlate', () => {
    const run = k.correlation({ columns: 2, n: 3, every: 1 }).start();
    assert.deepEqual([...run.push(Float32Array.of(1, 9, 2, 8, 3))], []);
    const [aa, ab, ba, bb] = [...run.push(Float32Array.of(7))].map(
      (x) => Math.round(x * 1e3) / 1e3,
    );
    assert.deepEqual([aa, ab, ba, bb], [1, -1, -1, 1]);
    assert.deepEqual(run.push(Float32Array.of(3, 5)).length, 4);
    assert.ok(k.correlation({ columns: 1, n: 2 }).run(Float32Array.of(5, 5)).every(Number.isNaN));
    assert.throws(
      () => k.correlation({ columns: 1, n: 2, every: 3 }).start(),
      /every from 1 to n, got 2 and 3/,
    );
    assert.throws(() => k.correlation({ columns: 1, n: 1 }), RangeError);
  });

  it('count', () => {
    const values = Float32Array.of(0, 0.5, 1, 1.5, 2, -1, Number.NaN, Number.POSITIVE_INFINITY);
    const run = k.histogram({ low: 0, high: 2, bins: 2 }).start();
    assert.deepEqual([...run.push(values)], [2, 2]);
    assert.deepEqual([...run.push(values)], [4, 4]);
    assert.deepEqual([...k.frequencies(3).run(Uint32Array.of(1, 1, 2, 9))], [0, 2, 1]);
  });

  it('refuse what is out of range', () => {
    assert.throws(() => k.rolling(0), RangeError);
    assert.throws(
      () =>
        k
          .rolling(2 ** 31)
          .max()
          .start(),
      /n must be from 1 to 2\^30/,
    );
    assert.throws(() => k.rolling(3).quantile(1.5), /q must be a number from 0 to 1, got 1.5/);
    assert.throws(() => k.sort({ n: 0 }), RangeError);
    assert.throws(() => k.sort({ descending: 1 as never }), TypeError);
    assert.throws(
      () => k.topK(5, { n: 4 }).start(),
      /k must be from 1 to the number of rows, got 5/,
    );
    assert.throws(
      () => k.histogram({ low: 1, high: 1, bins: 3 }).start(),
      /low must be below high/,
    );
    assert.throws(() => k.histogram({ low: 0, high: Number.NaN, bins: 3 }), RangeError);
    assert.throws(() => k.frequencies(2 ** 21).start(), /bins must be from 1 to 1048576/);
    assert.throws(() => k.frequencies(3).run(Float32Array.of(1)), /column must be u32, got f32/);
  });
});
