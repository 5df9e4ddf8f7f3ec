import { append } from './append.ts';
import type { InFlight } from './in-flight.ts';

/**
 * What one emission left unfinished: the promises of its sinks and boundaries, and the errors of
 * branches that failed while another branch was still at work. `undefined` stands for "all done",
 * so that an emission that ran synchronously allocates nothing.
 */
export class Pending {
  readonly promises: PromiseLike<unknown>[] = [];
  readonly errors: unknown[] = [];
}

/** The outcome of a delivery: nothing left to wait for, or what is left. */
export type Delivery = Pending | undefined;

/** Aggregates made here are taken apart again when an outer fork collects them. */
const aggregates = new WeakSet<object>();

/** Adds a promise to what an emission waits for. */
export function gather(pending: Delivery, promise: PromiseLike<unknown>): Pending {
  const all = pending ?? new Pending();
  all.promises.push(promise);
  return all;
}

/** Joins what two parts of one emission wait for. */
export function join(left: Delivery, right: Delivery): Delivery {
  if (left === undefined) return right;
  if (right === undefined) return left;
  append(left.promises, right.promises);
  append(left.errors, right.errors);
  return left;
}

/** Whether a callback's result is a promise to wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** Collects an error while the remaining branches or items are still delivered. */
export function collectError(errors: unknown[] | undefined, error: unknown): unknown[] {
  const all = errors ?? [];
  if (error instanceof AggregateError && aggregates.has(error)) append(all, error.errors);
  else all.push(error);
  return all;
}

/**
 * Reports collected errors: thrown when nothing is pending, else kept with what is pending, so
 * that the emission's promise rejects once every branch has settled.
 */
export function raise(errors: unknown[], pending: Delivery): Pending {
  if (pending === undefined) throw combine(errors);
  append(pending.errors, errors);
  return pending;
}

/** Turns what is pending into the promise that `emit` returns, and counts it until it settles. */
export function settle(pending: Pending, inFlight: InFlight): Promise<void> {
  inFlight.begin();
  return settled(pending).then(inFlight.resolved, inFlight.rejected);
}

/** A promise for the time when nothing is pending any more. */
export function settled(pending: Pending): Promise<unknown> {
  const [first] = pending.promises;
  if (first !== undefined && pending.promises.length === 1 && pending.errors.length === 0) {
    return Promise.resolve(first);
  }
  return settleAll(pending);
}

async function settleAll(pending: Pending): Promise<void> {
  const errors = [...pending.errors];
  for (const result of await Promise.allSettled(pending.promises)) {
    if (result.status === 'rejected') collectError(errors, result.reason);
  }
  if (errors.length > 0) throw combine(errors);
}

/** One error as it is, several as an AggregateError. */
export function combine(errors: unknown[]): unknown {
  if (errors.length === 1) return errors[0];
  const error = new AggregateError(errors, `Cannot deliver: ${errors.length} branches failed`);
  aggregates.add(error);
  return error;
}
