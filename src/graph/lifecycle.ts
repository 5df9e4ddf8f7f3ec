import { MillraceError } from '../errors.ts';
import { collectError, combine } from './delivery.ts';
import { abandon, release } from './metadata.ts';
import { invalidate, type Node, type StopOptions } from './node.ts';
import type { Remainder } from './operator.ts';
import { downstreamOf, groupsDownstream, reachable, upstreamOf } from './topology.ts';

/** The nodes upstream into which elements are put: those that were made without an input. */
export function originsOf(node: Node): Node[] {
  return reachable([node], upstreamOf).filter((one) => one.isOrigin || one.inputs.length === 0);
}

/**
 * Ends the input of a graph at the sources upstream of a node. What lies downstream ends in order,
 * each node once all its inputs have: queues run empty, then what is incomplete is emitted, then
 * the node lets go of what it still holds. The nodes of a cycle end together, when nothing goes
 * round any more. A node that another source still feeds goes on.
 *
 * Resolves when all of that has settled; rejects with the errors of what was emitted for it.
 */
export async function endInput(node: Node): Promise<void> {
  const origins = originsOf(node);
  const groups = groupsDownstream(origins);
  for (const origin of origins) close(origin);
  for (const group of groups) endGroup(group);
  let errors: unknown[] | undefined;
  for (const group of groups) {
    for (const error of (await group[0]?.ended) ?? []) errors = collectError(errors, error);
  }
  for (const one of groups.flat()) if (one.isClosed) await one.inFlight.idle();
  if (errors !== undefined) throw combine(errors);
}

/** Sets about ending nodes that make a cycle, or a single one, if all that feeds them is to end. */
function endGroup(group: readonly Node[]): void {
  if (group[0]?.ended !== undefined) return;
  const inputs = new Set(group.flatMap(upstreamOf));
  for (const member of group) inputs.delete(member);
  const before = [...inputs].map((from) => from.ended);
  if (before.includes(undefined)) return;
  const ended = endAfter(before, group);
  for (const member of group) member.ended = ended;
}

async function endAfter(
  before: readonly (Promise<readonly unknown[]> | undefined)[],
  group: readonly Node[],
): Promise<readonly unknown[]> {
  await Promise.all(before);
  const errors: unknown[] = [];
  await drainAll(group, true);
  for (const node of group) {
    await flush(node, errors);
    await drainAll(group, true);
  }
  for (const node of group) {
    for (const tag of node.operator.forget?.(node) ?? []) release(tag);
    node.operator.stop?.(node);
    close(node);
    for (const { to, port } of node.outputs) to.operator.inputEnded?.(to, port);
  }
  return errors;
}

async function flush(node: Node, errors: unknown[]): Promise<void> {
  for (const { value, tag } of remainders(node, errors)) {
    try {
      await node.emit(value, tag === undefined ? undefined : { metadata: tag });
    } catch (error) {
      collectError(errors, error);
    }
    release(tag);
  }
}

/** What a node is to emit at the end; where it leads out of the graph, it may fail to end that. */
function remainders(node: Node, errors: unknown[]): readonly Remainder[] {
  try {
    return node.operator.flush?.(node) ?? [];
  } catch (error) {
    collectError(errors, error);
    return [];
  }
}

/** Waits until nothing is held in any of these nodes, whichever feeds which. */
async function drainAll(nodes: readonly Node[], isEnd: boolean): Promise<void> {
  for (let isQuiet = false; !isQuiet; ) {
    isQuiet = true;
    for (const node of nodes) {
      const waiting = node.operator.drain?.(node, isEnd);
      if (waiting === undefined) continue;
      isQuiet = false;
      await waiting;
    }
  }
}

function close(node: Node): void {
  if (node.isClosed) return;
  node.isClosed = true;
  node.uninstall();
}

/** Lets elements in again from a source on, where input had ended or a node had refused them. */
export function reopen(source: Node): void {
  for (const node of reachable([source], downstreamOf)) {
    if (node.isClosed) {
      node.ended = undefined;
      node.isClosed = false;
      invalidate(node);
    }
    node.operator.start?.(node);
  }
}

/**
 * Does with what was accepted downstream of a source as `stop` was told to: waits until it is out,
 * gives it up, or leaves it alone. `stopped` settles when the source sends nothing more.
 */
export async function quiesce(
  source: Node,
  { drain, signal }: StopOptions,
  stopped: Promise<void> | undefined,
): Promise<void> {
  const nodes = reachable([source], downstreamOf);
  if (drain === false || signal?.aborted) {
    // The source may be waiting for a queue, and once that has room sends another element.
    giveUp(nodes);
    await stopped;
    giveUp(nodes);
    return;
  }
  if (drain === undefined && signal === undefined) return stopped;
  const isQuiet = allOut(nodes, stopped);
  if (signal === undefined) return isQuiet;
  const gaveUp = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([isQuiet, gaveUp]);
  if (signal.aborted) giveUp(nodes);
}

async function allOut(nodes: readonly Node[], stopped: Promise<void> | undefined): Promise<void> {
  await stopped;
  await drainAll(nodes, false);
  for (const node of nodes) await node.inFlight.idle();
}

/**
 * Gives up what queues, delays, asynchronous calls and elements waiting for another attempt hold:
 * it is acknowledged negatively.
 */
function giveUp(nodes: readonly Node[]): void {
  for (const node of nodes) {
    const { operator, guard } = node;
    const message = `Cannot deliver an element that ${operator.name} held: the stream was stopped`;
    const reason = new MillraceError('ERR_STOPPED', message);
    guard?.giveUp(reason);
    if (operator.drain !== undefined) abandon(operator.forget?.(node) ?? [], reason);
  }
}
