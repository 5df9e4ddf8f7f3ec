import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { MillraceError } from '../../src/errors.ts';
import { loadBinding } from '../../src/native/load.ts';
import { currentHost, platformName } from '../../src/native/platform.ts';

const missing = (id: string) =>
  Object.assign(new Error(`Cannot find module '${id}'\nRequire stack:\n- here`), {
    code: 'MODULE_NOT_FOUND',
  });

function loadFrom(modules: Record<string, unknown>, override?: string) {
  const asked: string[] = [];
  const require = (id: string) => {
    asked.push(id);
    const found = Object.entries(modules).find(([name]) => id.endsWith(name))?.[1];
    if (found === undefined) throw missing(id);
    if (found instanceof Error) throw found;
    return found;
  };
  return { asked, load: () => loadBinding({ platform: 'linux-x64-musl', override, require }) };
}

describe('loadBinding()', () => {
  it('takes the platform package first', () => {
    const binding = {};
    const { asked, load } = loadFrom({ '@millrace/linux-x64-musl': binding });
    assert.equal(load(), binding);
    assert.deepEqual(asked, ['@millrace/linux-x64-musl']);
  });

  it('takes the binary of the checkout where there is no platform package', () => {
    const binding = {};
    const { asked, load } = loadFrom({
      'npm/linux-x64-musl/millrace.linux-x64-musl.node': binding,
    });
    assert.equal(load(), binding);
    assert.equal(asked.length, 2);
  });

  it('takes the override and nothing else where one is given', () => {
    const binding = {};
    const { asked, load } = loadFrom({ '/opt/own.node': binding }, '/opt/own.node');
    assert.equal(load(), binding);
    assert.deepEqual(asked, ['/opt/own.node']);
    assert.throws(loadFrom({ '@millrace/linux-x64-musl': {} }, '/opt/other.node').load, {
      code: 'ERR_NO_BINARY',
      message: /MILLRACE_BINARY.*\n.*\/opt\/other\.node: Cannot find module/,
    });
  });

  it('names the platform, what was tried and the remedy', () => {
    assert.throws(loadFrom({}).load, (error: unknown) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'ERR_NO_BINARY');
      assert.match(error.message, /wanted a binary for linux-x64-musl/);
      assert.match(error.message, /npm install @millrace\/linux-x64-musl/);
      assert.match(error.message, /npm run build/);
      assert.equal(error.message.split('\n').length, 3);
      return true;
    });
  });

  it('gives as cause what is wrong with a binary that is there', () => {
    const broken = new Error('wrong ELF class');
    assert.throws(loadFrom({ 'linux-x64-musl.node': broken }).load, { cause: broken });
  });
});

describe('platformName()', () => {
  it.each([
    [{ platform: 'linux', arch: 'x64', libc: 'glibc' } as const, 'linux-x64-gnu'],
    [{ platform: 'linux', arch: 'arm64', libc: 'musl' } as const, 'linux-arm64-musl'],
    [{ platform: 'darwin', arch: 'arm64' }, 'darwin-arm64'],
    [{ platform: 'win32', arch: 'x64' }, 'win32-x64-msvc'],
    [{ platform: 'freebsd', arch: 'x64' }, 'freebsd-x64'],
  ])('of %o is %s', (host, name) => assert.equal(platformName(host), name));
});

describe.runIf(process.platform === 'linux')('currentHost() on Linux', () => {
  it('tells the C library as the diagnostic report does', () => {
    const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
    const libc = header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
    assert.deepEqual(currentHost(), { platform: 'linux', arch: process.arch, libc });
  });
});
