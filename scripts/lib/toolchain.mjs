// A compiler and C library of 2012, so that the addon runs on every current Linux distribution
// whatever the machine that builds it: GCC 4.8 and glibc 2.17, as an npm package. It is used for
// each build on Linux x64 with glibc, so that what is tested is what is published.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensurePackages } from './packages.mjs';
import { root, run, say } from './process.mjs';

const FOLDER = 'scripts/toolchain';
const PACKAGE = '@napi-rs/cross-toolchain-x64-target-x86_64';
const TRIPLE = 'x86_64-unknown-linux-gnu';

// Beside cargo's other outputs: shared by the clones that share a target folder, and its path then
// stays the same, without which cargo would compile the C sources of its crates again.
async function unpackInto(targetFolder) {
  const { packages } = JSON.parse(readFileSync(join(root, FOLDER, 'package-lock.json'), 'utf8'));
  const home = join(
    targetFolder,
    `glibc-2.17-toolchain-${packages[`node_modules/${PACKAGE}`].version}`,
  );
  if (existsSync(home)) return home;

  await ensurePackages(FOLDER);
  say('unpacking the compiler for glibc 2.17');
  const { toolchainPath } = createRequire(join(root, FOLDER, 'package.json'))(PACKAGE);
  const partial = `${home}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  await run('tar', ['-xJf', toolchainPath, '-C', partial]);
  try {
    renameSync(partial, home);
  } catch (error) {
    // Another build has unpacked it meanwhile.
    rmSync(partial, { recursive: true });
    if (!existsSync(home)) throw error;
  }
  return home;
}

/** The folder that cargo builds into. */
export async function cargoTargetFolder() {
  const output = await run('cargo', ['metadata', '--format-version=1', '--no-deps', '--offline'], {
    quiet: true,
  });
  return JSON.parse(output.slice(output.indexOf('{'))).target_directory;
}

/** The environment in which cargo builds for this platform: empty where the system's tools do. */
export async function toolchainEnvironment(platform) {
  if (!platform.id.endsWith('linux-x64-gnu')) return {};
  const home = await unpackInto(await cargoTargetFolder());
  const tool = (name) => join(home, 'bin', `${TRIPLE}-${name}`);
  const variable = TRIPLE.replaceAll('-', '_');
  const minor = Number(/^rustc 1\.(\d+)/.exec(await run('rustc', ['-V'], { quiet: true }))?.[1]);
  // From 1.90 on Rust links with lld, which GCC learned to start in version 9.
  const flags = minor >= 90 ? ['-Clinker-features=-lld'] : [];
  return {
    [`CC_${variable}`]: tool('gcc'),
    [`CXX_${variable}`]: tool('g++'),
    [`AR_${variable}`]: tool('ar'),
    // librdkafka's own configure knows these names only. What is not called of it is left out.
    CC: tool('gcc'),
    CXX: tool('g++'),
    CFLAGS: '-Os -ffunction-sections -fdata-sections',
    [`CFLAGS_${variable}`]: process.env[`CFLAGS_${variable}`] ?? '-fPIC',
    [`CARGO_TARGET_${variable.toUpperCase()}_LINKER`]: tool('gcc'),
    RUSTFLAGS: [process.env.RUSTFLAGS, ...flags].filter(Boolean).join(' '),
  };
}
