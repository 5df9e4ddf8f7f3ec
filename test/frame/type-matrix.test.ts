import { describe, expect, it } from 'vitest';
import { DataFrame } from '../../src/index.ts';
import * as naive from './naive.ts';
import { close } from './random.ts';

/** For each type three values in their order, and how results of that type read. */
const TYPES = {
  bool: [false, true, true],
  i8: [-128, 0, 127],
  i16: [-32_768, 1, 32_767],
  i32: [-(2 ** 31), 2, 2 ** 31 - 1],
  i64: [-9_000_000_000, 3, 9_000_000_000],
  u8: [0, 7, 255],
  u16: [1, 8, 65_535],
  u32: [2, 9, 2 ** 32 - 1],
  u64: [3, 10, 2 ** 40],
  f32: [-0.5, 0.25, 1.5],
  f64: [-1e9, 0.1, 1e9 + 0.5],
  utf8: ['', 'x', 'ä'],
  timestamp: [-1, 0, 1_700_000_000_123],
  date: [-86_400_000, 0, 86_400_000],
  duration: [-1.5, 0, 3_600_000],
} as const;
type Type = keyof typeof TYPES;

const NUMERIC = /^[iuf]\d/;
const FUNCTIONS = [
  'sum',
  'mean',
  'var',
  'std',
  'median',
  'min',
  'max',
  'first',
  'last',
  'count',
  'size',
  'nunique',
] as const;
type Fn = (typeof FUNCTIONS)[number];
const OF_NUMBERS = new Set<Fn>(['sum', 'mean', 'var', 'std', 'median']);

type Value = number | string | boolean | null;

/** What `fn` makes of values, from scratch. */
function expected(fn: Fn, values: readonly Value[], order: readonly Value[]): Value {
  const there = values.filter((value) => value !== null);
  const numbers = values as (number | null)[];
  const ranked = [...there].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const hasNaN = there.some(Number.isNaN);
  switch (fn) {
    case 'sum':
      return naive.sum(numbers);
    case 'mean':
      return naive.mean(numbers);
    case 'var':
      return naive.variance(numbers);
    case 'std':
      return Math.sqrt(naive.variance(numbers)!);
    case 'median':
      return naive.quantile(numbers);
    case 'min':
      return hasNaN ? Number.NaN : ranked[0]!;
    case 'max':
      return hasNaN ? Number.NaN : ranked.at(-1)!;
    case 'first':
      return there[0]!;
    case 'last':
      return there.at(-1)!;
    case 'count':
      return there.length;
    case 'size':
      return values.length;
    case 'nunique':
      return new Set(there).size;
  }
}

type Aggregates = { agg(spec: Record<string, Fn>): { sinkToList(): unknown[] } };
type Frame = DataFrame<{ at: 'timestamp'; k: 'utf8'; v: Type }>;
type Axis = (frame: Frame, fn: Fn) => unknown;

/** Every way in which rows come together; each has a window that all four rows are in at the end. */
const AXES: Record<string, Axis> = {
  'all rows': (frame) => frame,
  'expanding()': (frame) => frame.expanding(),
  'rolling(n)': (frame) => frame.rolling(4, { minPeriods: 0 }),
  'rolling(span)': (frame) => frame.rolling('1s', { on: 'at', minPeriods: 0 }),
  'window({ n })': (frame) => frame.window({ n: 4 }),
  'window({ value })': (frame) => frame.window({ value: '1s', on: 'at' }),
  'slidingWindow(n)': (frame) => frame.slidingWindow(4),
  'slidingWindow(n, { step })': (frame) => frame.slidingWindow(4, { step: 3 }),
  'partition(n)': (frame) => frame.partition(4),
  'partition(time)': (frame) => frame.partition('1s', { on: 'at' }),
  'partition(time).groupBy': (frame) => frame.partition('1s', { on: 'at' }).groupBy('k'),
  groupBy: (frame) => frame.groupBy('k'),
  'groupBy, changes': (frame) => frame.groupBy('k', { emit: 'changes' }),
  'groupBy, bounded': (frame) => frame.groupBy('k', { maxGroups: 2 }),
  'groupBy.rolling(n)': (frame) => frame.groupBy('k').rolling(4, { minPeriods: 0 }),
  'groupBy.rolling(span)': (frame) => frame.groupBy('k').rolling('1s', { on: 'at', minPeriods: 0 }),
  'window({ n }).groupBy': (frame) => frame.window({ n: 4 }).groupBy('k'),
  'window({ value }).groupBy': (frame) => frame.window({ value: '1s', on: 'at' }).groupBy('k'),
  'reorder, rolling(span)': (frame) =>
    frame.reorder({ on: 'at', lateness: '1s' }).rolling('1s', { on: 'at', minPeriods: 0 }),
};

/** The last result of a list, in the column of the values. */
function lastOf(seen: readonly unknown[]): unknown {
  const { toRows } = seen.at(-1) as { toRows?(): Record<string, unknown>[] };
  return toRows?.call(seen.at(-1)).at(-1)?.v;
}

function frameOf(type: Type): Frame {
  return new DataFrame({ at: 'timestamp', k: 'utf8', v: type }) as unknown as Frame;
}

function emit(frame: Frame, values: readonly Value[], cut: number): void {
  const rows = values.map((v, i) => ({ at: i, k: 'a', v })) as never[];
  frame.emit(rows.slice(0, cut));
  frame.emit(rows.slice(cut));
  frame.end();
}

describe.each(Object.keys(TYPES) as Type[])('%s', (type) => {
  const order: readonly Value[] = TYPES[type];
  const [low, middle, high] = order as [Value, Value, Value];
  const cases: (readonly Value[])[] = [
    [middle, low, high, low],
    [null, high, null, low],
    ...(type === 'f32' || type === 'f64' ? [[low, Number.NaN, high, null]] : []),
  ];

  it.each(Object.keys(AXES))('over %s', (name) => {
    for (const fn of FUNCTIONS) {
      const build = (frame: Frame) =>
        (AXES[name]!(frame, fn) as Aggregates).agg({ v: fn }).sinkToList();
      if (OF_NUMBERS.has(fn) && !NUMERIC.test(type)) {
        const message = `[\\w.]+\\.${fn}: column 'v' must be numeric, got ${type}$`;
        expect(() => build(frameOf(type)), fn).toThrow(TypeError);
        expect(() => build(frameOf(type)), fn).toThrow(new RegExp(`^Cannot create ${message}`));
        continue;
      }
      for (const values of cases) {
        for (const cut of [0, 1, 4]) {
          const frame = frameOf(type);
          const seen = build(frame);
          emit(frame, values, cut);
          const wanted = expected(fn, values, order);
          const got = lastOf(seen);
          const about = `${fn} of ${values.join()} cut at ${cut}`;
          const rounds = OF_NUMBERS.has(fn) && (fn !== 'sum' || type.startsWith('f'));
          if (rounds && close(got, wanted)) continue;
          expect(got, about).toBe(wanted);
        }
      }
    }
  });
});
