/** Longer than this no timer waits. */
const LONGEST = 2 ** 31 - 1;

/** What has work under way: kept, and with it the process, until that is done. */
const busy = new Set<object>();

// As they are when this is loaded: tests put others in their place, which keep no process alive.
const start = setInterval;
let timer: NodeJS.Timeout | undefined;

/** Keeps `worker`, and the process, alive. */
export function beBusy(worker: object): void {
  if (busy.size === 0) {
    timer ??= start(() => {}, LONGEST);
    timer.ref();
  }
  busy.add(worker);
}

/** No longer keeps `worker` alive. */
export function beIdle(worker: object): void {
  if (busy.delete(worker) && busy.size === 0) timer?.unref();
}
