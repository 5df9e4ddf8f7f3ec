import type { InputDescription } from '../../native/plan.ts';
import type { DeviceNodes } from './device-nodes.ts';
import { type Expr, type Key, PlanNode } from './plan-node.ts';

/** One place of a plan: an operator, or the sink that shows its results. */
export type PlanEntry = { readonly node: PlanNode; readonly sink: boolean };

/**
 * The entries of a plan that shows `targets`, after those of the plan before it, which keep their
 * places and so their state. Every sink follows right after the nodes that only it needed, so that a
 * graph built in one go and one that grew have the same plan.
 */
export function planEntries(
  before: readonly PlanEntry[],
  targets: readonly PlanNode[],
): readonly PlanEntry[] {
  const entries = [...before];
  const placed = new Set(before.filter(({ sink }) => !sink).map(({ node }) => node));
  const shown = new Set(before.filter(({ sink }) => sink).map(({ node }) => node));
  const place = (node: PlanNode) => {
    if (placed.has(node)) return;
    for (const dependency of node.dependencies()) place(dependency);
    placed.add(node);
    entries.push({ node, sink: false });
  };
  for (const target of targets) {
    if (shown.has(target)) continue;
    place(target);
    shown.add(target);
    entries.push({ node: target, sink: true });
  }
  return entries;
}

/**
 * The plan of these entries as the text that the native plan is compiled from. Columns that an earlier
 * plan used are `settled`: they stay in the form in which its state holds them.
 */
export function planSpec(
  input: PlanNode,
  name: string,
  entries: readonly PlanEntry[],
  settled: readonly InputDescription[],
  devices: DeviceNodes,
): string {
  const ids = new Map<PlanNode, number>();
  entries.forEach(({ node, sink }, id) => {
    if (!sink) ids.set(node, id);
  });
  const interned = internedColumns(entries);
  const columns = input.columns.map((column) => {
    if (column.type !== 'utf8') return column;
    const before = settled.find((other) => other.name === column.name);
    const dictionary = before ? before.dictionary !== null : interned.has(column.name);
    return { ...column, dictionary };
  });
  const nodes = entries.map(({ node, sink }) =>
    sink ? { op: 'sink', input: node } : devices.specOf(node),
  );
  const all = [...columns, ...devices.columns];
  return JSON.stringify({ inputs: [{ name, columns: all }], nodes }, (_key, value: unknown) =>
    value instanceof PlanNode ? ids.get(value) : value,
  );
}

/**
 * The text columns of the input that serve as keys. Only these get a table of all strings seen, which
 * grows with the number of distinct ones as the keyed state itself does. Where groups end, so must
 * the strings of their keys.
 */
function internedColumns(entries: readonly PlanEntry[]): Set<string> {
  const names = new Set<string>();
  for (const { node, sink } of entries) {
    if (sink || forgetsKeys(node)) continue;
    if (node.op === 'valueCounts') trace({ of: node.spec.input as PlanNode }, names);
    for (const { expr } of (node.spec.keys ?? []) as readonly Key[]) trace(expr, names);
  }
  return names;
}

/** Whether the groups of a node end. */
function forgetsKeys({ op, spec }: PlanNode): boolean {
  return op === 'window' || spec.maxGroups !== undefined || spec.ttl !== undefined;
}

/** Adds the columns of the input that an expression shows the text of. */
function trace(expr: Expr, names: Set<string>): void {
  if ('lit' in expr) return;
  if ('op' in expr) {
    for (const arg of expr.args) trace(arg, names);
    return;
  }
  const { spec } = expr.of;
  if (expr.of.op === 'input') names.add(expr.col!);
  else if (expr.of.op === 'project') trace(spec.expr as Expr, names);
  else if (expr.of.op === 'frame') {
    const columns = spec.columns as readonly Key[];
    const source = columns.find(({ name }) => name === expr.col);
    if (source !== undefined) trace(source.expr, names);
  } else if (spec.input instanceof PlanNode) {
    trace(expr.col === undefined ? { of: spec.input } : { ...expr, of: spec.input }, names);
  }
}
