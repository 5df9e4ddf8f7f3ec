import { release as letGo, type Tag } from './metadata.ts';
import type { Node } from './node.ts';
import { reportUncaught } from './uncaught.ts';

/**
 * Emits an element that a node held, for a change of the graph: whoever emitted it has gone on, and
 * who changes the graph is not to be told of its errors. Then lets go of the metadata to `release`.
 */
export function emitWaiting(node: Node, value: unknown, tag: Tag, release: Tag): void {
  try {
    const accepted = node.emit(value, { metadata: tag });
    accepted?.catch((error) => reportUncaught(node, error, value));
  } catch (error) {
    reportUncaught(node, error, value);
  } finally {
    letGo(release);
  }
}
