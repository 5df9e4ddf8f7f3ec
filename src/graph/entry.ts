import { describe, isIterable, requireStep } from './arguments.ts';
import { type Delivery, gather, settle, settled } from './delivery.ts';
import {
  Acknowledgement,
  failMetadata,
  release as letGo,
  type Metadata,
  retain,
  type Tag,
} from './metadata.ts';
import type { EmitOptions, Node } from './node.ts';
import type { Receive } from './operator.ts';

/** Sends a value out and lets held metadata go once that has settled, negatively if it failed. */
export function sendHeld(output: Receive, value: unknown, tag: Tag, release: Tag): Delivery {
  if (release === undefined) return output(value, tag);
  let pending: Delivery;
  try {
    pending = output(value, tag);
  } catch (error) {
    failMetadata(release, error);
    letGo(release);
    throw error;
  }
  if (pending === undefined) {
    letGo(release);
    return undefined;
  }
  return gather(undefined, releaseAfter(settled(pending), release));
}

async function releaseAfter(work: Promise<unknown>, tag: Tag): Promise<void> {
  try {
    await work;
  } catch (error) {
    failMetadata(tag, error);
    throw error;
  } finally {
    letGo(tag);
  }
}

/** Whether an emission carries anything beside its value. */
export function carriesMetadata(options: EmitOptions | undefined): boolean {
  return options?.metadata !== undefined || options?.acknowledge !== undefined;
}

/** An emission with metadata: held from here on until every branch has settled. */
export function emitTracked(
  node: Node,
  output: Receive,
  value: unknown,
  options: EmitOptions | undefined,
): Promise<void> | undefined {
  const tag = metadataOf(node, value, options);
  retain(tag);
  const pending = sendHeld(output, value, tag, tag);
  return pending === undefined ? undefined : settle(pending, node.inFlight);
}

function metadataOf(
  node: Node,
  value: unknown,
  options: EmitOptions | undefined,
): Metadata | undefined {
  if (options?.acknowledge === undefined) return options?.metadata;
  const ref = new Acknowledgement(options.acknowledge, node, value);
  return options.metadata === undefined ? [{ ref }] : [...options.metadata, { ref }];
}

/** Emits an array's elements from `index` on, one `emit` each, waiting where one has to wait. */
export function emitArray(
  node: Node,
  values: ArrayLike<unknown>,
  index: number,
): Promise<void> | undefined {
  for (let i = index; i < values.length; i++) {
    const accepted = node.emit(values[i]);
    if (accepted !== undefined) return emitArrayAfter(accepted, node, values, i + 1);
  }
  return undefined;
}

/** As {@link emitArray}, once an earlier element has been accepted. */
export async function emitArrayAfter(
  accepted: Promise<void>,
  node: Node,
  values: ArrayLike<unknown>,
  index: number,
): Promise<void> {
  await accepted;
  for (let i = index; i < values.length; i++) {
    const next = node.emit(values[i]);
    if (next !== undefined) await next;
  }
}

/** Emits what is left of an iterator, one `emit` each, waiting where one has to wait. */
export function emitIterator(node: Node, iterator: Iterator<unknown>): Promise<void> | undefined {
  for (;;) {
    const step = requireStep('emitMany', iterator.next());
    if (step.done) return undefined;
    let accepted: Promise<void> | undefined;
    try {
      accepted = node.emit(step.value);
    } catch (error) {
      closeIterator(iterator);
      throw error;
    }
    if (accepted !== undefined) return emitIteratorAfter(accepted, node, iterator);
  }
}

/** As {@link emitIterator}, once an earlier element has been accepted. */
export async function emitIteratorAfter(
  accepted: Promise<void>,
  node: Node,
  iterator: Iterator<unknown>,
): Promise<void> {
  try {
    await accepted;
  } catch (error) {
    closeIterator(iterator);
    throw error;
  }
  for (;;) {
    const step = requireStep('emitMany', iterator.next());
    if (step.done) return;
    try {
      const next = node.emit(step.value);
      if (next !== undefined) await next;
    } catch (error) {
      closeIterator(iterator);
      throw error;
    }
  }
}

/** Tells an iterator that no more is wanted of it, as `for … of` does when its body throws. */
export function closeIterator(iterator: Iterator<unknown>): void {
  try {
    iterator.return?.();
  } catch {
    // The error that ended the loop is the one to report.
  }
}

/** The iterator of what was given to `emitMany`. */
export function iteratorOf(values: unknown): Iterator<unknown> {
  if (isIterable(values)) return values[Symbol.iterator]();
  throw new TypeError(`Cannot emitMany: values must be iterable, got ${describe(values)}`);
}

/** Whether `emitMany` may read values by index; strings are read by code point instead. */
export function isIndexed(values: unknown): values is ArrayLike<unknown> {
  return Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
}
