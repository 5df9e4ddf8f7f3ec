// npm test: everything that continuous integration checks, in one command.
// npm test -- --only vitest,cargo-test runs some steps; --list names them. --servers installs the
// servers that the connectors are tested against and a GPU in software, which is otherwise done in CI
// only.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { ensureAddon, ensureGpuAddon, requireRust, staleTypes } from './lib/addon.mjs';
import { ensureBrowser } from './lib/browser.mjs';
import { ensureDist } from './lib/dist.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { Failure, main, root, run, runPackage } from './lib/process.mjs';
import { ensureDriver, ensureServers } from './lib/servers.mjs';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    servers: { type: 'boolean' },
  },
});

const counts = { passed: 0, failed: 0, skipped: 0 };

// Said again after everything else: of a long log often only the end is kept.
const failures = [];

const steps = {
  packages: () => ensurePackages(),
  dist: ensureDist,
  biome: () => runPackage('@biomejs/biome', ['ci', '--error-on-warnings', '.']),
  types: async () => {
    await ensurePackages('bench');
    await runPackage('typescript', ['-p', '.', '--noEmit']);
  },
  rustfmt: () => run('cargo', ['fmt', '--all', '--check']),
  addon: ensureAddon,
  gpu: ensureGpuAddon,
  binding: checkBinding,
  clippy: () => run('cargo', ['clippy', ...WORKSPACE, '--all-targets', '--', '-D', 'warnings']),
  driver: () => ensureDriver({ asked: flags.servers }),
  'cargo-test': cargoTest,
  browser: ensureBrowser,
  servers: () => ensureServers({ asked: flags.servers }),
  vitest: () => vitest('vitest', ['--exclude', 'test/packaging/**']),
  bench: async () => {
    await ensurePackages('bench');
    await run(process.execPath, ['--import', 'tsx', 'bench/run.ts', '--test']);
  },
  packaging: () => vitest('packaging', ['--dir', 'test/packaging']),
};

// Said before the first step, not after minutes of others.
const OF_RUST = new Set(['rustfmt', 'addon', 'gpu', 'clippy', 'cargo-test']);

// The lock file is not to change under a test.
const WORKSPACE = ['--locked', '--workspace'];

// Every interleaving of the ring's two ends. Compiled by itself, beside the other builds: the flag is
// one of all crates, and would have them compiled anew each time.
const LOOM = ['-p', 'millrace-ring', '--test', 'loom'];

function loomBuild() {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  return { RUSTFLAGS: '--cfg loom', CARGO_TARGET_DIR: join(target, 'loom') };
}

function checkBinding() {
  const stale = staleTypes();
  if (stale.length === 0) return;
  throw new Failure(
    `${stale.join(' and ')} is not what the addon generates; run npm run build -- --gpu and commit it`,
  );
}

async function cargoTest() {
  const count = (output) => {
    for (const [, passed, failed, ignored] of output.matchAll(
      /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm,
    )) {
      add(Number(passed), Number(failed), Number(ignored));
    }
    for (const [, name] of output.matchAll(/^test (.+) \.\.\. FAILED$/gm)) failures.push(name);
  };
  try {
    count(await run('cargo', ['test', ...WORKSPACE, '--no-fail-fast'], { capture: true }));
    count(await run('cargo', ['test', '--locked', ...LOOM], { capture: true, env: loomBuild() }));
  } catch (error) {
    count(error.output ?? '');
    throw error;
  }
}

async function vitest(name, args) {
  const report = join(root, '.cache', `${name}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    await runPackage('vitest', ['run', ...args, ...reporters]);
  } finally {
    if (existsSync(report)) {
      const results = JSON.parse(readFileSync(report, 'utf8'));
      add(results.numPassedTests, results.numFailedTests, results.numPendingTests);
      for (const file of results.testResults) failures.push(...failuresOf(file));
    }
  }
}

// Of one file: a line with its name and one with the reason for each test that failed, and for the file
// itself where no test of it could run.
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0 && status === 'failed') return [`${file}\n    ${firstLine(message)}`];
  return failed.map(
    ({ fullName, failureMessages }) =>
      `${file}: ${fullName}\n    ${firstLine(failureMessages.join(' '))}`,
  );
}

function firstLine(text) {
  return stripVTControlCharacters(text).trim().split('\n', 1)[0].slice(0, 300);
}

function add(passed, failed, skipped) {
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
}

function chosenSteps() {
  if (flags.list) return [];
  if (flags.only === undefined) return Object.keys(steps);
  const wanted = flags.only.split(',');
  const unknown = wanted.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    const known = Object.keys(steps).join(', ');
    throw new Failure(`there is no step ${unknown.join(', ')}; the steps are ${known}`);
  }
  return Object.keys(steps).filter((name) => wanted.includes(name));
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

await main(async () => {
  const chosen = chosenSteps();
  if (chosen.length === 0) return console.log(Object.keys(steps).join('\n'));
  if (chosen.some((name) => OF_RUST.has(name))) requireRust('run the tests');
  const start = performance.now();
  const summary = [];
  let failure;
  for (const name of chosen) {
    console.log(`\n== ${name}`);
    const stepStart = performance.now();
    try {
      await steps[name]();
    } catch (error) {
      failure = error;
    }
    summary.push(`${failure ? 'FAILED' : 'ok    '}  ${name.padEnd(12)} ${seconds(stepStart)}`);
    if (failure) break;
  }
  const left = chosen.slice(summary.length);
  console.log(`\n${summary.join('\n')}`);
  if (left.length > 0) console.log(`not run: ${left.join(', ')}`);
  console.log(`${failure ? 'failed' : 'all ok'} after ${seconds(start)}`);
  if (failure) {
    process.exitCode = 1;
    console.log(failure instanceof Failure ? `millrace: ${failure.message}` : failure);
    // A step that failed without a test of its own counts as one failed test.
    counts.failed ||= 1;
  }
  if (failures.length > 0) console.log(`\nfailed tests:\n${failures.join('\n')}`);
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
});
