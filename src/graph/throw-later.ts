/** Makes an error an uncaught exception of the process: there is nobody else to tell. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
