import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { hostPlatform } from './platforms.mjs';
import { Failure, isOnPath, root, run, runPackage, say } from './process.mjs';
import { Stamp } from './stamp.mjs';
import { toolchainEnvironment } from './toolchain.mjs';

const SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', 'scripts/lib', 'scripts/toolchain'];
const CRATE = 'crates/millrace-node/Cargo.toml';
const COMMITTED_TYPES = join(root, 'src/native/binding.d.ts');
const GENERATED_TYPES = join(root, '.cache/binding.d.ts');

/** Explains how to get Rust, for each command that compiles it. */
export function requireRust(purpose) {
  if (isOnPath('cargo') && isOnPath('rustc')) return;
  throw new Failure(
    `cannot ${purpose}: cargo and rustc are not on the PATH; ` +
      'install Rust 1.88 or later with rustup (https://rustup.rs) and run the command again',
  );
}

/** Tells whether a platform's addon was built from the sources as they are. */
export function addonStamp(platform) {
  return new Stamp(`addon-${platform.id}`, SOURCES);
}

/** Builds the native addon into npm/<platform>/ unless it is newer than its sources. */
export async function ensureAddon() {
  const platform = hostPlatform();
  const stamp = addonStamp(platform);
  if (existsSync(platform.binary) && stamp.isFresh) return platform;

  requireRust('build the native addon');
  say(`building the native addon for ${platform.id}; from nothing this takes some minutes`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  // A lock file that is behind fails here, in cargo's own words, before the CLI would rewrite it.
  await run('cargo', ['fetch', '--locked', '--quiet']);
  const options = ['--platform', '--release', '--no-js', '--manifest-path', CRATE];
  const outputs = ['--output-dir', platform.folder];
  const types = ['--dts', relative(platform.folder, GENERATED_TYPES)];
  await runPackage('@napi-rs/cli', ['build', ...options, ...outputs, ...types, '--', '--locked'], {
    env: await toolchainEnvironment(platform),
  });
  if (!existsSync(platform.binary)) throw new Failure(`the build left no ${platform.binary}`);
  stamp.write();
  return platform;
}

/** Whether the committed declarations of the addon are those the last build generated. */
export function areTypesCurrent() {
  return readFileSync(GENERATED_TYPES, 'utf8') === readFileSync(COMMITTED_TYPES, 'utf8');
}

/** Takes the generated declarations of the addon over into the sources. */
export function updateTypes() {
  if (!existsSync(GENERATED_TYPES) || areTypesCurrent()) return;
  say('src/native/binding.d.ts has changed; commit it');
  copyFileSync(GENERATED_TYPES, COMMITTED_TYPES);
}
