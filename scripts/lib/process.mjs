// Running other programs: one place that knows how each tool is started on every platform.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** An expected failure: its message is for the person at the terminal, without a stack. */
export class Failure extends Error {}

/**
 * Prints what is about to happen, so that a long first run never looks stuck; beside the output of
 * the command itself, which may go into a file.
 */
export function say(message) {
  console.error(`millrace: ${message}`);
}

/**
 * Runs a program to its end and rejects with a Failure unless it exits with 0. `capture` returns
 * what it wrote to stdout and stderr as well as showing it; `quiet` captures without showing.
 */
export function run(command, args, { cwd = root, env = {}, capture = false, quiet = false } = {}) {
  const piped = capture || quiet;
  return new Promise((resolve, reject) => {
    // A terminal interrupts both: the child may have a screen to put in order, so it ends first.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: piped ? ['inherit', 'pipe', 'pipe'] : 'inherit',
    });
    let output = '';
    const collect = (shown) => (chunk) => {
      output += chunk;
      if (!quiet) shown.write(chunk);
    };
    child.stdout?.setEncoding('utf8').on('data', collect(process.stdout));
    child.stderr?.setEncoding('utf8').on('data', collect(process.stderr));
    child.on('error', (error) => reject(new Failure(`cannot run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore);
      if (code === 0) return resolve(output);
      const failure = new Failure(`${[command, ...args].join(' ')} ended with ${signal ?? code}`);
      failure.output = output;
      reject(failure);
    });
  });
}

/** Runs the command line of an installed package under this very Node. */
export function runPackage(name, args, { from = root, ...options } = {}) {
  const folder = join(from, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const script = typeof bin === 'string' ? bin : (bin[name] ?? Object.values(bin)[0]);
  return run(process.execPath, [join(folder, script), ...args], options);
}

/** Runs npm: the one that started this script where there is one. */
export function runNpm(args, options = {}) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js')) return run(process.execPath, [script, ...args], options);
  return process.platform === 'win32'
    ? run('cmd.exe', ['/d', '/s', '/c', 'npm', ...args], options)
    : run('npm', args, options);
}

/** Whether a program is on the PATH. */
export function isOnPath(program) {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => names.some((name) => existsSync(join(folder, name))));
}

/** Runs a script's main function; a Failure becomes one line and exit code 1. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`millrace: ${error.message}`);
    process.exitCode = 1;
  }
}
