/**
 * Waits until something has happened: for some turns of the event loop, then a little longer each time,
 * as whoever is waited for may want the processor.
 */
export async function until(holds: () => boolean, milliseconds = 120_000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (let turn = 0; !holds(); turn++) {
    if (performance.now() > deadline) throw new Error(`Cannot wait any longer for ${holds}`);
    if (turn < 100) await new Promise(setImmediate);
    else await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets what is under way between sockets of this process arrive: each turn looks at all of them. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
}
