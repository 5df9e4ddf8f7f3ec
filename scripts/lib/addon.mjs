import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { hostPlatform } from './platforms.mjs';
import { Failure, isOnPath, root, run, runPackage, say } from './process.mjs';
import { Stamp } from './stamp.mjs';
import { toolchainEnvironment } from './toolchain.mjs';

const SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', 'scripts/lib', 'scripts/toolchain'];

/** The addons: what each is built from, and where its declarations go. */
const ADDONS = {
  main: { crate: 'crates/millrace-node', config: 'package.json', types: 'binding.d.ts' },
  gpu: {
    crate: 'crates/millrace-gpu-node',
    config: 'crates/millrace-gpu-node/package.json',
    types: 'gpu-binding.d.ts',
  },
};

const committed = ({ types }) => join(root, 'src/native', types);
const generated = ({ types }) => join(root, '.cache', types);

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

/** Builds the main addon into npm/<platform>/ unless it is newer than its sources. */
export function ensureAddon() {
  return ensure('main', 'the native addon');
}

/** Builds the addon for GPUs into npm/gpu-<platform>/ unless it is newer than its sources. */
export function ensureGpuAddon() {
  return ensure('gpu', 'the addon for GPUs');
}

async function ensure(name, what) {
  const addon = ADDONS[name];
  const platform = hostPlatform({ gpu: name === 'gpu' });
  const stamp = addonStamp(platform);
  if (existsSync(platform.binary) && stamp.isFresh) return platform;

  requireRust(`build ${what}`);
  say(`building ${what} for ${platform.id}; from nothing this takes some minutes`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  // A lock file that is behind fails here, in cargo's own words, before the CLI would rewrite it.
  await run('cargo', ['fetch', '--locked', '--quiet']);
  const crate = [
    '--manifest-path',
    `${addon.crate}/Cargo.toml`,
    '--package-json-path',
    addon.config,
  ];
  const options = ['--platform', '--release', '--no-js', ...crate];
  const outputs = ['--output-dir', platform.folder];
  const types = ['--dts', relative(platform.folder, generated(addon))];
  await runPackage('@napi-rs/cli', ['build', ...options, ...outputs, ...types, '--', '--locked'], {
    env: await toolchainEnvironment(platform),
  });
  if (!existsSync(platform.binary)) throw new Failure(`the build left no ${platform.binary}`);
  stamp.write();
  return platform;
}

/** The committed declarations of addons that are not those the last build generated. */
export function staleTypes() {
  const differs = (addon) =>
    !existsSync(committed(addon)) ||
    readFileSync(generated(addon), 'utf8') !== readFileSync(committed(addon), 'utf8');
  return Object.values(ADDONS)
    .filter((addon) => existsSync(generated(addon)) && differs(addon))
    .map(({ types }) => `src/native/${types}`);
}

/** Takes the generated declarations of the addons over into the sources. */
export function updateTypes() {
  for (const path of staleTypes()) {
    say(`${path} has changed; commit it`);
    copyFileSync(join(root, '.cache', basename(path)), join(root, path));
  }
}
