import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, root, runPackage, say } from './process.mjs';
import { Stamp } from './stamp.mjs';

const SOURCES = [
  'src',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/lib/dist.mjs',
];

/** Compiles src/ into dist/ unless it is newer than its sources. */
export async function ensureDist() {
  const dist = join(root, 'dist');
  const stamp = new Stamp('dist', SOURCES);
  if (existsSync(dist) && stamp.isFresh) return;
  say('compiling TypeScript into dist/');
  rmSync(dist, { recursive: true, force: true });
  await runPackage('typescript', ['-p', 'tsconfig.build.json']);
  // The compiler leaves out declarations that were not written by it.
  for (const name of ['binding.d.ts', 'gpu-binding.d.ts']) {
    cpSync(join(root, 'src/native', name), join(dist, 'native', name));
  }
  checkExports();
  stamp.write();
}

/** Every file that package.json exports must have been built. */
function checkExports() {
  const { exports, types } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entry = exports['.'];
  for (const path of [entry.types, entry.default, types]) {
    if (!existsSync(join(root, path))) throw new Failure(`package.json names ${path}, not built`);
  }
}
