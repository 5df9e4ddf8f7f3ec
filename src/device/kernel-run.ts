import { MillraceError } from '../errors.ts';
import { shown } from '../frame/checks.ts';
import { checkBuffer } from '../frame/input/column-input.ts';
import { crossing } from '../native/errors.ts';
import {
  cpuChain,
  gpuChain,
  type KernelInput,
  type KernelOutput,
  type NativeRun,
  type StepSpec,
} from './chains.ts';
import { type Estimate, type Estimator, estimatorOf } from './cost-model.ts';
import { adapterChoice, forgetGpu, type OpenGpu, openGpu } from './gpu.ts';
import type { DeviceOptions } from './options.ts';

/** What goes wrong on one device and may go right on the other. */
const OF_THE_DEVICE = new Set(['ERR_GPU_LIMIT', 'ERR_GPU_UNSUPPORTED', 'ERR_GPU_INTERNAL']);

/**
 * Kernels that run over batches: made by `Kernels.start()`. State goes over from device to device where
 * the choice changes, or the device is lost.
 */
export class KernelRun<R> {
  readonly #steps: string;
  readonly #options: DeviceOptions;
  readonly #read: (columns: readonly KernelOutput[]) => R;
  #chain: NativeRun;
  /** The device that the chain runs on; none for the CPU. */
  #gpu: OpenGpu | undefined;
  /** What `'auto'` may choose, while it may. */
  #choice: { readonly gpu: OpenGpu; readonly estimator: Estimator } | undefined;
  /** Why it is where it is. */
  #why = 'asked for';

  /** Runs are made by `Kernels.start()`. */
  constructor(
    steps: readonly StepSpec[],
    options: DeviceOptions,
    read: (columns: readonly KernelOutput[]) => R,
    estimator?: Estimator,
  ) {
    this.#steps = JSON.stringify(steps);
    this.#options = options;
    this.#read = read;
    // What is written is checked by the CPU's chain in every case, which is also what is fallen back on.
    this.#chain = cpuChain(this.#steps);
    if (options.device === 'gpu') {
      this.#gpu = openGpu(adapterChoice(options));
      this.#chain = gpuChain(this.#gpu, this.#steps);
    } else if (options.device === 'auto') {
      this.#consider(estimator);
    }
  }

  /** Where the last batch was computed, or the next will be. */
  get device(): 'cpu' | 'gpu' {
    return this.#gpu === undefined ? 'cpu' : 'gpu';
  }

  /**
   * Runs a batch: columns of one length. An error leaves the state as it was. Where the device is lost,
   * the batch is run on the CPU and a warning emitted.
   */
  push(...columns: readonly KernelInput[]): R {
    const taken = columns.map((column, index) => this.#taken(column, index));
    this.#choose(taken);
    try {
      return this.#read(crossing(() => this.#chain.push(taken)));
    } catch (error) {
      const gpu = this.#gpu;
      if (gpu === undefined || !this.#leaves(error)) throw error;
      this.#move(undefined, error.message);
      this.#choice = undefined;
      if (error.code === 'ERR_GPU_LOST') warnOf(gpu, error);
      return this.#read(crossing(() => this.#chain.push(taken)));
    }
  }

  /** Where it computes and why, with the numbers behind a choice. */
  explain(): string {
    const where = this.#gpu === undefined ? 'cpu' : `gpu, ${this.#gpu.info.name}`;
    return `on the ${where}: ${this.#why}`;
  }

  /** The state of every step; the same on every device. */
  snapshot(): Uint8Array {
    return crossing(() => this.#chain.snapshot());
  }

  /** Takes over the state of a run of the same steps. */
  restore(snapshot: Uint8Array): void {
    if (!(snapshot instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot restore kernels: the snapshot must be a Uint8Array, got ${shown(snapshot)}`,
      );
    }
    crossing(() => this.#chain.restore(snapshot));
  }

  /** Opens the device for a choice by batch; without one it stays on the CPU. */
  #consider(estimator: Estimator | undefined): void {
    this.#why = 'no batch has been seen';
    try {
      const gpu = openGpu(adapterChoice(this.#options));
      // A step that the device lacks shows here.
      gpuChain(gpu, this.#steps);
      this.#choice = { gpu, estimator: estimator ?? estimatorOf(gpu, this.#steps) };
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#why = error.message;
    }
  }

  #choose(columns: readonly KernelInput[]): void {
    if (this.#choice === undefined || this.#options.device !== 'auto') return;
    const { gpu, estimator } = this.#choice;
    const estimate = estimator(columns);
    const wanted = estimate.gpu < estimate.cpu ? gpu : undefined;
    if (wanted !== this.#gpu) this.#move(wanted, '');
    this.#why = reason(estimate, columns[0]?.length ?? 0);
  }

  #leaves(error: unknown): error is MillraceError {
    if (!(error instanceof MillraceError)) return false;
    if (error.code === 'ERR_GPU_LOST') return true;
    return this.#options.device === 'auto' && OF_THE_DEVICE.has(error.code);
  }

  /** Goes on elsewhere from where it was before the batch. */
  #move(gpu: OpenGpu | undefined, why: string): void {
    const snapshot = this.snapshot();
    const chain = gpu === undefined ? cpuChain(this.#steps) : gpuChain(gpu, this.#steps);
    crossing(() => chain.restore(snapshot));
    this.#chain = chain;
    this.#gpu = gpu;
    this.#why = why;
  }

  #taken(column: KernelInput, index: number): KernelInput {
    if (!ArrayBuffer.isView(column) || column instanceof DataView) {
      throw new TypeError(
        `Cannot run kernels: column ${index} must be a typed array, got ${shown(column)}`,
      );
    }
    checkBuffer(String(index), column);
    if (!(column instanceof Float64Array)) return column;
    if (this.#options.precision === 'f32') return Float32Array.from(column);
    throw new TypeError(
      `Cannot run kernels: column ${index} must be a Float32Array, got a Float64Array; precision: 'f32' allows that it is rounded`,
    );
  }
}

function reason({ cpu, gpu, because }: Estimate, rows: number): string {
  const [less, more] = gpu < cpu ? ['gpu', 'cpu'] : ['cpu', 'gpu'];
  const of = (device: string) => `${device} ${(device === 'gpu' ? gpu : cpu).toFixed(3)} ms`;
  return `for ${rows.toLocaleString('en')} rows ${of(less)} is less than ${of(more)}; ${because}`;
}

function warnOf(gpu: OpenGpu, error: MillraceError): void {
  forgetGpu(gpu);
  process.emitWarning(`${error.message}; kernels go on on the CPU`, {
    type: 'MillraceWarning',
    code: error.code,
  });
}
