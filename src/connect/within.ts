import type { Clock, TimerHandle } from '../time/clock.ts';

/**
 * What a promise settles with, or an error where that takes longer.
 *
 * @param limit milliseconds
 * @param what did not come, for the error
 */
export async function within<T>(
  clock: Clock,
  limit: number,
  promise: PromiseLike<T>,
  what: string,
): Promise<T> {
  let timer: TimerHandle | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(
      () => reject(new Error(`${what} did not come within ${limit} ms`)),
      limit,
    );
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    if (timer !== undefined) clock.clearTimeout(timer);
  }
}
