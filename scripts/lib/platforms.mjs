import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, root } from './process.mjs';

const GPU = 'gpu-';

/**
 * The platforms a binary is published for: the folders of npm/ with their os, cpu and libc, of the
 * main addon or of that for GPUs.
 */
export function platforms({ gpu = false } = {}) {
  return readdirSync(join(root, 'npm'))
    .filter((id) => id.startsWith(GPU) === gpu)
    .sort()
    .map((id) => {
      const folder = join(root, 'npm', id);
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { id, folder, manifest, binary: join(folder, manifest.main) };
    });
}

function hostLibc() {
  if (process.platform !== 'linux') return undefined;
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

/** The platform of this machine, one of `platforms()`. */
export function hostPlatform(family) {
  const libc = hostLibc();
  const found = platforms(family).find(
    ({ manifest }) =>
      manifest.os[0] === process.platform &&
      manifest.cpu[0] === process.arch &&
      manifest.libc?.[0] === libc,
  );
  if (found === undefined) {
    throw new Failure(
      `no binary is configured for ${process.platform} ${process.arch}${libc ? ` ${libc}` : ''}`,
    );
  }
  return found;
}
