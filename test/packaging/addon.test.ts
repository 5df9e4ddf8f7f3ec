import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { currentHost, platformName } from '../../src/native/platform.ts';
import { readNeeds } from './elf.ts';

const platform = platformName(currentHost());
const path = (file: string) => fileURLToPath(new URL(`../../npm/${file}.node`, import.meta.url));

describe.each([
  path(`${platform}/millrace.${platform}`),
  path(`gpu-${platform}/millrace-gpu.${platform}`),
])('the built addon %s', (binary) => {
  it('is stripped and smaller than 12 MB', () => {
    const { size } = statSync(binary);
    assert.ok(size < 12e6, `${binary} has ${size} bytes, wanted fewer than 12,000,000`);
  });

  it('loads', () => {
    assert.equal(typeof createRequire(import.meta.url)(binary), 'object');
  });

  it.runIf(process.platform === 'linux')('stays in memory when it is closed', () => {
    assert.ok(platform.endsWith('musl') || readNeeds(readFileSync(binary)).nodelete);
  });

  it.runIf(platform === 'linux-x64-gnu')('runs with glibc 2.17', () => {
    const { versions } = readNeeds(readFileSync(binary));
    const minors = [...versions.values()]
      .flat()
      .flatMap((name) => /^GLIBC_2\.(\d+)/.exec(name)?.[1] ?? [])
      .map(Number);
    assert.ok(minors.length > 0, 'wanted requirements of glibc, found none');
    assert.ok(Math.max(...minors) <= 17, `wants GLIBC_2.${Math.max(...minors)}`);
  });
});
