import { MillraceError } from '../errors.ts';
import type * as Binding from './gpu-binding.d.ts';
import { addonPath, firstLine, firstToLoad, isMissing, type LoadOptions } from './load.ts';
import { currentHost, platformName } from './platform.ts';

/** The loaded addon for GPUs. */
export type GpuBinding = typeof Binding;

let loaded: GpuBinding | undefined;

/**
 * The addon for GPUs, loaded at the first call: a package of its own, which nothing needs. A failure
 * is not remembered.
 *
 * @throws {MillraceError} `ERR_NO_GPU` where it is not installed or cannot be loaded, with the reason.
 */
export function nativeGpu(): GpuBinding {
  loaded ??= loadGpuBinding();
  return loaded;
}

/** Loads the addon for GPUs from the first place that has it, without remembering it. */
export function loadGpuBinding({
  platform = platformName(currentHost()),
  override = process.env.MILLRACE_GPU_BINARY,
  require,
}: LoadOptions = {}): GpuBinding {
  const name = `@millrace/gpu-${platform}`;
  const candidates = override
    ? [override]
    : [name, addonPath(`gpu-${platform}`, 'millrace-gpu', platform)];
  const { addon, failures } = firstToLoad(candidates, require);
  if (addon !== undefined) return addon as GpuBinding;
  const cause = failures.find((failure) => !isMissing(failure));
  const why =
    cause === undefined
      ? `the package ${name} is not installed: npm install ${name}`
      : `its addon cannot be loaded: ${firstLine(cause)}`;
  throw new MillraceError('ERR_NO_GPU', `There is no GPU here, because ${why}`, { cause });
}
