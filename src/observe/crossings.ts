/**
 * Where one plane feeds the other. The planes do not know of each other's nodes: an element node is
 * fed by a plan node through an ordinary sink. So that drawings show one graph, whoever crosses
 * notes it here. Held weakly: a note keeps nothing alive.
 */
const down = new WeakMap<object, Set<object>>();
const up = new WeakMap<object, Set<object>>();

/** Notes that `from`, a node of one plane, feeds `to`, a node of the other. */
export function noteCrossing(from: object, to: object): void {
  add(down, from, to);
  add(up, to, from);
}

/** The nodes of the other plane that a node feeds. */
export function crossingsFrom(node: object): ReadonlySet<object> {
  return down.get(node) ?? new Set();
}

/** The nodes of the other plane that feed a node. */
export function crossingsTo(node: object): ReadonlySet<object> {
  return up.get(node) ?? new Set();
}

function add(map: WeakMap<object, Set<object>>, key: object, value: object): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}
