import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { type Host, platformName } from '../../src/native/platform.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(root + path, 'utf8'));
const main = read('package.json');

describe.each(readdirSync(`${root}npm`))('npm/%s', (id) => {
  const manifest = read(`npm/${id}/package.json`);

  it('is what the loader looks for on the platform it is for', () => {
    const { os, cpu, libc } = manifest;
    const host: Host = { platform: os[0], arch: cpu[0], ...(libc && { libc: libc[0] }) };
    const platform = platformName(host);
    const isGpu = id.startsWith('gpu-');
    assert.equal(isGpu ? `gpu-${platform}` : platform, id);
    assert.equal(manifest.name, `@millrace/${id}`);
    assert.equal(manifest.main, `millrace${isGpu ? '-gpu' : ''}.${platform}.node`);
    assert.deepEqual(manifest.files, [manifest.main]);
  });

  it('goes with the main package', () => {
    for (const field of ['version', 'license', 'engines']) {
      assert.deepEqual(manifest[field], main[field]);
    }
  });
});

describe('the crates', () => {
  it('have the version of the package', () => {
    const version = /^version = "(.*)"$/m.exec(readFileSync(`${root}Cargo.toml`, 'utf8'))?.[1];
    assert.equal(version, main.version);
  });
});
