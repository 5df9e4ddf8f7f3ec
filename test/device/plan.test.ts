import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterEach, describe, it, vi } from 'vitest';
import { openGpu } from '../../src/device/gpu.ts';
import type { DeviceOptions } from '../../src/device/options.ts';
import { DataFrame, MillraceError, Series } from '../../src/index.ts';
import { adapter, status } from './adapter.ts';

const devices: DeviceOptions[] = [
  { device: 'auto', adapter: 'off' },
  ...(status.available ? [{ device: 'gpu', adapter } as const] : []),
];

afterEach(() => vi.restoreAllMocks());

describe.each(devices)('plans on %j', (options) => {
  it('yield what they do on the cpu, however rows are cut', () => {
    const build = (device: DeviceOptions) => {
      const frame = new DataFrame({ a: 'f32', b: 'f32', name: 'utf8' }, device);
      const { a, b } = frame;
      const seen = [
        a.rolling(3).median().sub(a).sinkToList(),
        a.sub(b).abs().rolling(2).max().sinkToList(),
        b.rolling(4).mean().add(a.cummax()).sinkToList(),
        frame.select('a', 'b').rolling(2).sum().sinkToList(),
        frame.filter(a.gt(0)).a.rolling(2).mean().sinkToList(),
      ];
      return { frame, seen };
    };
    const row = fc.tuple(
      fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
      fc.integer({ min: -99, max: 99 }),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (rows, n) => {
        const [wanted, got] = [build({}), build(options)];
        for (const { frame } of [wanted, got]) {
          for (let i = 0; i < rows.length; i += n) {
            frame.emit(rows.slice(i, i + n).map(([a, b]) => ({ a, b, name: `${b}` })));
          }
        }
        for (const [sink, results] of wanted.seen.entries()) {
          const [one, other] = [flat(results), flat(got.seen[sink]!)];
          assert.equal(one.length, other.length);
          for (const [i, value] of one.entries()) near(other[i], value);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('say where they compute, and why not elsewhere', () => {
    const frame = new DataFrame({ a: 'f32', b: 'f64', c: 'i32' }, options);
    frame.a.rolling(3).mean().sinkToList();
    frame.b.rolling(3).mean().sinkToList();
    frame.c.rolling(3).mean().sinkToList();
    frame.a.rolling(3, { minPeriods: 1 }).mean().sinkToList();
    frame.filter(frame.a.gt(1)).a.rolling(2).min().sinkToList();
    frame.a.shift().sinkToList();
    frame.emit({ a: [1], b: [2], c: [3] });
    const text = frame.explain();
    assert.match(
      text,
      options.device === 'gpu' ? /kernels, on the gpu, / : /kernels, on the cpu: There is no GPU/,
    );
    for (const reason of [
      /on the cpu: column 'b' is f64, which kernels take with precision: 'f32'/,
      /on the cpu: column 'c' is i32, and kernels take f32/,
      /on the cpu: minPeriods is not n/,
      /on the cpu: it reads what filter yields/,
      /on the cpu: there is no kernel for shift/,
    ]) {
      assert.match(text, reason);
    }
  });

  it('go on from a snapshot, and grow', () => {
    const build = (device: DeviceOptions) => {
      const prices = new Series('f32', device);
      return { prices, seen: prices.rolling(3).median().sinkToList() };
    };
    const one = build(options);
    one.prices.emit([5, 1]);
    for (const device of devices) {
      const next = build(device);
      next.prices.restore(one.prices.snapshot());
      next.prices.emit([3]);
      const more = next.prices.rolling(2).sum().sinkToList();
      next.prices.emit([9, 2]);
      assert.deepEqual(flat(next.seen), [3, 3, 3]);
      assert.deepEqual(flat(more), [null, 11]);
    }
  });

  it('take doubles where that is allowed, for one node too', () => {
    const prices = new Series('f64', { name: 'price' });
    const here = prices
      .rolling(2, { ...options, precision: 'f32' })
      .mean()
      .sinkToList();
    const there = prices.rolling(2).mean().sinkToList();
    prices.emit(Float64Array.of(0.1, 0.1));
    prices.emit([0.3]);
    assert.deepEqual(flat(there).at(1), 0.1);
    near(flat(here).at(1), Math.fround(0.1));
    assert.match(prices.explain(), /; kernels, on the /);
  });

  it('find their columns beside text, in every form of input', () => {
    for (const grouped of [false, true]) {
      const frame = new DataFrame({ name: 'utf8', unread: 'f64', a: 'f32' }, options);
      const seen = frame.a.add(1).rolling(2).sum().sinkToList();
      const counts = grouped ? frame.groupBy('name').size().sinkToList() : [];
      if (!grouped) frame.name.upper().sinkToList();
      frame.emit({ name: ['x', 'y'], unread: [0, 0], a: Float32Array.of(1, 2) });
      frame.emit({ name: 'x', unread: 0, a: 3 });
      frame.flush();
      frame.emit([{ name: 'z', unread: 0, a: 4 }]);
      frame.emit([]);
      assert.deepEqual(flat(seen), [null, 5, 7, 9]);
      assert.equal(counts.length > 0, grouped);
    }
  });

  it('refuse what is missing, and go on', () => {
    const prices = new Series('f32', { name: 'price', ...options });
    const seen = prices.rolling(2).sum().sinkToList();
    prices.emit([1, 2]);
    assert.throws(() => prices.emit([4, null]), /column 'price' on a device: row 1 is missing/);
    prices.emit([3]);
    assert.deepEqual(flat(seen), [null, 3, 5]);
  });

  it('are as before a batch that the plan refuses', () => {
    const frame = new DataFrame({ a: 'f32', n: 'i32' }, options);
    const sums = frame.a.rolling(2).sum().sinkToList();
    frame.n.add(1).sinkToList();
    frame.emit({ a: [1], n: [1] });
    assert.throws(() => frame.emit({ a: [9], n: [2 ** 31 - 1] }), MillraceError);
    frame.emit({ a: [2], n: [1] });
    assert.deepEqual(flat(sums), [null, 3]);
  });
});

describe('the device of a plan', () => {
  it('is checked', () => {
    assert.throws(() => new Series('f32', { device: 'tpu' as never }), /device must be 'cpu'/);
    assert.throws(
      () => new Series('f32', { device: 'gpu', adapter: 'off' }),
      /There is no GPU here/,
    );
    const prices = new Series('f32');
    assert.throws(
      () => prices.rolling(2, { device: 'gpu', adapter: 'off' }),
      /There is no GPU here/,
    );
    assert.throws(() => prices.rolling(2, { devise: 'gpu' } as never), /unknown option 'devise'/);
  });

  it.runIf(status.available)(
    'may be lost in the middle of a stream, and two plans share it',
    () => {
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      const build = () => {
        const prices = new Series('f32', { device: 'gpu', adapter });
        return { prices, seen: prices.rolling(2).sum().sinkToList() };
      };
      const [one, two] = [build(), build()];
      one.prices.emit([1]);
      two.prices.emit([10]);
      one.prices.emit([2]);
      openGpu(adapter).native.destroy();
      two.prices.emit([20]);
      one.prices.emit([3]);
      assert.deepEqual(flat(one.seen), [null, 3, 5]);
      assert.deepEqual(flat(two.seen), [null, 30]);
      assert.match(one.prices.explain(), /kernels, on the cpu: The device .* is lost/);
      assert.ok(warn.mock.calls.length > 0);
    },
  );
});

type Shown = { toArray(): unknown[] } | { toRows(): object[] };

function flat(results: readonly unknown[]): (number | null)[] {
  return (results as Shown[]).flatMap((one) =>
    'toArray' in one
      ? (one.toArray() as (number | null)[])
      : one.toRows().flatMap((row) => Object.values(row)),
  );
}

function near(got: unknown, wanted: number | null): void {
  if (wanted === null) {
    assert.equal(got, null);
    return;
  }
  const apart = Math.abs((got as number) - wanted);
  assert.ok(apart <= 8e6 * 2 ** -18, `wanted ${wanted}, got ${got}`);
}
