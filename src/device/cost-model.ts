import { performance } from 'node:perf_hooks';
import { type Calibrations, readCalibrations, writeCalibrations } from './calibration-file.ts';
import { cpuChain, gpuChain, type KernelInput, type NativeRun, type StepSpec } from './chains.ts';
import type { OpenGpu } from './gpu.ts';

/** What a batch is expected to take, in milliseconds, and the numbers that say so. */
export interface Estimate {
  readonly cpu: number;
  readonly gpu: number;
  readonly because: string;
}

/** Says what a batch is expected to take. */
export type Estimator = (columns: readonly KernelInput[]) => Estimate;

/** What moving columns costs: per submit in milliseconds, and per byte. */
export interface TransferCost {
  readonly submit: number;
  readonly perByte: number;
}

/** What steps cost on both devices, in milliseconds a row, and how much they yield of it. */
export interface StepCost {
  readonly cpu: number;
  readonly gpu: number;
  readonly bytesOut: number;
}

/** Values of a sample, whose cost is measured: enough that a submit is a part of it. */
const SAMPLE = 1 << 18;
/** A part of the sample is enough where it takes the CPU this long, in milliseconds. */
const LONG = 20;
const COPY = '[{"op":"copy"}]';

const known = new Map<string, Calibrations>();

/** Estimates for the steps on a device, from what is measured when they are asked for the first time. */
export function estimatorOf(gpu: OpenGpu, steps: string): Estimator {
  return (columns) => {
    const rows = columns[0]?.length ?? 0;
    const { transfer, step } = measured(gpu, steps, columns);
    const bytesIn = columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return estimate(transfer, step, rows, bytesIn);
  };
}

/** What a batch takes by the model: a submit, the bytes both ways and the kernels, or the CPU's rate. */
export function estimate(
  { submit, perByte }: TransferCost,
  { cpu, gpu, bytesOut }: StepCost,
  rows: number,
  bytesIn: number,
): Estimate {
  const bytes = bytesIn + rows * bytesOut;
  const because =
    `a submit ${submit.toFixed(3)} ms, ${Math.round(bytes).toLocaleString('en')} bytes at ` +
    `${(1e-6 / perByte).toFixed(2)} GB/s, kernels ${(gpu * 1e6).toFixed(2)} ns a row, ` +
    `on the cpu ${(cpu * 1e6).toFixed(2)} ns a row`;
  return { cpu: rows * cpu, gpu: submit + bytes * perByte + rows * gpu, because };
}

function measured(
  gpu: OpenGpu,
  steps: string,
  columns: readonly KernelInput[],
): { transfer: TransferCost; step: StepCost } {
  const { name, driver, backend } = gpu.info;
  const adapter = `${name}, ${driver}, ${backend}`;
  let found = known.get(adapter);
  if (found === undefined) {
    found = readCalibrations(adapter) ?? { transfer: measureTransfer(gpu), steps: {} };
    known.set(adapter, found);
  }
  let step = found.steps[steps];
  if (step === undefined) {
    step = measureSteps(gpu, steps, columns, found.transfer);
    found.steps[steps] = step;
    writeCalibrations(adapter, found);
  }
  return { transfer: found.transfer, step };
}

function measureTransfer(gpu: OpenGpu): TransferCost {
  const chain = gpuChain(gpu, COPY);
  const large = new Float32Array(1 << 20);
  const submit = shortest(chain, [new Float32Array(1)], 5);
  const moved = shortest(chain, [large], 3);
  return { submit, perByte: Math.max(1e-9, (moved - submit) / (2 * large.byteLength)) };
}

/**
 * Steps whose segments and windows fit the sample, as those given do where they are shorter: nothing
 * would come of longer ones.
 */
export function stepsOfSample(text: string): string {
  const most = SAMPLE / 16;
  return JSON.stringify(
    (JSON.parse(text) as StepSpec[]).map((step) => {
      const { n, k } = step as { n?: number; k?: number };
      if (n === undefined || n <= most || step.op === 'correlation') return step;
      return { ...step, n: most, ...(k !== undefined && { k: Math.min(k, most) }) };
    }),
  );
}

function measureSteps(
  gpu: OpenGpu,
  text: string,
  columns: readonly KernelInput[],
  { submit, perByte }: TransferCost,
): StepCost {
  const steps = stepsOfSample(text);
  // A quarter of the sample first: a window costs the CPU its whole length before the first result.
  const quarter = sampleLike(columns, SAMPLE / 4);
  let cpu = shortest(cpuChain(steps), quarter, 1) / (SAMPLE / 4);
  const rows = cpu * SAMPLE < LONG ? SAMPLE : SAMPLE / 4;
  const sample = rows === SAMPLE ? sampleLike(columns, SAMPLE) : quarter;
  if (rows === SAMPLE) cpu = shortest(cpuChain(steps), sample, 2) / SAMPLE;
  const chain = gpuChain(gpu, steps);
  const yielded = chain.push([...sample]);
  const bytesOut = yielded.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytesIn = sample.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const total = shortest(chain, sample, 2);
  const kernels = total - submit - (bytesIn + bytesOut) * perByte;
  return { cpu, gpu: Math.max(0, kernels) / rows, bytesOut: bytesOut / rows };
}

/** Columns of the types given, of values that repeat. */
function sampleLike(columns: readonly KernelInput[], rows: number): KernelInput[] {
  return columns.map((column) => {
    const Typed = column.constructor as new (length: number) => KernelInput;
    let state = 1;
    return new Typed(rows).map(() => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 22;
    });
  });
}

/** The shortest of some runs, in milliseconds. */
function shortest(chain: NativeRun, columns: readonly KernelInput[], runs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    chain.push([...columns]);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
