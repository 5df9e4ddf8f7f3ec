import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../errors.ts';
import type * as Binding from './binding.d.ts';
import { currentHost, platformName } from './platform.ts';

/** The loaded addon. */
export type NativeBinding = typeof Binding;

/** Where the addon may lie, and how a module is loaded; replaced in tests. */
export interface LoadOptions {
  /** The name of the binary, as `platformName` gives it. */
  readonly platform?: string;
  /** The path of a binary to load in place of the installed one, as `MILLRACE_BINARY` gives it. */
  readonly override?: string | undefined;
  readonly require?: (id: string) => unknown;
}

let loaded: NativeBinding | undefined;

/**
 * The native addon, loaded at the first call: a program that never touches a column needs no
 * binary. A failure is not remembered, so that a long-running process can be mended.
 *
 * @throws {MillraceError} `ERR_NO_BINARY` where there is no binary for this platform, or it cannot
 * be loaded; the message names the platform, what was tried and the remedy.
 */
export function native(): NativeBinding {
  loaded ??= loadBinding();
  return loaded;
}

/** Loads the addon from the first place that has it, without remembering it. */
export function loadBinding({
  platform = platformName(currentHost()),
  override = process.env.MILLRACE_BINARY,
  require,
}: LoadOptions = {}): NativeBinding {
  const candidates = override
    ? [override]
    : [`@millrace/${platform}`, addonPath(platform, 'millrace', platform)];
  const { addon, failures } = firstToLoad(candidates, require);
  if (addon !== undefined) return addon as NativeBinding;
  throw noBinary(platform, override, candidates, failures);
}

/** The first of several addons that can be loaded, and why those before it cannot. */
export function firstToLoad(
  candidates: readonly string[],
  require: (id: string) => unknown = createRequire(import.meta.url),
): { addon?: unknown; failures: readonly Error[] } {
  const failures: Error[] = [];
  for (const candidate of candidates) {
    try {
      return { addon: require(candidate), failures };
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return { failures };
}

/** Where a checkout has an addon: the same from src/native/ and from dist/native/. */
export function addonPath(folder: string, name: string, platform: string): string {
  return fileURLToPath(new URL(`../../npm/${folder}/${name}.${platform}.node`, import.meta.url));
}

function noBinary(
  platform: string,
  override: string | undefined,
  candidates: readonly string[],
  failures: readonly Error[],
): MillraceError {
  const tried = candidates
    .map((candidate, index) => `\n  ${candidate}: ${firstLine(failures[index])}`)
    .join('');
  const remedy = override
    ? 'set MILLRACE_BINARY to the path of an addon built for this platform, or unset it'
    : `install it with "npm install @millrace/${platform}", reinstall without --omit=optional, ` +
      'or build it in a checkout with "npm run build" (needs Rust)';
  // What is wrong with a binary that is there says more than that another is missing.
  const cause = failures.find((failure) => !isMissing(failure)) ?? failures[0];
  return new MillraceError(
    'ERR_NO_BINARY',
    `Cannot load the native addon that columns need: wanted a binary for ${platform}; ${remedy}. ` +
      `Tried:${tried}`,
    { cause },
  );
}

/** Whether an addon is not there, rather than broken. */
export function isMissing(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
}

/** What an error says first. */
export function firstLine(error: Error | undefined): string {
  return error?.message.split('\n', 1)[0] ?? '';
}
