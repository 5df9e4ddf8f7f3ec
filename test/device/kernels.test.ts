import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterEach, describe, it, vi } from 'vitest';
import { openGpu } from '../../src/device/gpu.ts';
import type { DeviceOptions } from '../../src/device/options.ts';
import { gpuStatus, kernels, MillraceError } from '../../src/index.ts';
import { adapter, status } from './adapter.ts';

const devices: DeviceOptions[] = [
  { device: 'cpu' },
  ...(status.available ? [{ device: 'gpu', adapter } as const] : []),
];

const floats = (options: fc.Float32ArrayConstraints = {}) =>
  fc.float32Array({ maxLength: 3000, ...options });

afterEach(() => vi.restoreAllMocks());

describe.each(devices)('kernels on %j', (options) => {
  it('reduce to what a loop says', () => {
    const values = Float32Array.of(3, -1, 2, 8);
    assert.deepEqual(
      kernels(options).reduce(['count', 'sum', 'mean', 'min', 'max', 'var', 'std']).run(values),
      { count: 4, sum: 12, mean: 3, min: -1, max: 8, var: 14, std: Math.sqrt(14) },
    );
  });

  it('reduce nothing', () => {
    assert.deepEqual(
      kernels(options).reduce(['count', 'sum', 'min', 'var']).run(new Float32Array()),
      {
        count: 0,
        sum: 0,
        min: Number.NaN,
        var: Number.NaN,
      },
    );
  });

  it('run over batches as over the whole', () => {
    fc.assert(
      fc.property(floats({ noNaN: true }), fc.integer({ min: 1, max: 500 }), (values, n) => {
        const whole = kernels(options).cummax().run(values);
        const run = kernels(options).cummax().start();
        const parts: number[] = [];
        for (let i = 0; i < values.length; i += n) parts.push(...run.push(values.slice(i, i + n)));
        assert.deepEqual(parts, [...whole]);
      }),
      { numRuns: 20 },
    );
  });

  it('feed each other', () => {
    const run = kernels(options).cumsum().cummin().reduce(['min', 'count']).start();
    assert.deepEqual(run.push(Float32Array.of(1, -3)), { min: -2, count: 2 });
    assert.deepEqual(run.push(Float32Array.of(-5, 9)), { min: -7, count: 4 });
  });

  it('take doubles only where that is allowed', () => {
    const doubles = Float64Array.of(0.1, 0.2);
    assert.throws(
      () => kernels(options).cumsum().run(doubles),
      /column 0 must be a Float32Array.*precision: 'f32'/,
    );
    const sums = kernels({ ...options, precision: 'f32' })
      .cumsum()
      .run(doubles);
    assert.deepEqual(sums[0], Math.fround(0.1));
  });

  it('refuse what is no column, and go on', () => {
    const run = kernels(options).cumsum().start();
    run.push(Float32Array.of(1));
    assert.throws(() => run.push([1] as never), /column 0 must be a typed array, got \[ 1 \]/);
    assert.throws(() => run.push(Uint32Array.of(1)), TypeError);
    assert.throws(
      () => run.push(Float32Array.of(1), Float32Array.of(1)),
      /takes one column, got 2/,
    );
    assert.throws(
      () => run.push(new Float32Array(new SharedArrayBuffer(8)) as never),
      /shared memory/,
    );
    assert.deepEqual([...run.push(Float32Array.of(2))], [3]);
  });

  it('restore each other', () => {
    for (const other of devices) {
      const before = kernels(options).cumsum().start();
      before.push(Float32Array.of(1.5, 2));
      const after = kernels(other).cumsum().start();
      after.restore(before.snapshot());
      assert.deepEqual([...after.push(Float32Array.of(1))], [4.5]);
    }
    assert.throws(() => kernels(options).cumsum().start().restore(Uint8Array.of(9)), MillraceError);
  });
});

describe('kernels()', () => {
  it('refuses options and steps that are none', () => {
    assert.throws(
      () => kernels({ device: 'tpu' as never }),
      /device must be 'cpu', 'gpu' or 'auto', got 'tpu'/,
    );
    assert.throws(() => kernels({ precision: 'f16' as never }), TypeError);
    assert.throws(() => kernels({ adapter: 1 as never }), TypeError);
    assert.throws(() => kernels({ devise: 'gpu' } as never), /unknown option 'devise'/);
    assert.throws(() => kernels().reduce([]), /expected a list of aggregates/);
    assert.throws(() => kernels().reduce(['mode' as never]), /must be one of count, sum/);
  });

  it('says why there is no GPU where one is asked for', () => {
    const error = { name: 'MillraceError', code: 'ERR_NO_GPU' };
    assert.throws(() => kernels({ device: 'gpu', adapter: 'off' }).cumsum().start(), error);
    const none = gpuStatus({ adapter: 'no such adapter' });
    assert.ok(!none.available);
    assert.match(none.reason, /^There is no GPU here, because /);
  });
});

describe.runIf(status.available)('a device that is lost', () => {
  it('is told of, and the CPU goes on from where it was', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const run = kernels({ device: 'gpu', adapter }).cumsum().start();
    assert.deepEqual([...run.push(Float32Array.of(1, 2))], [1, 3]);
    openGpu(adapter).native.destroy();
    assert.equal(run.device, 'gpu');
    assert.deepEqual([...run.push(Float32Array.of(4))], [7]);
    assert.equal(run.device, 'cpu');
    assert.match(run.explain(), /^on the cpu: The device .* is lost/);
    assert.match(String(warn.mock.calls[0]?.[0]), /is lost: .*; kernels go on on the CPU$/);
    const next = kernels({ device: 'gpu', adapter }).cumsum().start();
    assert.deepEqual([...next.push(Float32Array.of(5))], [5]);
    assert.equal(next.device, 'gpu');
  });
});
