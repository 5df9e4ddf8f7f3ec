import { settled } from './delivery.ts';
import { abandon, release, type Tag } from './metadata.ts';
import type { Node } from './node.ts';
import { reportUncaught } from './uncaught.ts';

/**
 * Does with an element that a node had accepted, and that has failed for good, as the node's policy
 * says: by default reports it. Lets its metadata go. Returns a promise where there is something to
 * wait for, which never rejects.
 */
export function disposeHeld(
  node: Node,
  error: unknown,
  value: unknown,
  tag: Tag,
): Promise<void> | undefined {
  const fail = (reason: unknown): undefined => {
    abandon([tag], reason);
    reportUncaught(node, reason, value);
  };
  const { guard } = node;
  if (guard === undefined) return fail(error);
  try {
    const left = guard.dispose(error, value, tag);
    if (left === undefined) release(tag);
    else return settled(left).then(() => release(tag), fail);
  } catch (reason) {
    return fail(reason);
  }
  return undefined;
}
