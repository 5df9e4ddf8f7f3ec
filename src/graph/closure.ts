import { collectError, type Delivery, join, raise, settle } from './delivery.ts';
import {
  carriesMetadata,
  emitArray,
  emitIterator,
  emitTracked,
  isIndexed,
  iteratorOf,
  sendHeld,
} from './entry.ts';
import type { Tag } from './metadata.ts';
import type { Compiler, Edge, Node } from './node.ts';
import type { Receive } from './operator.ts';
import type { Entry, Unit } from './unit.ts';

/**
 * Links a graph out of closures: the form for processes that refuse generated code. It delivers
 * the same values in the same order as the generated form.
 */
export function linkUnit(
  unit: Unit,
  order: readonly Node[],
  back: ReadonlySet<Edge>,
  entries: readonly Node[],
  compiler: Compiler,
  divert: (edge: Edge, value: unknown, tag: Tag) => Delivery,
): void {
  const receivers = new Map<Node, Receive[]>();
  const linkOutput = (node: Node): Receive =>
    fanOut(
      node.outputs.map((edge) => {
        const receive = receivers.get(edge.to)?.[edge.to.operator.ports ? edge.port : 0];
        return linkEdge(unit, edge, receive, back, divert);
      }),
    );
  const outputs = new Map<Node, Receive>();
  // From the ends up, so that what a node sends to is there: a call less for every node on the way.
  for (const node of order.toReversed()) {
    if (!node.operator.boundary) outputs.set(node, linkOutput(node));
    receivers.set(node, linkInputs(node, outputs.get(node) ?? sendNothing));
  }
  for (const node of order) {
    if (node.operator.boundary) outputs.set(node, linkOutput(node));
    if (node.isAddressed) unit.receivers.set(node, receivers.get(node)!);
  }
  for (const node of entries) {
    unit.entries.set(node, linkEntry(unit, node, outputs.get(node)!, back.size > 0, compiler));
  }
}

/** What a boundary has to send with while it takes an element in: it sends by its entry, later. */
function sendNothing(): Delivery {
  return undefined;
}

function linkInputs(node: Node, output: Receive): Receive[] {
  const ports = node.operator.ports ? node.inputs.length : 1;
  return Array.from({ length: ports }, (_, port) => linkOperator(node, output, port));
}

/** The closure form of one input of an operator. */
export function linkOperator(node: Node, output: Receive, port: number): Receive {
  // What a boundary does later it does not do here: it asks its guard itself.
  if (node.guard !== undefined && !node.operator.boundary) return node.guard.link(output, port);
  return node.operator.link(
    node,
    // Most values release nothing; a frame less per node lets a chain be that much longer.
    (value, tag, release) =>
      release === undefined ? output(value, tag) : sendHeld(output, value, tag, release),
    port,
  );
}

function linkEdge(
  unit: Unit,
  edge: Edge,
  receive: Receive | undefined,
  back: ReadonlySet<Edge>,
  divert: (edge: Edge, value: unknown, tag: Tag) => Delivery,
): Receive {
  if (back.has(edge)) {
    return (value, tag) => {
      unit.loop.push(edge, value, tag);
      return undefined;
    };
  }
  if (receive === undefined) throw new TypeError(`Cannot link ${edge.to.operator.name}: too early`);
  if (!edge.to.operator.ports) return receive;
  return (value, tag) => (unit.stale ? divert(edge, value, tag) : receive(value, tag));
}

function fanOut(targets: readonly Receive[]): Receive {
  if (targets.length === 1) return targets[0]!;
  return (value, tag) => {
    let pending: Delivery;
    let errors: unknown[] | undefined;
    for (const receive of targets) {
      try {
        pending = join(pending, receive(value, tag));
      } catch (error) {
        errors = collectError(errors, error);
      }
    }
    return errors === undefined ? pending : raise(errors, pending);
  };
}

function linkEntry(
  unit: Unit,
  node: Node,
  output: Receive,
  isCyclic: boolean,
  compiler: Compiler,
): Entry {
  const run: Receive = isCyclic ? (value, tag) => unit.loop.run(output, value, tag) : output;
  return {
    emit(value, options) {
      if (unit.stale) return compiler.emit(node, value, options);
      if (unit.isTracked) return emitTracked(node, run, value, options);
      if (carriesMetadata(options)) return compiler.emit(node, value, options);
      const pending = run(value, undefined);
      return pending === undefined ? undefined : settle(pending, node.inFlight);
    },
    emitMany(values) {
      return emitEach(node, values);
    },
  };
}

/** `emitMany` without a generated loop. */
export function emitEach(node: Node, values: Iterable<unknown>): Promise<void> | undefined {
  if (isIndexed(values)) return emitArray(node, values, 0);
  return emitIterator(node, iteratorOf(values));
}
