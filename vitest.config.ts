import { defineConfig } from 'vitest/config';

// A test that hangs has to fail, and one on a busy machine has not.
export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    globalSetup: ['test/servers/server-pool.ts'],
  },
});
