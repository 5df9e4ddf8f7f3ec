// Outputs recorded from Python streamz over pandas, held against the same graphs built here. Where a
// comparison meets a missing value pandas says false; ours is missing, and is read as false here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Column, DataFrame, type Series, Table } from '../../src/index.ts';

interface Pipeline {
  readonly kind: string;
  readonly column: 'x' | 'y' | 'i' | 'k';
  readonly agg?: string;
  readonly args?: readonly number[];
  readonly by?: string | Readonly<Record<string, number>>;
  readonly by_expr?: string;
  readonly ddof?: number;
  readonly n?: number;
  readonly name?: string;
  readonly op?: string;
  readonly value?: string;
  readonly window?: number | string;
}

type Values = readonly (number | string | boolean | null)[];

interface Batch {
  readonly time?: readonly number[];
  readonly columns: {
    readonly x: Values;
    readonly y: Values;
    readonly i: Values;
    readonly k: Values;
  };
}

type Expected =
  | number
  | null
  | { readonly index: Values; readonly values: Values }
  | { readonly index: Values; readonly columns: Readonly<Record<string, Values>> };

interface Case {
  readonly id: string;
  readonly pipeline: Pipeline;
  readonly batches: readonly Batch[];
  readonly expected: readonly Expected[];
}

const { cases } = JSON.parse(readFileSync(new URL('./frames.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

const SCHEMA = { x: 'f64', y: 'f64', i: 'i64', k: 'utf8' } as const;
type Frame = DataFrame<typeof SCHEMA>;
type Sinkable = { sink(receive: (result: unknown) => void): unknown };

interface Aggregates {
  sum(): Sinkable;
  mean(): Sinkable;
  count(): Sinkable;
  size(): Sinkable;
  min(): Sinkable;
  max(): Sinkable;
  var(options?: { ddof: number }): Sinkable;
  std(options?: { ddof: number }): Sinkable;
  median(): Sinkable;
  quantile(q: number): Sinkable;
}

function aggregate(of: Aggregates, { agg, args, ddof }: Pipeline): Sinkable {
  const name = agg as keyof Aggregates;
  if (name === 'quantile') return of.quantile(args![0]!);
  if (name !== 'var' && name !== 'std') return of[name]();
  return of[name](ddof === undefined ? { ddof: 1 } : { ddof });
}

function build(frame: Frame, pipeline: Pipeline): Sinkable {
  const column = frame.col(pipeline.column) as unknown as Series<'f64'>;
  switch (pipeline.kind) {
    case 'reduce':
      return aggregate(column, pipeline);
    case 'expanding':
      return aggregate(column.expanding(), pipeline);
    case 'rolling':
      return aggregate(column.rolling(pipeline.window!), pipeline);
    case 'groupby': {
      const key = pipeline.by_expr === 'i_mod_3' ? frame.i.mod(3).rename('key') : pipeline.by;
      return aggregate(frame.groupBy(key as 'k').col(pipeline.column), pipeline);
    }
    case 'window': {
      const extent = pipeline.n === undefined ? { value: pipeline.value! } : { n: pipeline.n };
      const window = frame.window(extent);
      return pipeline.by === undefined
        ? aggregate(column.window(extent), pipeline)
        : aggregate(window.groupBy('k').col(pipeline.column), pipeline);
    }
    case 'cumulative':
      return column[pipeline.op as 'cumsum' | 'cumprod' | 'cummin' | 'cummax']();
    case 'ewm':
      return column.ewm(pipeline.by as Record<string, number>).mean();
    case 'value_counts':
      return column.valueCounts();
    case 'expression':
      return expression(frame, pipeline.name!);
    default:
      throw new Error(`unknown kind ${pipeline.kind}`);
  }
}

function expression(frame: Frame, name: string): Sinkable {
  switch (name) {
    case 'x+y':
      return frame.x.add(frame.y);
    case 'x*2-1':
      return frame.x.mul(2).sub(1);
    case 'x>y':
      return frame.x.gt(frame.y);
    case 'round1':
      return frame.x.round(1);
    case 'filter x>0':
      return frame.filter(frame.x.gt(0));
    case 'query y<x':
      return frame.query('y < x');
    case 'assign z=x*y':
      return frame.assign({ z: frame.x.mul(frame.y) });
    default:
      throw new Error(`unknown expression ${name}`);
  }
}

/** What pandas calls the same: a missing comparison is false, NaN is missing. */
function plain(value: unknown, missing: unknown): unknown {
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return missing;
  return typeof value === 'bigint' ? Number(value) : value;
}

function compareValues(actual: readonly unknown[], expected: Values, spread: boolean): void {
  expect(actual.length).toBe(expected.length);
  const missing = expected.some((value) => typeof value === 'boolean') ? false : null;
  for (let row = 0; row < expected.length; row++) {
    compareValue(plain(actual[row], missing), expected[row]!, spread);
  }
}

function compareValue(actual: unknown, expected: unknown, spread: boolean): void {
  if (typeof expected !== 'number') {
    expect(actual).toBe(expected);
    return;
  }
  expect(actual).toBeTypeOf('number');
  const error = Math.abs((actual as number) - expected);
  const most = spread ? 1e-6 : 1e-9 * Math.max(Math.abs(expected), 1e-300);
  expect(error, `${actual} is not ${expected}`).toBeLessThanOrEqual(most);
}

/** Rows by key: their order is not part of the contract. */
function compareKeyed(actual: Table, expected: { index: Values; values: Values }, spread: boolean) {
  const [keys, values] = actual.columns.map((column) => column.toArray());
  const byKey = new Map(keys!.map((key, row) => [plain(key, null), values![row]]));
  expect(byKey.size).toBe(expected.index.length);
  expected.index.forEach((key, row) => {
    expect(byKey.has(key), `no key ${key}`).toBe(true);
    compareValue(plain(byKey.get(key), null), expected.values[row], spread);
  });
}

function compare(pipeline: Pipeline, emitted: unknown[], expected: Expected, rows: number): void {
  const spread = pipeline.agg === 'var' || pipeline.agg === 'std';
  if (expected === null) {
    for (const value of emitted) expect(plain(value, null)).toBeNull();
    return;
  }
  // Nothing is delivered where no row is left, or none came.
  const none = typeof expected === 'object' && expected.index.length === 0;
  if ((rows === 0 || none) && emitted.length === 0) return;
  expect(emitted).toHaveLength(1);
  const [actual] = emitted;
  if (typeof expected === 'number') {
    compareValue(plain(actual, null), expected, spread);
    return;
  }
  if ('columns' in expected) {
    const table = actual as Table;
    expect(table.columnNames).toEqual(Object.keys(expected.columns));
    for (const [name, values] of Object.entries(expected.columns)) {
      compareValues(table.column(name).toArray(), values, spread);
    }
    return;
  }
  if (actual instanceof Table) compareKeyed(actual, expected, spread);
  else if (pipeline.kind === 'ewm') compareLast(actual as Column, expected.values, rows);
  else compareValues((actual as Column).toArray(), expected.values, spread);
}

/** Recorded is the last row of a batch alone. */
function compareLast(actual: Column, expected: Values, rows: number): void {
  expect(actual.length).toBe(rows);
  if (rows > 0) compareValues([actual.at(-1)], expected, false);
}

function frameOf({ batches, pipeline }: Case, thread: boolean) {
  const timed = typeof pipeline.window === 'string' || pipeline.value !== undefined;
  const schema = timed ? { ...SCHEMA, at: 'timestamp' as const } : SCHEMA;
  const frame = new DataFrame(schema, { thread }) as Frame;
  const inputs = batches.map(({ columns, time }) => (timed ? { ...columns, at: time } : columns));
  return { frame, inputs: inputs as Parameters<Frame['emit']>[0][] };
}

describe('frames of Python streamz', () => {
  it.each(cases.map((one) => [`${one.id} ${JSON.stringify(one.pipeline)}`, one] as const))(
    '%s',
    (_title, one) => {
      const { frame, inputs } = frameOf(one, false);
      let emitted: unknown[] = [];
      build(frame, one.pipeline).sink((result) => {
        emitted.push(result);
      });
      inputs.forEach((input, step) => {
        emitted = [];
        frame.emit(input);
        compare(one.pipeline, emitted, one.expected[step]!, one.batches[step]!.columns.x.length);
      });
    },
  );

  it('and the same on a thread of their own', async () => {
    for (const one of cases) {
      const inline = frameOf(one, false);
      const expected: unknown[] = [];
      build(inline.frame, one.pipeline).sink((result) => expected.push(result));
      for (const input of inline.inputs) inline.frame.emit(input);
      const threaded = frameOf(one, true);
      const results: unknown[] = [];
      build(threaded.frame, one.pipeline).sink((result) => {
        results.push(result);
      });
      for (const input of threaded.inputs) await threaded.frame.emit(input);
      await threaded.frame.flush();
      expect(results.map(plainResult), one.id).toEqual(expected.map(plainResult));
      threaded.frame.destroy();
    }
  });
});

function plainResult(result: unknown): unknown {
  if (result instanceof Table) return result.toColumns();
  return typeof result === 'object' && result !== null ? (result as Column).toArray() : result;
}
