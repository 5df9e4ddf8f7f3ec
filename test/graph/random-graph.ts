import fc from 'fast-check';

/** One node of a random graph. `from` are picks among the earlier nodes, to be taken modulo. */
export type RandomNode = { readonly from: readonly number[] } & (
  | { readonly op: 'map' | 'filter' | 'remove' | 'frequencies' | 'changes' | 'flatten' | 'union' }
  | { readonly op: 'failing'; readonly on: number }
  | { readonly op: 'starmap' | 'pluck' | 'collect' }
  | { readonly op: 'accumulate'; readonly hasStart: boolean; readonly withState: boolean }
  | { readonly op: 'returnsState'; readonly hasStart: boolean; readonly withState: boolean }
  | { readonly op: 'slice'; readonly start: number; readonly end: number; readonly step: number }
  | { readonly op: 'partition'; readonly n: number; readonly isKeyed: boolean }
  | { readonly op: 'partitionUnique'; readonly n: number; readonly keep: 'first' | 'last' }
  | { readonly op: 'slidingWindow'; readonly n: number; readonly returnPartial: boolean }
  | { readonly op: 'unique'; readonly maxsize: number | undefined; readonly hashable: boolean }
  | { readonly op: 'zip'; readonly literalAt: number | undefined }
  | { readonly op: 'combineLatest'; readonly emitOn: number | undefined }
  | { readonly op: 'zipLatest' }
);

/** What is done with a random graph: elements for one source, or the flush of all collectors. */
export type RandomStep =
  | { readonly source: number; readonly values: readonly number[] }
  | { readonly flush: true };

/** A graph, its number of sources, and what is done with it. Every node has a sink. */
export interface RandomGraph {
  readonly sources: number;
  readonly nodes: readonly RandomNode[];
  readonly script: readonly RandomStep[];
}

const small = fc.integer({ min: 1, max: 4 });
const from = fc.array(fc.nat(99), { minLength: 1, maxLength: 3 });
const one = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record({ ...fields, from: from as fc.Arbitrary<number[]> });

const node = fc.oneof(
  one({
    op: fc.constantFrom('map', 'filter', 'remove', 'frequencies', 'changes', 'flatten', 'union'),
  }),
  one({ op: fc.constantFrom('starmap', 'pluck', 'collect', 'zipLatest') }),
  one({ op: fc.constant('failing'), on: fc.nat(10) }),
  one({
    op: fc.constantFrom('accumulate', 'returnsState'),
    hasStart: fc.boolean(),
    withState: fc.boolean(),
  }),
  one({ op: fc.constant('slice'), start: fc.nat(3), end: fc.nat(12), step: small }),
  one({ op: fc.constant('partition'), n: small, isKeyed: fc.boolean() }),
  one({ op: fc.constant('partitionUnique'), n: small, keep: fc.constantFrom('first', 'last') }),
  one({ op: fc.constant('slidingWindow'), n: small, returnPartial: fc.boolean() }),
  one({
    op: fc.constant('unique'),
    maxsize: fc.option(small, { nil: undefined }),
    hashable: fc.boolean(),
  }),
  one({ op: fc.constant('zip'), literalAt: fc.option(fc.nat(3), { nil: undefined }) }),
  one({ op: fc.constant('combineLatest'), emitOn: fc.option(fc.nat(9), { nil: undefined }) }),
) as fc.Arbitrary<RandomNode>;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      source: fc.nat(9),
      values: fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ flush: true as const }) },
);

/** Random graphs of all synchronous operators. */
export const randomGraph: fc.Arbitrary<RandomGraph> = fc.record({
  sources: fc.integer({ min: 1, max: 3 }),
  nodes: fc.array(node, { minLength: 1, maxLength: 12 }),
  script: fc.array(step, { minLength: 1, maxLength: 15 }),
});

/** A small integer for any value, so that any operator can follow any other. */
export function digest(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === undefined) return -1;
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) {
    let sum = 7;
    for (const item of value as Iterable<unknown>) sum = (sum * 31 + digest(item)) % 1009;
    return sum;
  }
  return String(value).length;
}

/** The callbacks of the random graphs. */
export const callbacks = {
  map: (x: unknown) => digest(x) + 1,
  isOdd: (x: unknown) => Math.abs(digest(x)) % 2 === 1,
  items: (x: unknown) => Array.from({ length: Math.abs(digest(x)) % 4 }, (_, i) => digest(x) + i),
  pair: (x: unknown) => [digest(x), 2 * digest(x)] as [number, number],
  add: (a: unknown, x: unknown) => (digest(a) + digest(x)) % 1009,
  difference: (a: unknown, x: unknown) =>
    [(digest(a) + digest(x)) % 1009, digest(x) - digest(a)] as const,
  key: (x: unknown) => Math.abs(digest(x)) % 3,
  failing: (on: number) => (x: unknown) => {
    if (Math.abs(digest(x)) % 11 === on) throw new Error(`failing on ${digest(x)}`);
    return x;
  },
};

/** The nodes that feed a node: sources come first. Operators of one input take the first pick. */
export function inputsOf({ from: picks, op }: RandomNode, before: number): number[] {
  const isJoin = ['union', 'zip', 'combineLatest', 'zipLatest'].includes(op);
  return (isJoin ? picks : picks.slice(0, 1)).map((pick) => pick % before);
}
