import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, MillraceError, Series } from '../../src/index.ts';
import { Plan, type TypedArray } from '../../src/native/plan.ts';

const COLUMNS = [
  'bool',
  'i8',
  'u64',
  'f32',
  'f64',
  'utf8',
  'timestamp',
  'date',
  'duration',
] as const;
const OPERATORS = [
  'add',
  'div',
  'mod',
  'pow',
  'neg',
  'round',
  'eq',
  'lt',
  'and',
  'not',
  'isNull',
  'fillNull',
  'cast',
  'when',
  'coalesce',
  'upper',
  'slice',
  'concat',
  'replace',
  'contains',
  'year',
  'floor',
  'isIn',
  'clip',
  'least',
  'sqrt',
  'odd',
] as const;
const FUNCTIONS = [
  'sum',
  'mean',
  'count',
  'size',
  'min',
  'max',
  'var',
  'std',
  'first',
  'last',
  'median',
  'quantile',
  'nunique',
  'odd',
] as const;

const count = fc.oneof(fc.integer({ min: -1, max: 5 }), fc.constantFrom(1.5, 1e300, 2 ** 32));
const name = fc.constantFrom<string>(...COLUMNS, 'missing');
const node = fc.nat(6);
const span = fc.constantFrom(
  '0',
  '1',
  '1000000',
  '-5',
  '9223372036854775807',
  '9223372036854775808',
  'x',
);
const literal = fc.constantFrom(null, true, 0, -1, 2.5, 1e308, '', 'ä', '9223372036854775807');

const { expr } = fc.letrec((tie) => ({
  expr: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ col: name, of: node }),
    fc.record({ of: node }),
    fc.record({ lit: literal, type: fc.constantFrom(undefined, ...COLUMNS) }),
    fc.record({
      op: fc.constantFrom(...OPERATORS),
      args: fc.array(tie('expr'), { maxLength: 3 }),
      decimals: fc.option(count, { nil: undefined }),
      every: fc.option(span, { nil: undefined }),
      to: fc.constantFrom(undefined, ...COLUMNS),
      strict: fc.constantFrom(undefined, true, false),
    }),
  ),
}));
const named = fc.array(fc.record({ name, expr }), { maxLength: 2 });
const aggs = fc.array(
  fc.record({
    fn: fc.constantFrom(...FUNCTIONS),
    column: fc.option(expr, { nil: undefined }),
    as: fc.constantFrom(undefined, 'a', 'b'),
    ddof: fc.option(count, { nil: undefined }),
    q: fc.constantFrom(undefined, 0.5, 2, -1),
  }),
  { maxLength: 3 },
);
const emit = fc.constantFrom(undefined, 'all', 'changes', 'odd');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Nodes of every kind, with arguments that mostly do not fit. */
const nodes = fc.array(
  fc.oneof(
    fc.record({ op: fc.constant('project'), expr }),
    fc.record({ op: fc.constant('frame'), columns: named }),
    fc.record({ op: fc.constant('filter'), input: node, predicate: expr }),
    fc.record({ op: fc.constant('aggregate'), input: node, aggs }),
    fc.record({
      op: fc.constant('rolling'),
      input: node,
      n: count,
      minPeriods: maybe(count),
      aggs,
    }),
    fc.record({ op: fc.constant('rollingSpan'), input: node, span, on: expr, keys: named, aggs }),
    fc.record({ op: fc.constant('groupRolling'), input: node, keys: named, n: count, aggs }),
    fc.record({ op: fc.constant('groupShift'), input: node, keys: named, column: expr, n: count }),
    fc.record({
      op: fc.constant('groupBy'),
      input: node,
      keys: named,
      aggs,
      emit,
      maxGroups: maybe(count),
      ttl: maybe(span),
    }),
    fc.record({ op: fc.constant('evicted'), input: node }),
    fc.record({ op: fc.constant('late'), input: node }),
    fc.record({
      op: fc.constant('reorder'),
      input: node,
      on: name,
      lateness: span,
      maxRows: count,
    }),
    fc.record({
      op: fc.constant('partitionGroupBy'),
      input: node,
      on: name,
      every: span,
      keys: named,
      aggs,
    }),
    fc.record({
      op: fc.constant('slidingWindow'),
      input: node,
      n: count,
      step: maybe(count),
      aggs,
    }),
    fc.record({ op: fc.constant('partition'), input: node, n: count, aggs }),
    fc.record({
      op: fc.constant('window'),
      input: node,
      n: maybe(count),
      span: maybe(span),
      on: maybe(expr),
      keys: named,
      aggs,
      emit,
    }),
    fc.record({
      op: fc.constant('cumulative'),
      input: node,
      fn: fc.constantFrom('sum', 'prod', 'odd'),
    }),
    fc.record({
      op: fc.constant('ewm'),
      input: node,
      com: maybe(count),
      fn: fc.constantFrom('mean', 'var'),
    }),
    fc.record({ op: fc.constant('shift'), input: node, n: count }),
    fc.record({ op: fc.constant('forwardFill'), input: node }),
    fc.record({ op: fc.constant('valueCounts'), input: node, emit }),
    fc.record({ op: fc.constant('sink'), input: node }),
  ),
  { maxLength: 7 },
);

const columns = COLUMNS.map((type) => ({ name: type, type }));
const bytes = (text: string) => new TextEncoder().encode(text);

/** Three rows of each column, the middle one missing. */
function push(plan: Plan): void {
  const there = Uint8Array.of(0b101);
  const values = {
    bool: Uint8Array.of(0b100),
    i8: Int8Array.of(-1, 0, 1),
    u64: BigUint64Array.of(0n, 0n, 2n ** 64n - 1n),
    f32: Float32Array.of(NaN, 0, 1),
    f64: Float64Array.of(-0, 0, Infinity),
    date: Int32Array.of(-1, 0, 2 ** 31 - 1),
    timestamp: BigInt64Array.of(0n, 0n, 2n ** 63n - 1n),
    duration: BigInt64Array.of(-(2n ** 63n), 0n, 1n),
  };
  const buffers = plan.input.flatMap(({ name, used }): (TypedArray | null)[] => {
    if (name === 'utf8')
      return used ? [Int32Array.of(0, 2, 2, 3), bytes('äx'), there] : [null, null, null];
    return used ? [values[name as 'f64'], there] : [null, null];
  });
  plan.push(3, buffers);
}

/** What may come out of a plan: nothing but errors of these kinds, with a code. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect((error as { code?: unknown }).code, (error as Error).message).toMatch(/^ERR_/);
    expect((error as { code?: unknown }).code).not.toBe('ERR_PANIC');
    return undefined;
  }
}

describe('a plan of anything', () => {
  it('is refused or runs, and can be put away and back', () => {
    let ran = 0;
    fc.assert(
      fc.property(nodes, (given) => {
        const all = [{ op: 'input', input: 0 }, ...given];
        const spec = JSON.stringify({ inputs: [{ name: 'any', columns }], nodes: all });
        const plan = attempt(() => new Plan(spec));
        if (plan === undefined) return;
        ran++;
        attempt(() => push(plan));
        attempt(() => push(plan));
        const snapshot = attempt(() => plan.snapshot())!;
        attempt(() => plan.restore(snapshot));
        expect(attempt(() => plan.snapshot())).toEqual(snapshot);
        attempt(() => plan.flush());
      }),
      { numRuns: 3000 },
    );
    expect(ran).toBeGreaterThan(20);
  });

  it('refuses text that is no plan, and states that are none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => void attempt(() => new Plan(text))),
    );
    const spec = JSON.stringify({
      inputs: [{ name: 'any', columns }],
      nodes: [
        { op: 'input', input: 0 },
        { op: 'reorder', input: 0, on: 'timestamp', lateness: '5', maxRows: 9 },
        {
          op: 'rolling',
          input: 1,
          n: 2,
          aggs: [{ fn: 'nunique', column: { col: 'utf8', of: 1 } }],
        },
        { op: 'sink', input: 2 },
      ],
    });
    const plan = new Plan(spec);
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(), (at, byte, end) => {
        const state = Uint8Array.from(plan.snapshot());
        state[at % state.length] = byte;
        const before = plan.snapshot();
        if (
          attempt(() => plan.restore(state.subarray(0, end % (state.length + 1))) ?? true) ===
          undefined
        ) {
          expect(plan.snapshot()).toEqual(before);
        }
      }),
    );
  });
});

describe('a query of anything', () => {
  const frame = () => new DataFrame({ x: 'f64', name: 'utf8', at: 'timestamp', ok: 'bool' });
  const word = fc.constantFrom(
    'x',
    'name',
    'at',
    'ok',
    'and',
    'or',
    'not',
    'in',
    'between',
    'is',
    'null',
    'if',
    'year',
    'coalesce',
    'cast',
    'upper',
    '(',
    ')',
    ',',
    '+',
    '-',
    '*',
    '/',
    '%',
    '=',
    '==',
    '<>',
    '<',
    '>=',
    '`',
    "'a'",
    "'",
    '1',
    '1e400',
    '-0',
    '.5',
    'x1',
    '"',
    '😀',
    '\\',
  );

  it('is refused or filters', () => {
    const text = fc.oneof(
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (condition) => {
        const source = frame();
        try {
          source.query(condition).sink(() => {});
          source.emit([
            { x: 1, name: 'a', at: 0, ok: true },
            { x: null, name: null, at: null, ok: null },
          ]);
        } catch (error) {
          const known =
            error instanceof SyntaxError ||
            error instanceof TypeError ||
            error instanceof RangeError;
          expect(known || error instanceof MillraceError, String(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('survives where it is nested deep', () => {
    const deep = 5000;
    const nested = ['('.repeat(deep), 'ok', ')'.repeat(deep)].join('');
    for (const text of [nested, `${'not '.repeat(deep)}ok`, `${'-'.repeat(deep)}x > 1`]) {
      try {
        const source = frame();
        const seen = source.query(text).sinkToList();
        source.emit([{ x: 1, name: 'a', at: 0, ok: true }]);
        expect(seen.length).toBeLessThan(2);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});

describe('hostile values', () => {
  const trap = (): never => {
    throw new Error('a trap');
  };
  const thrown = new Proxy(
    {},
    { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap },
  );

  it('throw what they throw, and leave the graph as it was', () => {
    const source = new DataFrame({ x: 'f64', t: 'utf8' });
    const seen = source.x.sum().sinkToList();
    const getters = {
      get x() {
        return trap();
      },
      t: 'a',
    };
    const number = { valueOf: trap, toString: trap };
    const revoked = Proxy.revocable([1], {});
    revoked.revoke();
    const rows: unknown[] = [
      getters,
      thrown,
      { x: number, t: 'a' },
      { x: Symbol('x'), t: 'a' },
      { x: 1, t: number },
      { x: 1, t: thrown },
      () => {},
    ];
    for (const row of rows) {
      expect(() => source.emit([{ x: 1, t: 'a' }, row] as never)).toThrow(Error);
      expect(() => {
        source.emit(row as never);
        source.flush();
      }).toThrow(Error);
    }
    for (const columns of [
      { x: thrown, t: ['a'] },
      { x: revoked.proxy, t: ['a'] },
      { x: [number], t: ['a'] },
      { x: { length: 1e15 }, t: [] },
    ]) {
      expect(() => source.emit(columns as never)).toThrow(Error);
    }
    source.emit([{ x: 2, t: 'b' }]);
    expect(seen).toEqual([2]);
  });

  it('of buffers that shrink, are shared or gone never reach past their memory', () => {
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & {
      resize(length: number): void;
    };
    const buffer = new Resizable(80, { maxByteLength: 160 });
    const tracking = new Float64Array(buffer);
    const fixed = new Float64Array(buffer, 0, 10);
    tracking.fill(1);
    const source = new Series('f64');
    const seen = source.sum().sinkToList();
    source.emit(tracking);
    buffer.resize(16);
    source.emit(tracking);
    expect(seen).toEqual([10, 12]);
    // A view past the end of its buffer has no length.
    source.emit(fixed);
    expect(seen.at(-1)).toBe(12);
    const shared = new Float64Array(new SharedArrayBuffer(16)).fill(3);
    try {
      source.emit(shared);
      expect(seen.at(-1)).toBe(18);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
    }
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => source.emit(tracking)).toThrow(/detached/);
  });

  it('of snapshots are refused', () => {
    const source = new Series('f64');
    source
      .rolling(2)
      .mean()
      .sink(() => {});
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => source.restore(bytes)).toThrow(MillraceError);
      }),
    );
  });
});
