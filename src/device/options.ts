import { checkOptions, shown } from '../frame/checks.ts';
import type { AdapterOptions } from './gpu.ts';

/** Where something is computed. */
export type Device = 'cpu' | 'gpu' | 'auto';

/** Options of kernels: where they run, and in which precision. */
export interface DeviceOptions extends AdapterOptions {
  /**
   * `'cpu'` (default) or `'gpu'`, where it is an error if there is none or it cannot; `'auto'` takes
   * the one that is likely to be faster for each batch.
   */
  readonly device?: Device;
  /**
   * `'f32'` allows that values of f64 are computed in single precision, with the tolerance that each
   * kernel states. Without it a kernel takes values of f32 alone.
   */
  readonly precision?: 'f32';
}

const DEVICES: readonly unknown[] = ['cpu', 'gpu', 'auto'] satisfies Device[];

/** Throws a TypeError for options that are none. */
export function checkDeviceOptions(
  operator: string,
  options: DeviceOptions,
  others: readonly string[] = [],
): void {
  checkOptions(operator, options, [...others, 'device', 'precision', 'adapter']);
  const { device, precision, adapter } = options;
  if (device !== undefined && !DEVICES.includes(device)) {
    throw new TypeError(
      `Cannot create ${operator}: device must be 'cpu', 'gpu' or 'auto', got ${shown(device)}`,
    );
  }
  if (precision !== undefined && precision !== 'f32') {
    throw new TypeError(
      `Cannot create ${operator}: precision must be 'f32', got ${shown(precision)}`,
    );
  }
  if (adapter !== undefined && typeof adapter !== 'string') {
    throw new TypeError(
      `Cannot create ${operator}: adapter must be a string, got ${shown(adapter)}`,
    );
  }
}
