import { isThenable } from './delivery.ts';
import type { Node } from './node.ts';
import { throwLater } from './throw-later.ts';

/** Where an error came from that no emitter can be told of. */
export interface Failure {
  /** The element that was being delivered or worked on. */
  readonly element: unknown;
  /** Name of the operator that held it, such as `buffer`. */
  readonly operator: string;
  /** Name of its stream, where it was given one. */
  readonly stream: string | undefined;
}

/**
 * Is told of the errors of elements that were accepted by a queue, a timer or an asynchronous call:
 * their emitter has gone on. What it throws, or the promise that it returns rejects with, is thrown
 * as an uncaught exception.
 */
export type ErrorHandler = (error: unknown, failure: Failure) => unknown;

/**
 * Reports an error that has no emitter to go to: to the graph's `onError`, or, so that nothing is
 * silent, as an uncaught exception of the process. The element has failed; its node goes on.
 */
export function reportUncaught(node: Node, error: unknown, element: unknown): void {
  const { onError } = node.environment;
  if (onError === undefined) {
    throwLater(error);
    return;
  }
  try {
    const stream = node.name;
    const handled = onError(error, { element, operator: node.operator.name, stream });
    if (isThenable(handled)) Promise.resolve(handled).then(undefined, throwLater);
  } catch (thrown) {
    throwLater(thrown);
  }
}
