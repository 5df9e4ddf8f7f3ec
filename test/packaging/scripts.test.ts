import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { currentHost, platformName } from '../../src/native/platform.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const platform = platformName(currentHost());

// A checkout with the scripts and nothing to build, on a machine whose PATH is empty.
let checkout: string;

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'millrace-scripts-'));
  cpSync(join(root, 'npm'), join(checkout, 'npm'), {
    recursive: true,
    filter: (source) => !source.endsWith('.node'),
  });
  cpSync(join(root, 'scripts'), join(checkout, 'scripts'), {
    recursive: true,
    filter: (source) => !source.includes('node_modules'),
  });
  mkdirSync(join(checkout, 'node_modules'));
  mkdirSync(join(checkout, 'crates'));
  writeFileSync(join(checkout, 'crates/lib.rs'), '');
  writeFileSync(join(checkout, 'package.json'), '{ "name": "millrace" }');
  writeFileSync(join(checkout, 'package-lock.json'), '{ "packages": {} }');
});

afterAll(() => rmSync(checkout, { recursive: true }));

function script(name: string, ...args: readonly string[]) {
  const options = { cwd: checkout, env: { PATH: '' }, encoding: 'utf8' } as const;
  return spawnSync(process.execPath, [join(checkout, 'scripts', name), ...args], options);
}

describe('scripts/test.mjs', () => {
  it('lists its steps and refuses others', () => {
    assert.match(script('test.mjs', '--list').stdout, /^packages\n(.*\n)+packaging\n$/);
    const { status, stderr } = script('test.mjs', '--only', 'vitest,lints');
    assert.equal(status, 1);
    assert.match(stderr, /there is no step lints; the steps are packages, .*packaging\n$/);
  });

  it('stops at the first failure and closes with a line that counts', () => {
    const { status, stdout } = script('test.mjs', '--only', 'packages,dist,vitest');
    assert.equal(status, 1);
    assert.match(stdout, /ok +packages .*\nFAILED +dist .*\nnot run: vitest\nfailed after .*\n/);
    assert.match(stdout, /\n0 passed, 1 failed\n$/);
  });

  it('closes with what passed where nothing failed', () => {
    const { status, stdout } = script('test.mjs', '--only', 'packages');
    assert.equal(status, 0);
    assert.match(stdout, /\n0 passed, 0 failed\n$/);
  });
});

describe('ensureAddon()', () => {
  const evaluate = (code: string) => {
    const module = JSON.stringify(pathToFileURL(join(checkout, 'scripts/lib/addon.mjs')).href);
    const text = `import { addonStamp, ensureAddon } from ${module}; ${code}`;
    const args = ['--input-type=module', '-e', text];
    return spawnSync(process.execPath, args, { env: { PATH: '' }, encoding: 'utf8' }).stdout;
  };
  const ensure = () =>
    evaluate('console.log(await ensureAddon().then(({ id }) => id, ({ message }) => message))');

  it('says what to install where Rust is missing', () => {
    assert.match(ensure(), /cargo and rustc are not on the PATH; install Rust 1\.\d+ .*rustup/);
  });

  it('needs no Rust where the binary is as new as its sources', () => {
    writeFileSync(join(checkout, `npm/${platform}/millrace.${platform}.node`), '');
    evaluate(`addonStamp({ id: '${platform}' }).write()`);
    assert.equal(ensure(), `${platform}\n`);
    writeFileSync(join(checkout, 'crates/lib.rs'), '// changed');
    assert.match(ensure(), /cargo and rustc are not on the PATH/);
  });
});
