// Decides whether something built is older than what it was built from, by content: a fresh clone,
// a checkout of another branch and a restored cache all have modification times that say nothing.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './process.mjs';

const SKIPPED = new Set(['node_modules', 'target', '.git']);

function* filesUnder(path) {
  const full = join(root, path);
  if (!existsSync(full)) return;
  if (!statSync(full).isDirectory()) return yield path;
  for (const name of readdirSync(full).sort()) {
    if (!SKIPPED.has(name)) yield* filesUnder(`${path}/${name}`);
  }
}

/** A hash of the names and contents of all files in these files and folders of the checkout. */
export function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesUnder(path)) {
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(root, file)))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

/** A hash written when a thing was built, compared before it is built again. */
export class Stamp {
  #file;
  #hash;

  constructor(name, sources) {
    this.#file = join(root, '.cache', `${name}.hash`);
    this.#hash = hashOf(sources);
  }

  /** Whether the thing was last built from the sources as they are. */
  get isFresh() {
    return existsSync(this.#file) && readFileSync(this.#file, 'utf8') === this.#hash;
  }

  /** Records that the thing is now built from the sources as they were at construction. */
  write() {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, this.#hash);
  }
}
