import { describe, expect, it } from 'vitest';
import { importPeer } from '../../src/connect/import-peer.ts';

describe('importPeer()', () => {
  it('says what to install when the package is missing', async () => {
    const missing = importPeer(
      () => import('millrace-no-such-package' as string),
      'nothing',
      'fly',
    );
    await expect(missing).rejects.toMatchObject({
      code: 'ERR_MISSING_PEER',
      message: 'Cannot fly: the package nothing is not installed, run npm install nothing',
    });
  });

  it('passes on what a package that is there throws', async () => {
    const broken = importPeer(() => Promise.reject(new Error('inside')), 'x', 'fly');
    await expect(broken).rejects.toThrow('inside');
  });
});
