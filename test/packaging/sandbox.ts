import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The tarballs of the main package and of the platform packages by name. */
export interface Tarballs {
  readonly main: string;
  readonly platforms: Readonly<Record<string, string>>;
}

/** The result of a program: what it wrote and how it ended. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** Temporary folders in which tarballs are installed and used as on a machine without Rust. */
export class Sandbox {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-packaging-'));
  readonly #bin = pathWithNodeAlone(this.#folder);

  /** Packs the built checkout as `node scripts/pack.mjs` does. */
  pack(): Tarballs {
    const script = join(root, 'scripts/pack.mjs');
    const args = [script, '--out', join(this.#folder, 'tarballs')];
    return JSON.parse(succeeded(this.#run(args, this.#folder, process.env)).stdout);
  }

  /** Installs tarballs into an empty project and returns its folder. */
  install(name: string, tarballs: readonly string[], ...flags: readonly string[]): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "type": "module" }\n');
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...flags];
    succeeded(this.#run([npm(), ...install, ...tarballs], folder));
    return folder;
  }

  /** Runs a module's text in a project; TypeScript goes through the checkout's tsx. */
  runModule(folder: string, code: string, language = 'js'): Result {
    const isTypeScript = language.startsWith('t');
    const file = join(folder, `example.${isTypeScript ? 'ts' : 'js'}`);
    writeFileSync(file, code);
    const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;
    return this.#run([...(isTypeScript ? ['--import', loader] : []), file], folder);
  }

  /** Type-checks a module's text in a project as a strict user would. */
  typeCheck(folder: string, code: string): Result {
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    };
    writeFileSync(join(folder, 'types.ts'), code);
    const config = { compilerOptions, files: ['types.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    return this.#run([compiler, '-p', '.', '--pretty', 'false'], folder);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(args: readonly string[], cwd: string, env = this.#bareEnvironment()): Result {
    const { stdout, stderr, status, error } = spawnSync(process.execPath, args, {
      cwd,
      env,
      encoding: 'utf8',
    });
    if (error !== undefined) throw error;
    return { stdout, stderr, status };
  }

  #bareEnvironment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|PATH$)/i.test(name));
    return { ...Object.fromEntries(inherited), PATH: this.#bin };
  }
}

// Neither cargo, rustc nor a compiler can be found on it. Windows has Node in a folder of its own,
// and links there only for administrators.
function pathWithNodeAlone(parent: string): string {
  if (process.platform === 'win32') return dirname(process.execPath);
  const folder = join(parent, 'bin');
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, basename(process.execPath)));
  return folder;
}

/** Throws with everything the program wrote unless it ended well. */
export function succeeded(result: Result): Result {
  if (result.status === 0) return result;
  throw new Error(`ended with ${result.status}:\n${result.stdout}${result.stderr}`);
}

// The npm that runs the tests, else the one that came with this Node.
function npm(): string {
  const running = process.env.npm_execpath;
  if (running?.endsWith('npm-cli.js')) return running;
  const modules = process.platform === 'win32' ? 'node_modules' : '../lib/node_modules';
  return join(dirname(process.execPath), modules, 'npm/bin/npm-cli.js');
}
