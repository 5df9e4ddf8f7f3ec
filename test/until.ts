import { vi } from 'vitest';

// Sockets, files and processes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Waits, a turn of the event loop at a time, until something outside of this process has happened. */
export async function until(holds: () => boolean, milliseconds = 50_000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Cannot wait any longer for ${holds}`);
    await new Promise(setImmediate);
  }
}
