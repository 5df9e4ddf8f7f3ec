import { emitEach, linkUnit } from './closure.ts';
import type { Delivery } from './delivery.ts';
import { carriesMetadata } from './entry.ts';
import { generateUnit, plainName } from './generate.ts';
import type { Tag } from './metadata.ts';
import { type Compiler, connect, type Edge, invalidate, Node } from './node.ts';
import type { Operator } from './operator.ts';
import { backEdges, component } from './topology.ts';
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

/** Adds a node to the graph, fed by others in this order. */
export function createNode<P, S>(
  operator: Operator<P, S>,
  params: P,
  upstreams: readonly Node[],
  name?: string,
): Node<P, S> {
  const node = new Node(operator, params, compiler, name);
  for (const upstream of upstreams) connect(upstream, node, true);
  return node;
}

/** Puts a restored state in place of a node's own. */
export function replaceState<S>(node: Node<unknown, S>, state: S): void {
  node.state = state;
  if (node.isTracked) node.operator.track?.(state);
  invalidate(node);
}

function enter(node: Node): void {
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
  const entries = members.filter((node) => node.isEntry || node.operator.boundary);
  if (compilerForm() === 'closure') linkUnit(unit, back, entries, compiler, divert);
  else generateUnit(unit, back, entries, unitName(members), compiler, divert);
  for (const node of members) {
    // Two graphs become one by connecting them: whatever ran in either is out of date.
    if (node.unit !== undefined) node.unit.stale = true;
    node.unit = unit;
  }
  for (const node of entries) install(node, unit);
  return unit;
}

function install(node: Node, unit: Unit): void {
  const { emit, emitMany } = unit.entries.get(node)!;
  const { owner } = node;
  if (owner !== undefined && node.isInstalled) {
    // A subclass may have put an `emit` of its own there meanwhile, which is then left alone.
    if (!Object.hasOwn(owner, 'emit') || owner.emit === node.emit) owner.emit = emit;
    if (!Object.hasOwn(owner, 'emitMany') || owner.emitMany === node.emitMany) {
      owner.emitMany = emitMany;
    }
  }
  node.emit = emit;
  node.emitMany = emitMany;
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
