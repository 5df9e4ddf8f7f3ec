import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readCalibrations, writeCalibrations } from '../../src/device/calibration-file.ts';
import { estimate, stepsOfSample } from '../../src/device/cost-model.ts';
import { openGpu } from '../../src/device/gpu.ts';
import { KernelRun } from '../../src/device/kernel-run.ts';
import { kernels } from '../../src/index.ts';
import { adapter, status } from './adapter.ts';

const before = process.env.MILLRACE_CACHE;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-gpu-'));
  process.env.MILLRACE_CACHE = folder;
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.MILLRACE_CACHE;
  else process.env.MILLRACE_CACHE = before;
});

const transfer = { submit: 0.5, perByte: 1e-7 };
const step = { cpu: 1e-4, gpu: 1e-6, bytesOut: 4 };

describe('estimate()', () => {
  it('weighs a submit, the bytes both ways and the kernels against the CPU', () => {
    const { cpu, gpu, because } = estimate(transfer, step, 1000, 4000);
    assert.ok(Math.abs(cpu - 0.1) < 1e-12);
    assert.ok(Math.abs(gpu - (0.5 + 8000e-7 + 1e-3)) < 1e-12);
    assert.equal(
      because,
      'a submit 0.500 ms, 8,000 bytes at 10.00 GB/s, kernels 1.00 ns a row, on the cpu 100.00 ns a row',
    );
  });
});

describe('stepsOfSample()', () => {
  it('shortens what is longer than a part of the sample', () => {
    const short = '[{"op":"sort","n":100},{"op":"rolling","fn":"max","n":3}]';
    assert.equal(stepsOfSample(short), short);
    assert.equal(
      stepsOfSample('[{"op":"topK","n":1000000,"k":99999,"smallest":true}]'),
      '[{"op":"topK","n":16384,"k":16384,"smallest":true}]',
    );
  });
});

describe('what was measured', () => {
  it('is kept for later processes, by adapter', () => {
    const measured = { transfer, steps: { '[{"op":"sort"}]': step } };
    writeCalibrations('one', measured);
    writeCalibrations('other', { transfer, steps: {} });
    assert.deepEqual(readCalibrations('one'), measured);
    assert.equal(readCalibrations('third'), undefined);
  });

  it('is measured again where the file is damaged', () => {
    for (const text of [
      '',
      '{',
      '{"version":0}',
      '{"version":1,"adapters":{"one":{"steps":{}}}}',
    ]) {
      writeFileSync(join(folder, 'gpu.json'), text);
      assert.equal(readCalibrations('one'), undefined);
    }
  });
});

describe("device: 'auto' without a GPU", () => {
  it('stays on the CPU and says why', () => {
    const run = kernels({ device: 'auto', adapter: 'off' }).cumsum().start();
    assert.deepEqual([...run.push(Float32Array.of(1, 2))], [1, 3]);
    assert.equal(run.explain(), 'on the cpu: There is no GPU here, because it is switched off');
  });
});

describe.runIf(status.available)("device: 'auto'", () => {
  it('goes where it is faster, batch by batch, and takes its state along', () => {
    const steps = [{ op: 'cumulative', fn: 'sum' }];
    const read = (columns: readonly ArrayLike<number>[]) => Array.from(columns[0]!);
    const run = new KernelRun(steps, { device: 'auto', adapter }, read, ([column]) =>
      estimate(transfer, { ...step, gpu: 0 }, column!.length * 3000, 0),
    );
    assert.equal(run.explain(), 'on the cpu: no batch has been seen');
    const devices: string[] = [];
    const sums: number[] = [];
    for (const batch of [[1], [2, 3, 4, 5], [6], [7, 8, 9, 10]]) {
      sums.push(...run.push(Float32Array.from(batch)));
      devices.push(run.device);
    }
    assert.deepEqual(sums, [1, 3, 6, 10, 15, 21, 28, 36, 45, 55]);
    assert.deepEqual(devices, ['cpu', 'gpu', 'cpu', 'gpu']);
    assert.match(
      run.explain(),
      /^on the gpu, .*: for 4 rows gpu \d+\.\d+ ms is less than cpu 1\.200 ms; a submit 0\.500 ms/,
    );
  });

  it('measures once, in the time it is given, and keeps what it found', () => {
    const run = kernels({ device: 'auto', adapter }).cummax().start();
    run.push(new Float32Array(1000));
    assert.match(run.explain(), /for 1,000 rows .* ns a row$/);
    assert.match(readFileSync(join(folder, 'gpu.json'), 'utf8'), /cumulative/);
  });

  it('goes back to the CPU where the device is lost', () => {
    const steps = [{ op: 'cumulative', fn: 'max' }];
    const read = (columns: readonly ArrayLike<number>[]) => Array.from(columns[0]!);
    const always = () => ({ cpu: 1, gpu: 0, because: '' });
    const run = new KernelRun(steps, { device: 'auto', adapter }, read, always);
    assert.deepEqual(run.push(Float32Array.of(5)), [5]);
    openGpu(adapter).native.destroy();
    const warnings = process.listeners('warning');
    process.removeAllListeners('warning');
    assert.deepEqual(run.push(Float32Array.of(3)), [5]);
    for (const listener of warnings) process.on('warning', listener);
    assert.equal(run.device, 'cpu');
    assert.deepEqual(run.push(Float32Array.of(6)), [6]);
    assert.equal(run.device, 'cpu');
  });
});
