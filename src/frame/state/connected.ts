import type { Graph } from '../plan/graph.ts';
import { corrupt, decodeSnapshot, encodeSnapshot, type GraphState } from './snapshot.ts';

/** All graphs that feed each other with `graph`, directly or not, in the order in which they were made. */
export function connected(graph: Graph): Graph[] {
  const found = new Set([graph]);
  for (const one of found) for (const next of one.neighbours()) found.add(next);
  return [...found].sort((a, b) => a.order - b.order);
}

/** The states of all graphs connected with `graph`; what their sources have collected is run first. */
export function snapshotOf(graph: Graph): Uint8Array {
  const graphs = connected(graph);
  for (const one of graphs) one.settle();
  return encodeSnapshot(graphs.map((one) => one.capture()));
}

/** Puts back what {@link snapshotOf} gave; where that fails, every graph is as it was before. */
export function restoreTo(graph: Graph, snapshot: Uint8Array): void {
  const states = decodeSnapshot(snapshot);
  const graphs = connected(graph);
  if (states.length !== graphs.length) {
    throw corrupt(`it has ${states.length} plans, and here are ${graphs.length}`);
  }
  for (const one of graphs) {
    one.source.clear();
    // Only results that are under way: their batches were emitted before.
    one.settle();
  }
  for (const { source } of graphs) source.clear();
  const before = graphs.map((one) => one.capture());
  try {
    putBack(graphs, states);
  } catch (error) {
    putBack(graphs, before);
    throw error;
  }
}

function putBack(graphs: readonly Graph[], states: readonly GraphState[]): void {
  graphs.forEach((one, i) => {
    one.reinstate(states[i]!);
  });
}
