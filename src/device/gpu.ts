import { MillraceError } from '../errors.ts';
import { nativeError } from '../native/errors.ts';
import { nativeGpu } from '../native/gpu.ts';
import type { NativeGpu } from '../native/gpu-binding.d.ts';

/** Which adapter is taken. */
export interface AdapterOptions {
  /**
   * `'auto'`: the best there is, discrete before integrated, but none that computes on the CPU.
   * `'software'`: one that does, for tests. `'vulkan'`, `'metal'`, `'dx12'`: one of that interface.
   * `'off'`: none. Anything else: one whose name contains the text, in any case. By default what the
   * environment variable `MILLRACE_GPU` says, else `'auto'`.
   */
  readonly adapter?: string;
}

/** An adapter that can compute. */
export interface GpuInfo {
  readonly available: true;
  readonly name: string;
  /** `vulkan`, `metal` or `dx12`. */
  readonly backend: string;
  /** `software` computes on the CPU. */
  readonly kind: 'discrete' | 'integrated' | 'virtual' | 'software' | 'other';
  readonly driver: string;
  /** The longest buffer of the device, in bytes. Batches that are longer are cut. */
  readonly maxBufferBytes: number;
  /** Whether the adapter has double precision. */
  readonly f64: boolean;
  /** Whether the adapter can time its kernels. */
  readonly timestamps: boolean;
}

/** Why there is no GPU. */
export interface NoGpu {
  readonly available: false;
  readonly code: string;
  /** `There is no GPU here, because …`. */
  readonly reason: string;
}

/** What {@link gpuStatus} says. */
export type GpuStatus = GpuInfo | NoGpu;

/** An open device and what is known of it. */
export interface OpenGpu {
  readonly native: NativeGpu;
  readonly info: GpuInfo;
}

const opened = new Map<string, OpenGpu | MillraceError>();

/** The adapter that is asked for, as text. */
export function adapterChoice({ adapter }: AdapterOptions = {}): string {
  return adapter ?? process.env.MILLRACE_GPU ?? 'auto';
}

/**
 * The device, opened at the first call for each choice; an answer that there is none is remembered too.
 *
 * @throws {MillraceError} `ERR_NO_GPU` with the reason.
 */
export function openGpu(choice: string): OpenGpu {
  let found = opened.get(choice);
  if (found === undefined) {
    found = tryToOpen(choice);
    opened.set(choice, found);
  }
  if (found instanceof MillraceError) throw found;
  return found;
}

/** Forgets a device that is lost: who comes next opens it again. */
export function forgetGpu(lost: OpenGpu): void {
  for (const [choice, gpu] of opened) if (gpu === lost) opened.delete(choice);
}

/**
 * Whether there is a GPU to compute on, and which, or why there is none. Loads the addon and opens the
 * device at the first call, which takes a tenth of a second or so; neither keeps the process alive.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { gpuStatus } from 'millrace';
 *
 * const status = gpuStatus({ adapter: 'off' });
 * assert.equal(status.available, false);
 * if (!status.available) assert.match(status.reason, /^There is no GPU here, because /);
 * ```
 */
export function gpuStatus(options: AdapterOptions = {}): GpuStatus {
  try {
    return openGpu(adapterChoice(options)).info;
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { available: false, code: error.code, reason: error.message };
  }
}

function tryToOpen(choice: string): OpenGpu | MillraceError {
  try {
    const { NativeGpu } = nativeGpu();
    const native = new NativeGpu(choice);
    return { native, info: { available: true, ...JSON.parse(native.info()) } };
  } catch (thrown) {
    const error = nativeError(thrown);
    if (error instanceof MillraceError) return error;
    throw error;
  }
}
