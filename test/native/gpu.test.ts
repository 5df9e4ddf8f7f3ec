import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, it } from 'vitest';
import { loadGpuBinding } from '../../src/native/gpu.ts';
import { adapter, status } from '../device/adapter.ts';

const missing = (id: string) => {
  throw Object.assign(new Error(`Cannot find module '${id}'`), { code: 'MODULE_NOT_FOUND' });
};

describe('loadGpuBinding()', () => {
  it('says which package is not installed', () => {
    assert.throws(
      () => loadGpuBinding({ platform: 'linux-x64-gnu', override: '', require: missing }),
      {
        code: 'ERR_NO_GPU',
        message:
          'There is no GPU here, because the package @millrace/gpu-linux-x64-gnu is not installed: npm install @millrace/gpu-linux-x64-gnu',
      },
    );
  });

  it('says what is wrong with an addon that is there', () => {
    const require = () => {
      throw new Error('invalid ELF header\nand more');
    };
    assert.throws(() => loadGpuBinding({ require }), {
      code: 'ERR_NO_GPU',
      message: 'There is no GPU here, because its addon cannot be loaded: invalid ELF header',
    });
  });

  it('takes the addon that is asked for', () => {
    const found = loadGpuBinding({ override: '/some/where.node', require: (id) => ({ id }) });
    assert.deepEqual(found, { id: '/some/where.node' });
  });
});

describe.runIf(status.available)('an open device', () => {
  it('does not keep the process alive', () => {
    const index = pathToFileURL(fileURLToPath(new URL('../../src/index.ts', import.meta.url))).href;
    const code = `
      import { kernels } from ${JSON.stringify(index)};
      const run = kernels({ device: 'gpu', adapter: ${JSON.stringify(adapter)} }).cumsum().start();
      console.log(run.push(Float32Array.of(1, 2))[1]);
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', code];
    const {
      stdout,
      status: code_,
      signal,
    } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.deepEqual({ stdout, code: code_, signal }, { stdout: '3\n', code: 0, signal: null });
  }, 150_000);
});
