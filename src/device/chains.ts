import type { NativeChain } from '../native/binding.d.ts';
import { crossing } from '../native/errors.ts';
import { nativeGpu } from '../native/gpu.ts';
import type { NativeGpuChain } from '../native/gpu-binding.d.ts';
import { native } from '../native/load.ts';
import type { OpenGpu } from './gpu.ts';

/** A column that kernels take: f64 where `precision: 'f32'` allows it. */
export type KernelInput = Float32Array | Float64Array | Int32Array | Uint32Array;

/** A column that kernels yield. */
export type KernelOutput = Float32Array | Float64Array | Int32Array | Uint32Array;

/** One step of a chain, as the native chains read it. */
export interface StepSpec {
  readonly op: string;
  readonly [argument: string]: unknown;
}

/** What chains have in common on every device. */
export type NativeRun = NativeChain | NativeGpuChain;

/** A chain on the CPU. */
export function cpuChain(steps: string): NativeChain {
  return crossing(() => new (native().NativeChain)(steps));
}

/** A chain on a device. */
export function gpuChain(gpu: OpenGpu, steps: string): NativeGpuChain {
  return crossing(() => new (nativeGpu().NativeGpuChain)(gpu.native, steps));
}
