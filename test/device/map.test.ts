import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { DeviceOptions } from '../../src/device/options.ts';
import { kernels, least, MillraceError, Series, when } from '../../src/index.ts';
import { adapter, status } from './adapter.ts';

const devices: DeviceOptions[] = [
  { device: 'cpu' },
  ...(status.available ? [{ device: 'gpu', adapter } as const] : []),
];

describe.each(devices)('map() on %j', (options) => {
  it('computes what a loop does', () => {
    const f = kernels(options).map(
      (a, b) => [
        when(a.lt(b)).then(a.add(b)).otherwise(a.neg()),
        a.clip(-1, 1).mul(0.5),
        least(a, b).abs(),
      ],
      { columns: 2 },
    );
    fc.assert(
      fc.property(
        fc.float32Array({ maxLength: 600 }),
        fc.float32Array({ minLength: 600, maxLength: 600 }),
        (a, all) => {
          const b = all.subarray(0, a.length);
          const [sums, halves, lower] = f.run(a, b);
          for (let i = 0; i < a.length; i++) {
            const [x, y] = [a[i]!, b[i]!];
            near(sums![i]!, x < y ? Math.fround(x + y) : -x);
            near(halves![i]!, Math.fround(Math.max(-1, Math.min(1, x)) * 0.5));
            near(lower![i]!, Math.abs(Math.min(x, y)));
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('feeds other kernels, and itself', () => {
    const chain = kernels(options)
      .map((x) => x.mul(2))
      .map((x) => x.add(1))
      .cumsum()
      .map((x) => x.neg())
      .start();
    assert.deepEqual([...chain.push(Float32Array.of(1, 2))], [-3, -8]);
    const after = kernels(options)
      .map((x) => x.mul(2))
      .map((x) => x.add(1))
      .cumsum()
      .map((x) => x.neg())
      .start();
    after.restore(chain.snapshot());
    assert.deepEqual([...after.push(Float32Array.of(0))], [-9]);
  });

  it('computes what lies beside the plan of a series', () => {
    const prices = new Series('f32');
    const seen = prices.compute(kernels(options).map((x) => x.log().exp())).sinkToList();
    prices.emit([1, 4]);
    near(seen[0]!.at(1)!, 4, 1e-5);
  });

  it('takes as many columns as it says', () => {
    const sum = kernels(options).map((a, b) => a.add(b), { columns: 2 });
    assert.throws(() => sum.run(Float32Array.of(1)), /map: it takes 2 columns, got 1/);
    assert.throws(() => sum.run(Float32Array.of(1), Uint32Array.of(1)), TypeError);
  });
});

describe('map()', () => {
  it('refuses what is no expression of its columns', () => {
    const other = new Series('f32');
    assert.throws(() => kernels().map((() => 1) as never), /expected an expression such as x\.mul/);
    assert.throws(() => kernels().map(() => other), /read the columns it is given.* input/);
    assert.throws(() => kernels().map((x) => x.shift()), /row by row, got what shift yields/);
    assert.throws(() => kernels().map((x) => x.gt(1) as never), /must yield f32, got bool/);
    assert.throws(
      () =>
        kernels()
          .map(() => [] as never)
          .start(),
      /from 1 to 64 exprs, got 0/,
    );
    assert.throws(() => kernels().map((x) => x, { columns: 65 }), RangeError);
    assert.throws(
      () =>
        kernels()
          .map((x) => when(x.gt(1)).then(x).otherwise(null) as never)
          .start(),
      /must not yield what is missing/,
    );
  });

  it.runIf(status.available)('says what there is no kernel for, and auto goes without', () => {
    const powers = (device: 'gpu' | 'auto') => kernels({ device, adapter }).map((x) => x.pow(2));
    assert.throws(
      () => powers('gpu').run(Float32Array.of(1)),
      (error) => error instanceof MillraceError && error.code === 'ERR_GPU_UNSUPPORTED',
    );
    const run = powers('auto').start();
    assert.deepEqual([...run.push(Float32Array.of(3))], [9]);
    assert.match(run.explain(), /^on the cpu: Cannot compute map .*: there is no kernel for pow/);
  });
});

/** Fails unless two values are the same, but for the zeros, or as near as an f32's rounding. */
function near(got: number, wanted: number, share = 2 ** -21): void {
  if (Number.isNaN(wanted) || !Number.isFinite(wanted)) {
    assert.deepEqual(got, wanted);
    return;
  }
  const apart = Math.abs(got - wanted);
  assert.ok(apart <= Math.abs(wanted) * share + 1.2e-38, `wanted ${wanted}, got ${got}`);
}
