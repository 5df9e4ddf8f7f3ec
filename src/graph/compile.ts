import { MillraceError } from '../errors.ts';
import { emitEach, linkUnit } from './closure.ts';
import type { Delivery } from './delivery.ts';
import { checkDepth, generatedCalls, linkedCalls } from './depth.ts';
import { carriesMetadata } from './entry.ts';
import { generateUnit, plainName } from './generate.ts';
import { abandon, type Tag } from './metadata.ts';
import { type Compiler, connect, type Edge, type Environment, invalidate, Node } from './node.ts';
import type { Operator } from './operator.ts';
import { backEdges, component, deliveryOrder } from './topology.ts';
import { Loop, Unit } from './unit.ts';

/** How graphs are compiled: into generated functions, or into linked closures. */
export type CompilerForm = 'generated' | 'closure';

let form: CompilerForm | undefined;
let lastUnit = 0;

/** Chooses the form for graphs compiled from now on; undefined chooses by what is allowed. */
export function setCompiler(chosen: CompilerForm | undefined): void {
  form = chosen;
}

function compilerForm(): CompilerForm {
  form ??= process.env.MILLRACE_COMPILER === 'closure' || !canGenerate() ? 'closure' : 'generated';
  return form;
}

function canGenerate(): boolean {
  try {
    return new Function('return true')() === true;
  } catch {
    return false;
  }
}

const compiler: Compiler = {
  emit(node, value, options) {
    if (carriesMetadata(options)) {
      track(node);
      enter(node);
      return node.emit(value, options);
    }
    enter(node);
    return node.emit(value);
  },
  emitMany(node, values) {
    enter(node);
    return emitEach(node, values);
  },
};

/** Adds a node to the graph, fed by others in this order; a source says how its graph is run. */
export function createNode<P, S>(
  operator: Operator<P, S>,
  params: P,
  upstreams: readonly Node[],
  name?: string,
  environment: Environment | undefined = upstreams[0]?.environment,
): Node<P, S> {
  const node = new Node(operator, params, compiler, name, environment);
  node.isOrigin = upstreams.length === 0;
  for (const upstream of upstreams) connect(upstream, node, true);
  operator.start?.(node);
  return node;
}

/** Puts a state made of a snapshot's data in place of a node's own. */
export function restoreState(node: Node, data: unknown): void {
  const { operator, params } = node;
  const state = operator.restore?.(data, params, node);
  const held = operator.forget?.(node) ?? [];
  operator.stop?.(node);
  node.state = state;
  if (node.isTracked) operator.track?.(state);
  invalidate(node);
  operator.start?.(node);
  if (held.length === 0) return;
  const message = `Cannot deliver an element that ${operator.name} held: its state was replaced`;
  abandon(held, new MillraceError('ERR_RESTORED', message));
}

function enter(node: Node): void {
  if (node.isDestroyed) {
    throw new MillraceError('ERR_DESTROYED', `Cannot emit: ${node.operator.name} was destroyed`);
  }
  if (node.isClosed) {
    throw new MillraceError(
      'ERR_ENDED',
      `Cannot emit: the input of ${node.operator.name} has ended`,
    );
  }
  node.isEntry = true;
  if (!unitOf(node).entries.has(node)) {
    invalidate(node);
    unitOf(node);
  }
}

/** The compiled form of a node's graph, made now if there is none or it is out of date. */
export function unitOf(node: Node): Unit {
  const { unit } = node;
  return unit === undefined || unit.stale ? compile(node) : unit;
}

function compile(start: Node): Unit {
  const members = component(start);
  const back = backEdges(members);
  for (const edge of back) edge.to.isAddressed = true;
  const isTracked = members.some((node) => node.isTracked);
  if (isTracked) members.forEach(track);
  const running = members.find((node) => node.unit?.loop.running);
  const unit = new Unit(members, isTracked, running?.unit?.loop ?? new Loop(divert));
  const entries = members.filter(
    (node) => (node.isEntry || node.operator.boundary) && !node.isClosed,
  );
  const isLinked = compilerForm() === 'closure';
  const order = deliveryOrder(members, back);
  checkDepth(order, back, isLinked ? linkedCalls : generatedCalls);
  if (isLinked) linkUnit(unit, order, back, entries, compiler, divert);
  else generateUnit(unit, back, entries, unitName(members), compiler, divert);
  for (const node of members) {
    // Two graphs become one by connecting them: whatever ran in either is out of date.
    if (node.unit !== undefined) node.unit.stale = true;
    node.unit = unit;
  }
  for (const [node, { emit, emitMany }] of unit.entries) node.install(emit, emitMany);
  return unit;
}

/** Makes a node, and with the next compilation all its graph, carry metadata from now on. */
function track(node: Node): void {
  if (node.isTracked) return;
  node.isTracked = true;
  node.operator.track?.(node.state);
  invalidate(node);
}

/** Takes a value along an edge whose target was recompiled since the emission began. */
function divert(edge: Edge, value: unknown, tag: Tag): Delivery {
  if (!edge.live) return undefined;
  const node = edge.to;
  const port = node.operator.ports ? edge.port : 0;
  if (!node.isAddressed) {
    node.isAddressed = true;
    invalidate(node);
  }
  return unitOf(node).receivers.get(node)![port]!(value, tag);
}

/** Name of a unit in profiles and stack traces: that of the pipeline, and its operators. */
function unitName(members: readonly Node[]): string {
  const named = members.find((node) => node.name !== undefined);
  const name = plainName(named?.name ?? 'pipeline');
  const operators = members.filter((node) => node.inputs.length > 0);
  const shown = operators.slice(0, 8).map((node) => plainName(node.operator.name));
  if (operators.length > shown.length) shown.push(`and_${operators.length - shown.length}_more`);
  return `${name}/${shown.join('-')}#${++lastUnit}`;
}
