import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../errors.ts';

/** What a plugin's main module exports under `millracePlugin`, where importing it is not enough. */
export interface Plugin {
  /** Called once, with the plugin's package name: the place for `Stream.registerApi`. */
  register(name: string): void | Promise<void>;
}

/** Options of {@link loadPlugins}. */
export interface PluginOptions {
  /** Folder whose package.json names the plugins. Default: the current working directory. */
  readonly from?: string;
}

const PLUGIN_NAME = /^(@[^/]+\/)?millrace-plugin-/;

interface Manifest {
  readonly main?: string;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Imports every plugin that a package.json names among its (optional) dependencies: packages called
 * `millrace-plugin-…`, with or without a scope. A plugin calls `Stream.registerApi` when imported, or
 * in the `register` of what it exports as `millracePlugin`. Those that are named and not installed
 * are passed over if optional.
 *
 * Resolves with the names of the packages loaded, in the order of the package.json. Rejects with a
 * MillraceError, code `ERR_PLUGIN`, that names the plugin which could not be loaded and has the
 * reason as its cause.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { loadPlugins } from 'millrace';
 *
 * assert.deepEqual(await loadPlugins(), []); // no plugins installed here
 * ```
 */
export async function loadPlugins(options: PluginOptions = {}): Promise<string[]> {
  const folder = resolve(options.from ?? process.cwd());
  const manifest = await readManifest(join(folder, 'package.json'));
  const { dependencies = {}, optionalDependencies = {} } = manifest ?? {};
  const names = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
  const loaded: string[] = [];
  for (const name of new Set(names.filter((each) => PLUGIN_NAME.test(each)))) {
    const main = await findMain(folder, name);
    if (main === undefined && name in optionalDependencies) continue;
    await load(name, main);
    loaded.push(name);
  }
  return loaded;
}

async function load(name: string, main: string | undefined): Promise<void> {
  if (main === undefined) {
    throw new MillraceError(
      'ERR_PLUGIN',
      `Cannot load the plugin ${name}: it is not installed, run npm install ${name}`,
    );
  }
  try {
    const module = (await import(pathToFileURL(main).href)) as { millracePlugin?: Plugin };
    await module.millracePlugin?.register(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError('ERR_PLUGIN', `Cannot load the plugin ${name}: ${reason}`, {
      cause: error,
    });
  }
}

/** The plugin's main module; Node resolves relative to this file, not to the user's folder. */
async function findMain(folder: string, name: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const root = join(at, 'node_modules', name);
    const manifest = await readManifest(join(root, 'package.json'));
    if (manifest !== undefined) {
      return join(root, exported(manifest.exports) ?? manifest.main ?? 'index.js');
    }
    if (dirname(at) === at) return undefined;
  }
}

/** The path under which `exports` gives the package's root to an import. */
function exported(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null) return undefined;
  const conditions = entry as Readonly<Record<string, unknown>>;
  for (const key of ['.', 'import', 'node', 'default']) {
    const path = exported(conditions[key]);
    if (path !== undefined) return path;
  }
  return undefined;
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
