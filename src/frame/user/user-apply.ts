import { checkFunction, checkOptions, checkType } from '../checks.ts';
import { planNodeOf } from '../column-node.ts';
import { derived } from '../derive.ts';
import { both, ColumnSource } from '../input/column-source.ts';
import { columnsBeside, tableOf } from '../join/joined.ts';
import type { Column } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import type { PlanColumn, PlanNode } from '../plan/plan-node.ts';
import type { ColumnType } from '../types.ts';
import { groupWindows } from './apply-groups.ts';
import { type Results, type TableWindows, timePartitions, windowGroups } from './apply-tables.ts';
import { callUser } from './user-function.ts';
import type { Applied, UserWindows } from './user-windows.ts';

/** Options of `apply`. */
export interface ApplyOptions<E extends ColumnType = ColumnType> {
  /** The type of the results, default `'f64'`. */
  readonly type?: E;
}

/** The values of a window: of a typed array, or texts. */
export type Values = { readonly length: number; readonly [index: number]: unknown };
/** A function of the user's over the values of a window. */
export type Call = (values: Values) => unknown;

/** The results of a function over whole windows of a column: a source of its own. */
export function userApply(
  operator: string,
  name: string,
  applied: Applied,
  f: unknown,
  options: ApplyOptions | undefined,
): unknown {
  checkFunction(operator, f);
  checkOptions(operator, options, ['type']);
  const type = checkType(operator, options?.type ?? 'f64');
  const { windows, node, before } = applied;
  const call = <T>(compute: () => T) => callUser(operator, name, compute);
  const called: Call = (values) => call(() => (f as Call)(values));
  if (before !== undefined) {
    const over = (windows.op === 'window' ? windowGroups : timePartitions)(windows, called);
    return applyTables(operator, node, [...before, { name, type }], over, call);
  }
  const series = derived().series(type, name);
  const isPlain =
    windows.op !== 'window' && windows.keys.length === 0 && windows.time === undefined;
  const over = (isPlain ? windowsOf : groupWindows)(windows, called);
  const { graph } = planNodeOf(series);
  graph.feedFrom(node, {
    receive(rows) {
      const results = over.advance(rows as Column | Table);
      if (results.length === 0) return undefined;
      return call(() => series.emit(results));
    },
    ended: () => series.end(),
    reuse: true,
  });
  graph.keep({ operator, snapshot: over.snapshot, restore: over.restore });
  return series;
}

type Settled = Promise<void> | undefined;

/** Windows that give tables, as the batches of a frame. */
function applyTables(
  operator: string,
  node: PlanNode,
  columns: readonly PlanColumn[],
  over: TableWindows,
  call: <T>(compute: () => T) => T,
): unknown {
  const source = new ColumnSource(operator, columnsBeside(operator, columns));
  const emit = (tables: Iterable<Results>) => {
    let settled: Settled;
    for (const results of tables)
      settled = both(
        settled,
        call(() => source.columns(results)),
      );
    return settled;
  };
  source.graph.feedFrom(node, {
    receive: (rows) => emit(over.advance(tableOf(rows as Column | Table))),
    ended() {
      let settled: Settled;
      try {
        settled = emit(over.end());
      } finally {
        settled = both(settled, source.end());
      }
      return settled;
    },
    reuse: true,
  });
  const { snapshot, restore, lateRows } = over;
  source.graph.keep({ operator, snapshot, restore, lateRows });
  return derived().frame(source.graph.input);
}

/** The rows that are still to be in a window, and for each whether it is there. */
interface KeptRows {
  readonly kept: Values | undefined;
  readonly keptThere: Uint8Array;
  readonly rows: number;
}

/** The windows that rows go through. */
export interface Windows {
  /** What the function makes of every window that a batch ends; `null` where there is too little. */
  readonly advance: (rows: Column | Table) => unknown[];
  readonly snapshot: () => unknown;
  readonly restore: (data: unknown) => void;
}

function windowsOf(windows: UserWindows, f: Call): Windows {
  const { op, n = 1, minPeriods, returnPartial, step } = windows;
  let kept: Values | undefined;
  let keptThere: Uint8Array = new Uint8Array(0);
  /** Rows so far. */
  let rows = 0;
  const advance = (batch: Column | Table) => {
    const column = batch as Column;
    const before = keptThere.length;
    const values = kept === undefined ? copyOf(column.values) : joined(kept, column.values);
    const there = joinedFlags(keptThere, column);
    const missing = countMissing(there);
    const total = there.length;
    // A row of a partition that was emitted is not kept, so a partition begins with the values.
    const whole = op === 'partition' ? total - (total % n) : Math.max(0, total - n + 1);
    kept = cut(values, whole, total);
    keptThere = there.slice(whole);
    const out: unknown[] = [];
    const call = (start: number, end: number) => {
      const all = missing === 0 || countMissing(there.subarray(start, end)) === 0;
      const window = all ? cut(values, start, end) : present(values, there, start, end);
      if (op === 'rolling' && window.length < minPeriods) return null;
      return f(window) ?? null;
    };
    if (op === 'partition') {
      for (let start = 0; start < whole; start += n) out.push(call(start, start + n));
      return out;
    }
    for (let end = before + 1; end <= total; end++) {
      rows++;
      if (op === 'slidingWindow' && rows < n && !returnPartial) continue;
      if ((rows - n) % step === 0) out.push(call(Math.max(0, end - n), end));
    }
    return out;
  };
  return {
    advance,
    snapshot: (): KeptRows => ({ kept: kept && cleared(kept, keptThere), keptThere, rows }),
    restore(data) {
      ({ kept, keptThere, rows } = data as KeptRows);
    },
  };
}

/** From `start` to `end`, of a typed array without a copy. */
function cut(values: Values, start: number, end: number): Values {
  return ArrayBuffer.isView(values)
    ? (values as unknown as Float64Array).subarray(start, end)
    : (values as unknown as unknown[]).slice(start, end);
}

/** A copy with 0 in place of whatever stands in missing places. */
function cleared(values: Values, there: Uint8Array): Values {
  if (!ArrayBuffer.isView(values)) return values;
  const out = copyOf(values) as unknown as unknown[];
  const zero = typeof out[0] === 'bigint' ? 0n : 0;
  for (let i = 0; i < out.length; i++) if (there[i] === 0) out[i] = zero;
  return out;
}

function copyOf(values: Values): Values {
  return (values as unknown as Float64Array).slice();
}

function joined(first: Values, second: Values): Values {
  if (!ArrayBuffer.isView(second))
    return [...(first as unknown as unknown[]), ...(second as never)];
  const Typed = second.constructor as new (length: number) => Float64Array;
  const out = new Typed(first.length + second.length);
  out.set(first as unknown as Float64Array);
  out.set(second as unknown as Float64Array, first.length);
  return out;
}

/** One byte for each row, 0 where it is missing. */
function joinedFlags(first: Uint8Array, { length, validity }: Column): Uint8Array {
  const out = new Uint8Array(first.length + length).fill(1);
  out.set(first);
  if (validity !== null) {
    for (let i = 0; i < length; i++) {
      out[first.length + i] = (validity[i >> 3]! >> (i & 7)) & 1;
    }
  }
  return out;
}

function countMissing(flags: Uint8Array): number {
  let missing = 0;
  for (let i = 0; i < flags.length; i++) missing += 1 - flags[i]!;
  return missing;
}

/** The values that are there. */
function present(values: Values, there: Uint8Array, start: number, end: number): Values {
  const window = cut(values, start, end) as unknown as unknown[];
  return window.filter((_, i) => there[start + i] === 1) as unknown as Values;
}
