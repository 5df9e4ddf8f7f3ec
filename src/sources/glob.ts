import { type Dirent, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import { describe } from '../graph/arguments.ts';

const MAGIC = /[*?[{]/;

/** A pattern for paths, taken apart. */
export interface Glob {
  /** The folder in which to look. */
  readonly base: string;
  /** What has to match, name by name below `base`; `**` stands for any number of folders. */
  readonly names: readonly (RegExp | '**')[];
}

/**
 * Takes a pattern apart: `*` and `?` stand for any characters and for one, `[a-z]` for one of several,
 * `{a,b}` for one of several texts, `**` as a name for any number of folders. As in a shell, names that
 * begin with a dot match only where the pattern has the dot. Without any of these it is a folder, and
 * all files in it match.
 */
export function parseGlob(pattern: string): Glob {
  const { root } = parse(pattern);
  const parts = pattern.slice(root.length).split(sep === '\\' ? /[\\/]/ : '/');
  const magic = parts.findIndex((part) => MAGIC.test(part));
  if (magic === -1) return { base: pattern, names: [nameMatcher('*')] };
  return {
    base: join(root, ...parts.slice(0, magic)) || '.',
    names: parts.slice(magic).map((part) => (part === '**' ? part : nameMatcher(part))),
  };
}

/** The paths of the files that match, sorted; a folder that is not there has none. */
export async function findFiles({ base, names }: Glob): Promise<string[]> {
  const found = new Set<string>();
  const search = find(base, names, found);
  for (let step = search.next(); !step.done; ) step = search.next(await list(step.value));
  return [...found].sort();
}

/** The same, at once. */
export function findFilesSync({ base, names }: Glob): string[] {
  const found = new Set<string>();
  const search = find(base, names, found);
  for (let step = search.next(); !step.done; ) step = search.next(listSync(step.value));
  return [...found].sort();
}

/** Whether a path has characters of a pattern. */
export function isPattern(path: string): boolean {
  return MAGIC.test(path);
}

/** Yields folders, and takes what is in them. */
function* find(
  folder: string,
  names: readonly (RegExp | '**')[],
  found: Set<string>,
): Generator<string, void, readonly Dirent[]> {
  const [name, ...rest] = names;
  if (name === undefined) return;
  if (name === '**' && rest.length > 0) yield* find(folder, rest, found);
  for (const entry of yield folder) {
    const path = join(folder, entry.name);
    if (name === '**') {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) yield* find(path, names, found);
      else if (rest.length === 0) found.add(path);
    } else if (name.test(entry.name)) {
      if (rest.length > 0) {
        if (!entry.isFile()) yield* find(path, rest, found);
      } else if (!entry.isDirectory()) {
        found.add(path);
      }
    }
  }
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return nothingThere(error);
  }
}

function listSync(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return nothingThere(error);
  }
}

function nothingThere(error: unknown): never[] {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return [];
  throw error;
}

function nameMatcher(pattern: string): RegExp {
  const hidden = pattern.startsWith('.') ? '' : '(?!\\.)';
  try {
    return new RegExp(`^${hidden}(?:${expression(pattern)})$`, 's');
  } catch (cause) {
    throw new RangeError(
      `Cannot create filenames: ${describe(pattern)} is no pattern, braces or brackets are not in order`,
      { cause },
    );
  }
}

function expression(pattern: string): string {
  let depth = 0;
  return pattern.replace(/\[!?\]?[^\]]+\]|[*?{},]|[\\^$.|+()[\]]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part === ',' && depth > 0) return '|';
    if (part === '{') {
      depth++;
      return '(?:';
    }
    if (part === '}' && depth > 0) {
      depth--;
      return ')';
    }
    if (part.length === 1) return `\\${part}`;
    const set = part.slice(1, -1).replace(/[\\\]^]/g, '\\$&');
    return set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
  });
}
