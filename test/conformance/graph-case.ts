import { FrequencyTable } from '../../src/operators/frequency-table.ts';
import { Collector, Stream } from '../../src/stream.ts';

/** A node of a recorded graph; which fields it has depends on `op`. */
export interface CaseNode {
  readonly id: number;
  readonly op: string;
  readonly in?: readonly number[];
  readonly fn?: string;
  readonly key?: string;
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
  readonly n?: number;
  readonly keep?: 'first' | 'last';
  readonly maxsize?: number;
  readonly hashable?: boolean;
  readonly return_partial?: boolean;
  readonly returns_state?: boolean;
  readonly pick?: number | readonly number[];
  readonly literals?: readonly (readonly [position: number, value: unknown])[];
  readonly emit_on?: number;
}

/** One step of a script: an element for a source, or the flush of a `collect`. */
export type Step = { readonly emit: number; readonly value: unknown } | { readonly flush: number };

/** What a sink saw. */
export type Seen = readonly [sink: number, value: unknown];

/** A recorded graph with its input and, for each step, what its sinks saw. */
export interface GraphCase {
  readonly id: string;
  readonly nodes: readonly CaseNode[];
  readonly script: readonly Step[];
  readonly expected: readonly (readonly Seen[])[];
}

const modulo = (x: number, n: number) => ((x % n) + n) % n;

const unary: Record<string, (x: number) => number> = {
  inc: (x) => x + 1,
  dec: (x) => x - 1,
  double: (x) => 2 * x,
  neg: (x) => -x,
  square: (x) => x * x,
  square_plus_1: (x) => x * x + 1,
  square_mod_1000: (x) => modulo(x * x, 1000),
  mod3: (x) => modulo(x, 3),
  mod7: (x) => modulo(x, 7),
};

const predicates: Record<string, (x: number) => boolean> = {
  is_even: (x) => modulo(x, 2) === 0,
  is_positive: (x) => x > 0,
  lt_50: (x) => x < 50,
  mod3_is_0: (x) => modulo(x, 3) === 0,
};

const binary: Record<string, (a: number, x: number) => number> = {
  add: (a, x) => a + x,
  max: (a, x) => Math.max(a, x),
  keep_new: (_a, x) => x,
  mul_add_mod_997: (a, x) => modulo(31 * a + x, 997),
};

const stateful: Record<string, (s: number, x: number) => readonly [number, number]> = {
  diff: (s, x) => [x, x - s],
  count_add: (s, x) => [s + 1, s + x],
};

const ofSequence: Record<string, (xs: readonly number[]) => number | undefined> = {
  sum: (xs) => xs.reduce((sum, x) => sum + x, 0),
  len: (xs) => xs.length,
  max: (xs) => Math.max(...xs),
  min: (xs) => Math.min(...xs),
  first: (xs) => xs[0],
  last: (xs) => xs.at(-1),
};

const ofPair: Record<string, (a: number, b: number) => number> = {
  add2: (a, b) => a + b,
  sub2: (a, b) => a - b,
};

function named<F>(functions: Record<string, F>, name: string | undefined): F {
  const found = functions[name ?? ''];
  if (found === undefined) throw new Error(`No function ${name} among ${Object.keys(functions)}`);
  return found;
}

/** A recorded graph, built: its streams by id, and what its sinks have seen since last asked. */
export interface BuiltCase {
  readonly streams: ReadonlyMap<number, Stream<never>>;
  takeSeen(): Seen[];
}

/** Builds a recorded graph through the public API. */
export function buildCase(graph: GraphCase): BuiltCase {
  const streams = new Map<number, Stream<never>>();
  let seen: Seen[] = [];
  for (const node of graph.nodes) {
    const inputs = (node.in ?? []).map((id) => streams.get(id)!);
    const stream =
      node.op === 'sink'
        ? inputs[0]!.sink((x) => {
            seen.push([node.id, toRecorded(x)]);
          })
        : buildNode(node, inputs as Stream<unknown>[]);
    streams.set(node.id, stream as Stream<never>);
  }
  return {
    streams,
    takeSeen() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

function buildNode(node: CaseNode, inputs: readonly Stream<unknown>[]): Stream<unknown> {
  if (node.op === 'source') return new Stream<unknown>();
  const [input, ...others] = inputs;
  if (input === undefined) throw new Error(`No input for ${node.op}`);
  const numbers = input as Stream<number>;
  const { fn } = node;
  const key = node.key === undefined ? {} : { key: named(unary, node.key) };
  switch (node.op) {
    case 'map':
      return numbers.map(named(unary, fn));
    case 'filter':
      return numbers.filter(named(predicates, fn));
    case 'remove':
      return numbers.remove(named(predicates, fn));
    case 'map_seq':
      return (input as Stream<number[]>).map(named(ofSequence, fn));
    case 'starmap':
      return (input as Stream<[number, number]>).starmap(named(ofPair, fn));
    case 'accumulate':
      return buildAccumulate(node, numbers);
    case 'accumulate_with_state':
      return numbers.accumulate(named(binary, fn), { start: node.start!, withState: true });
    case 'slice':
      return numbers.slice(node.start, node.end, node.step);
    case 'partition':
      return numbers.partition(node.n!, key);
    case 'partition_unique':
      return numbers.partitionUnique(node.n!, { ...key, keep: node.keep! });
    case 'sliding_window':
      return numbers.slidingWindow(node.n!, { returnPartial: node.return_partial! });
    case 'unique': {
      const { maxsize, hashable } = node;
      return numbers.unique({
        ...key,
        ...(maxsize === undefined ? {} : { maxsize }),
        ...(hashable === undefined ? {} : { hashable }),
      });
    }
    case 'flatten':
      return (input as Stream<unknown[]>).flatten();
    case 'union':
      return input.union(...others);
    case 'frequencies':
      return input.frequencies();
    case 'collect':
      return input.collect();
    case 'pluck':
      return pluckFrom(input as Stream<number[]>, node.pick!);
    case 'zip':
      // streamz run without a loop, as it was here, never holds an emitter back.
      return input.zip(...zipArguments(node, others), { maxsize: Number.POSITIVE_INFINITY });
    case 'zip_latest':
      return input.zipLatest(...others, { maxsize: Number.POSITIVE_INFINITY });
    case 'combine_latest':
      return node.emit_on === undefined
        ? input.combineLatest(...others)
        : input.combineLatest(...others, { emitOn: node.emit_on });
    default:
      throw new Error(`No such operator: ${node.op}`);
  }
}

function buildAccumulate({ fn, start, returns_state }: CaseNode, input: Stream<number>) {
  if (returns_state) {
    return start === undefined
      ? input.accumulate(named(stateful, fn), { returnsState: true })
      : input.accumulate(named(stateful, fn), { start, returnsState: true });
  }
  return start === undefined
    ? input.accumulate(named(binary, fn))
    : input.accumulate(named(binary, fn), { start });
}

function pluckFrom(input: Stream<number[]>, pick: number | readonly number[]): Stream<unknown> {
  return typeof pick === 'number' ? input.pluck(pick) : input.pluck(pick);
}

/** Constants among the streams, at their positions; the stream that `zip` is called on is not there. */
function zipArguments(node: CaseNode, others: readonly Stream<unknown>[]): unknown[] {
  const all: unknown[] = [undefined, ...others];
  for (const [position, value] of node.literals ?? []) all.splice(position, 0, value);
  return all.slice(1);
}

/** Flushes a `collect` node of a recorded graph. */
export function flushCase({ streams }: BuiltCase, id: number): void {
  const stream: Stream<unknown> = streams.get(id)!;
  if (!(stream instanceof Collector)) throw new Error(`Node ${id} is no collect`);
  stream.flush();
}

/** A value as the recordings write it: maps as pairs, and 0 for −0, which Python's integers lack. */
function toRecorded(value: unknown): unknown {
  if (value instanceof FrequencyTable) {
    return { $map: [...value].map(([key, count]) => [toRecorded(key), count]) };
  }
  if (Array.isArray(value)) return value.map(toRecorded);
  return value === 0 ? 0 : value;
}
