import { type Duration, parseDuration } from '../time/duration.ts';
import { describe, requireOptions, requirePositiveInteger } from './arguments.ts';
import type { Metadata } from './metadata.ts';
import type { Emit, Node } from './node.ts';

/** How often and when a failed element is tried again. */
export interface RetryOptions {
  /** How often an element is tried in all, the first time included; 1 or more. */
  readonly attempts: number;
  /** Wait before the second attempt; doubled before each further one. Default: 100 ms. */
  readonly backoff?: Duration;
  /** The longest wait. Default: 30 s. */
  readonly maxBackoff?: Duration;
  /** Part of each wait that is random, 0 to 1, so that retries do not come in step. Default: 0. */
  readonly jitter?: number;
  /** How long what an attempt waits for may take; then it fails with `ERR_TIMEOUT`. Default: no limit. */
  readonly timeout?: Duration;
}

/** An element that failed for good, as it is emitted into a dead-letter stream. */
export interface DeadLetter<T = unknown> {
  readonly element: T;
  readonly error: unknown;
  /** Name of the operator in which it failed, such as `map`. */
  readonly operator: string;
  /** Name of its stream, where it has one. */
  readonly stream: string | undefined;
  /** How often it was tried. */
  readonly attempts: number;
  readonly metadata: Metadata | undefined;
}

/** Where dead letters go: a stream. */
export interface DeadLetterTarget<T = unknown> {
  emit(letter: DeadLetter<T>): unknown;
  readonly node: Node;
}

/** What becomes of an element that has failed for good. */
export type FinalPolicy<T = unknown> =
  | 'fail'
  | 'skip'
  | { readonly deadLetter: DeadLetterTarget<T> };

/**
 * What becomes of an element that fails in a node. `'fail'` (the default of every node): its emitter
 * gets the error. `'skip'`: it is left out. `{ deadLetter: stream }`: it is emitted into a stream, with
 * the error. `{ retry }`: it is tried again, and if that does not help, `then` (default `'fail'`).
 */
export type ErrorPolicy<T = unknown> =
  | FinalPolicy<T>
  | { readonly retry: RetryOptions; readonly then?: FinalPolicy<T> };

/** An {@link ErrorPolicy}, checked; times in milliseconds. */
export interface CheckedPolicy {
  readonly attempts: number;
  readonly backoff: number;
  readonly maxBackoff: number;
  readonly jitter: number;
  readonly timeout: number | undefined;
  readonly final: 'fail' | 'skip' | Emit;
}

/** Checks a policy; undefined for the one that needs no care. */
export function checkPolicy(policy: ErrorPolicy): CheckedPolicy | undefined {
  if (typeof policy === 'object' && policy !== null && 'retry' in policy) {
    requireOptions('onError', policy, ['retry', 'then']);
    return { ...checkRetry(policy.retry), final: checkFinal(policy.then ?? 'fail') };
  }
  const final = checkFinal(policy);
  return final === 'fail' ? undefined : { ...NO_RETRY, final };
}

/** Milliseconds to wait before the attempt after `attempts` that failed. */
export function backoffAfter(
  { backoff, maxBackoff, jitter }: CheckedPolicy,
  attempts: number,
  random: () => number,
): number {
  const wait = Math.min(backoff * 2 ** (attempts - 1), maxBackoff);
  return wait * (1 - jitter * random());
}

const NO_RETRY = { attempts: 1, backoff: 0, maxBackoff: 0, jitter: 0, timeout: undefined };

function checkRetry(retry: RetryOptions): Omit<CheckedPolicy, 'final'> {
  const known = ['attempts', 'backoff', 'maxBackoff', 'jitter', 'timeout'];
  requireOptions('onError', retry, known);
  const { attempts, backoff = 100, maxBackoff = '30s', jitter = 0, timeout } = retry;
  requirePositiveInteger('onError', 'attempts', attempts);
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    throw new RangeError(
      `Cannot create onError: jitter must be from 0 to 1, got ${describe(jitter)}`,
    );
  }
  return {
    attempts,
    backoff: parseDuration(backoff, 'onError'),
    maxBackoff: parseDuration(maxBackoff, 'onError'),
    jitter,
    timeout: timeout === undefined ? undefined : parseDuration(timeout, 'onError'),
  };
}

function checkFinal(policy: FinalPolicy): CheckedPolicy['final'] {
  if (policy === 'fail' || policy === 'skip') return policy;
  const target = Object(policy).deadLetter;
  if (typeof Object(target).emit !== 'function' || typeof Object(target).node !== 'object') {
    throw new TypeError(
      `Cannot create onError: 'fail', 'skip', { retry } or { deadLetter: stream } is wanted, got ${describe(policy)}`,
    );
  }
  return (letter, options) => target.emit(letter, options);
}
