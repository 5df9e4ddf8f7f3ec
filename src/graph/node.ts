import { MillraceError } from '../errors.ts';
import { type Clock, currentClock } from '../time/clock.ts';
import type { Guard } from './guard.ts';
import { InFlight } from './in-flight.ts';
import { abandon, type Metadata } from './metadata.ts';
import type { Operator } from './operator.ts';
import type { ErrorHandler } from './uncaught.ts';
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

/** How a graph is stopped. */
export interface StopOptions {
  /**
   * True: wait until queues, delays and asynchronous calls have delivered what they had accepted.
   * False: give that up; it is acknowledged negatively. Left out, they go on by themselves.
   */
  readonly drain?: boolean | undefined;
  /** Waits as with `drain: true`, and gives up what is left when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Whoever shows a node to users. */
export interface Owner {
  emit: Emit;
  emitMany: EmitMany;
  start(): Promise<void>;
  stop(options?: StopOptions): Promise<void>;
}

/** What the nodes of a graph have in common; a node takes it from its first input. */
export interface Environment {
  readonly clock: Clock;
  /** Told of errors that have no emitter; without it they are uncaught exceptions. */
  readonly onError: ErrorHandler | undefined;
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
  name: string | undefined;
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
  /** Made without an input: elements are put in here. */
  isOrigin = false;
  /** Input has ended: nothing can be emitted from outside any more. */
  isClosed = false;
  /** The errors of its end, once everything it had is out; undefined before its input ends. */
  ended: Promise<readonly unknown[]> | undefined = undefined;
  readonly environment: Environment;
  /** Applies the error policy, where the node has another than to fail; see `setPolicy`. */
  guard: Guard | undefined = undefined;
  readonly inFlight = new InFlight();
  /** Starts an emission at this node's output; compiles when needed. */
  emit: Emit;
  emitMany: EmitMany;
  /** The stream that shows this node. */
  owner: Owner | undefined = undefined;
  /** The owner's `emit` is to be replaced by the compiled one, unless it is one of its own. */
  isInstalled = true;

  readonly #compiler: Compiler;

  constructor(
    operator: Operator<P, S>,
    params: P,
    compiler: Compiler,
    name?: string,
    environment: Environment = { clock: currentClock(), onError: undefined },
  ) {
    this.operator = operator;
    this.params = params;
    this.name = name;
    this.environment = environment;
    this.#compiler = compiler;
    this.emit = this.#emit;
    this.emitMany = this.#emitMany;
    this.state = operator.create(params, this);
  }

  /** Puts compiled functions in place, for whoever emits by this node or by its owner. */
  install(emit: Emit, emitMany: EmitMany): void {
    const { owner } = this;
    if (owner !== undefined && this.isInstalled) {
      // A subclass may have put an `emit` of its own there meanwhile, which is then left alone.
      // One that is frozen goes on with what it has, which leads here.
      if (!Object.hasOwn(owner, 'emit') || owner.emit === this.emit) {
        Reflect.set(owner, 'emit', emit);
      }
      if (!Object.hasOwn(owner, 'emitMany') || owner.emitMany === this.emitMany) {
        Reflect.set(owner, 'emitMany', emitMany);
      }
    }
    this.emit = emit;
    this.emitMany = emitMany;
  }

  /** Takes the compiled functions away: the next emission goes to the compiler, which may refuse. */
  uninstall(): void {
    invalidate(this);
    this.install(this.#emit, this.#emitMany);
  }

  readonly #emit: Emit = (value, options) => this.#compiler.emit(this, value, options);
  readonly #emitMany: EmitMany = (values) => this.#compiler.emitMany(this, values);
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
    one.uninstall();
    const reason = destroyedError(one);
    one.guard?.cancel(reason);
    const held = one.operator.forget?.(one) ?? [];
    one.operator.stop?.(one);
    abandon(held, reason);
  }
}

function destroyedError(node: Node): MillraceError {
  return new MillraceError(
    'ERR_DESTROYED',
    `Cannot deliver an element that ${node.operator.name} held: it was destroyed`,
  );
}

/** Marks the compiled form of a node's graph as out of date. */
export function invalidate(node: Node): void {
  if (node.unit !== undefined) node.unit.stale = true;
}
