import { MillraceError } from '../errors.ts';
import type { Metadata } from './metadata.ts';
import type { Operator } from './operator.ts';
import type { Unit } from './unit.ts';

/** What may go with an element into `emit`. */
export interface EmitOptions {
  /** Objects that travel with the element; one with a `ref` is counted. */
  readonly metadata?: Metadata | undefined;
  /** Called once when every branch has settled, with the error if one failed. */
  readonly acknowledge?: ((error?: unknown) => void) | undefined;
}

/** Starts an emission at a node's output. */
export type Emit = (value: unknown, options?: EmitOptions) => Promise<void> | undefined;

/** Starts an emission for each of several values. */
export type EmitMany = (values: Iterable<unknown>) => Promise<void> | undefined;

/** Whoever shows a node to users. */
export interface Owner {
  emit: Emit;
  emitMany: EmitMany;
}

/** What a node calls while there is no compiled form of its graph. */
export interface Compiler {
  emit(node: Node, value: unknown, options?: EmitOptions): Promise<void> | undefined;
  emitMany(node: Node, values: Iterable<unknown>): Promise<void> | undefined;
}

/** One connection, from a node's output to an input port of another. */
export class Edge {
  readonly from: Node;
  readonly to: Node;
  /** Moves down when an earlier input of the target is disconnected. */
  port: number;
  /** False once disconnected. */
  live = true;

  constructor(from: Node, to: Node, port: number) {
    this.from = from;
    this.to = to;
    this.port = port;
  }
}

let lastId = 0;

/**
 * One node of a graph: an operator, its parameters and its state. All state is here, none in
 * generated code, so that code can be thrown away whenever the graph changes.
 */
export class Node<P = unknown, S = unknown> {
  readonly id: number = ++lastId;
  readonly operator: Operator<P, S>;
  readonly params: P;
  readonly name: string | undefined;
  /** Replaced by `restore`; otherwise the same object for the life of the node. */
  state: S;
  /** Upstream edges; the index is the port. */
  readonly inputs: Edge[] = [];
  /** Downstream edges, in order of subscription, which is the order of delivery. */
  readonly outputs: Edge[] = [];
  /** Compiled form of the graph that this node is in, if it has one. */
  unit: Unit | undefined = undefined;
  /** Values are put in here from outside: by `emit`, or by the node itself when it is a boundary. */
  isEntry = false;
  /** Values may reach its inputs from outside of the running function. */
  isAddressed = false;
  isTracked = false;
  isDestroyed = false;
  /** Starts an emission at this node's output; compiles when needed. */
  emit: Emit;
  emitMany: EmitMany;
  /** The stream that shows this node. */
  owner: Owner | undefined = undefined;
  /** The owner's `emit` is to be replaced by the compiled one, unless it is one of its own. */
  isInstalled = true;

  constructor(operator: Operator<P, S>, params: P, compiler: Compiler, name?: string) {
    this.operator = operator;
    this.params = params;
    this.name = name;
    this.emit = (value, options) => compiler.emit(this, value, options);
    this.emitMany = (values) => compiler.emitMany(this, values);
    this.state = operator.create(params, this);
  }
}

/** Adds an edge; a second one between the same two nodes only when `again` is set. */
export function connect(from: Node, to: Node, again = false): void {
  for (const node of [from, to]) {
    if (node.isDestroyed) {
      throw new MillraceError(
        'ERR_DESTROYED',
        `Cannot connect ${from.operator.name} to ${to.operator.name}: ${node.operator.name} was destroyed`,
      );
    }
  }
  if (!again && from.outputs.some((edge) => edge.to === to)) return;
  const edge = new Edge(from, to, to.inputs.length);
  from.outputs.push(edge);
  to.inputs.push(edge);
  to.operator.connected?.(to, edge.port);
  invalidate(from);
  invalidate(to);
}

/** Removes every edge between two nodes. */
export function disconnect(from: Node, to: Node): void {
  for (const edge of from.outputs.filter((one) => one.to === to)) removeEdge(edge);
}

/** Removes one edge; whatever is later in the target's inputs moves down by one port. */
export function removeEdge(edge: Edge): void {
  const { from, to } = edge;
  edge.live = false;
  from.outputs.splice(from.outputs.indexOf(edge), 1);
  to.inputs.splice(edge.port, 1);
  for (const later of to.inputs.slice(edge.port)) later.port--;
  invalidate(from);
  invalidate(to);
  to.operator.disconnected?.(to, edge.port);
}

/** Detaches a node from what feeds it, and with it everything that only it fed. */
export function destroy(node: Node): void {
  const doomed = [node];
  for (const one of doomed) {
    if (one.isDestroyed) continue;
    one.isDestroyed = true;
    for (const edge of [...one.inputs]) removeEdge(edge);
    for (const edge of [...one.outputs]) {
      removeEdge(edge);
      if (edge.to.inputs.length === 0) doomed.push(edge.to);
    }
    one.operator.destroy?.(one);
  }
}

/** Marks the compiled form of a node's graph as out of date. */
export function invalidate(node: Node): void {
  if (node.unit !== undefined) node.unit.stale = true;
}
