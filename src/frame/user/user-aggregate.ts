import { noteCrossing } from '../../observe/crossings.ts';
import type { Stream } from '../../stream.ts';
import { checkFunction, checkOptions } from '../checks.ts';
import { derived } from '../derive.ts';
import { columnsBeside, tableOf } from '../join/joined.ts';
import { emitRows } from '../output/emit-rows.ts';
import type { Table } from '../output/table.ts';
import type { Merge, RowOf, Schema } from '../types.ts';
import { batchWindow } from './aggregate-batches.ts';
import { batchGroups } from './aggregate-groups.ts';
import { partitionGroups } from './aggregate-partitions.ts';
import { movingWindows, rowPartitions } from './aggregate-rows.ts';
import { type Held, leaving, running } from './fold.ts';
import type { Rows } from './own-rows.ts';
import { callUser, checkOptionalFunction } from './user-function.ts';
import type { Applied, UserWindows } from './user-windows.ts';

/**
 * An aggregate written in TypeScript. Its functions are called once or a few times per batch, by group
 * for each group that the batch has rows of, with whole columns (`rows` of a series is a {@link Column},
 * of a frame a {@link Table}) whose `values` are typed arrays, so that a loop over them costs about as
 * much as one by hand. Over windows with a result for every row they are called for every row.
 */
export interface Aggregation<Rows, State, Result = State> {
  /** The state of no rows. */
  readonly initial: () => State;
  /** The state with more rows. May change the state that it is given and return it. */
  readonly onNew: (state: State, rows: Rows) => State;
  /**
   * The state without its oldest rows: with it a window costs as much as rows come and leave. Only
   * where nothing is lost by it, as in counts and sums of integers. Rows that come and leave within a
   * batch may be given to neither function, and a window that all rows left begins with `initial` again.
   */
  readonly onOld?: (state: State, rows: Rows) => State;
  /**
   * The state of older rows and newer ones together. With it, and without `onOld`, a window keeps a
   * state for each batch in it and merges these; it must not change what it is given. Without either
   * the rows of the window are gone through again for each batch, and so they are for each result of
   * `rolling` and `slidingWindow`, which merge nothing.
   */
  readonly merge?: (older: State, newer: State) => State;
  /** What is emitted of a state; by default the state itself. */
  readonly result?: (state: State) => Result;
  /**
   * A state as plain data, for `snapshot()`: numbers, texts, booleans, bigints, dates, arrays, plain
   * objects, maps, sets and typed arrays. By default the state itself, which then must be that.
   */
  readonly save?: (state: State) => unknown;
  /** The state that `save` made this data of; by default the data itself. */
  readonly load?: (data: unknown) => State;
}

/** What an aggregate of one column gives, by shape: one result after another, or the rows of groups. */
export interface AggregationResults<Result, N extends string, K extends Schema> {
  rows: Stream<Result>;
  scalar: Stream<Result>;
  keyed: Stream<GroupResult<Result, N, K>[]>;
}

/**
 * A group and its result: its keys, as rows of tables have them, and under the name of the column, or
 * `result` where the functions got tables, what became of its rows.
 */
export type GroupResult<Result, N extends string, K extends Schema> = Merge<
  RowOf<K>,
  { [P in N]: Result }
>;

export type AnyAggregation = Aggregation<Rows, unknown, unknown>;

/** A result, or what a function threw in place of one. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** A group of which there is a result. */
export interface ResultRow {
  readonly keys: readonly unknown[];
  readonly held: Held;
}

/** Windows that rows go through. */
export interface Motion {
  /** Takes rows in, or none of them where a function throws; what there is to emit then. */
  readonly advance: (table: Table) => readonly Outcome[];
  /** What there is to emit when the input has ended. */
  readonly end: () => readonly Outcome[];
  readonly snapshot: () => unknown;
  readonly restore: (data: unknown) => void;
  readonly lateRows?: () => number;
  readonly evictedGroups?: () => number;
}

/**
 * The results of an aggregation as a stream. Where `initial`, `onNew`, `onOld` or `merge` throws, the
 * batch is not taken in; where `result` does, that one result is missing. The error names the operator.
 *
 * @param name under which rows of groups have their results
 */
export function userAggregate(
  operator: string,
  { windows, node, before }: Applied,
  given: unknown,
  name: string,
): Stream<unknown> {
  const over = windows.values.map((column) => column.name).join(', ');
  const aggregation = guarded(operator, over, checkAggregation(operator, given));
  const { result = (state: unknown) => state } = aggregation;
  const single = (state: unknown) => attempted(() => result(state));
  const names = columnsBeside(operator, [...(before ?? []), { name, type: 'utf8' }]);
  const rows = (groups: readonly ResultRow[]) =>
    attempted(() =>
      groups.map(({ keys, held }) => {
        const values = [...keys, result(held.state)];
        return Object.fromEntries(names.map((column, i) => [column.name, values[i]]));
      }),
    );
  const { graph } = node;
  const motion =
    before === undefined
      ? ofRows(windows, aggregation, single)
      : ofGroups(windows, aggregation, rows, () => graph.source.wallTime());
  const stream = derived().stream();
  const emit = (outcomes: readonly Outcome[]) => {
    const settled = emitRows(
      stream,
      outcomes.flatMap((one) => ('value' in one ? [one.value] : [])),
    );
    const failed = outcomes.find((one) => 'error' in one);
    if (failed === undefined) return settled;
    if (settled === undefined) throw failed.error;
    return settled.then(() => {
      throw failed.error;
    });
  };
  graph.subscribe(node, (batch) => {
    const table = tableOf(batch as Rows);
    return table.numRows === 0 ? undefined : emit(motion.advance(table));
  });
  graph.onEnd(() => emit(motion.end()));
  const { end: _end, advance: _advance, ...kept } = motion;
  graph.keep({ operator, ...kept });
  noteCrossing(node, stream.node);
  return stream;
}

function ofGroups(
  windows: UserWindows,
  aggregation: AnyAggregation,
  outcome: (groups: readonly ResultRow[]) => Outcome,
  wallTime: () => number,
): Motion {
  if (windows.op === 'timePartition') {
    return partitionGroups(windows, running(aggregation), outcome);
  }
  const fold = (windows.op === 'window' ? leaving : running)(aggregation);
  return batchGroups(windows, fold, outcome, wallTime);
}

function ofRows(
  windows: UserWindows,
  aggregation: AnyAggregation,
  outcome: (state: unknown) => Outcome,
): Motion {
  switch (windows.op) {
    case 'all':
      return batchWindow(windows, running(aggregation), outcome);
    case 'window':
      return batchWindow(windows, leaving(aggregation), outcome);
    case 'partition':
      return rowPartitions(windows, running(aggregation), outcome);
    default:
      return movingWindows(windows, aggregation, outcome);
  }
}

function attempted(compute: () => unknown): Outcome {
  try {
    return { value: compute() };
  } catch (error) {
    return { error };
  }
}

/** The same functions; what they throw names the operator. */
function guarded(operator: string, over: string, aggregation: AnyAggregation): AnyAggregation {
  const guard =
    <A extends readonly unknown[], T>(f: (...given: A) => T) =>
    (...given: A): T =>
      callUser(operator, over, () => f(...given));
  const { initial, onNew, onOld, merge, result, save, load } = aggregation;
  return {
    initial: guard(initial),
    onNew: guard(onNew),
    ...(onOld && { onOld: guard(onOld) }),
    ...(merge && { merge: guard(merge) }),
    ...(result && { result: guard(result) }),
    ...(save && { save: guard(save) }),
    ...(load && { load: guard(load) }),
  };
}

function checkAggregation(operator: string, given: unknown): AnyAggregation {
  checkOptions(operator, given ?? null, [
    'initial',
    'onNew',
    'onOld',
    'merge',
    'result',
    'save',
    'load',
  ]);
  const { initial, onNew, onOld, merge, result, save, load } = given as AnyAggregation;
  checkFunction(`${operator}.initial`, initial);
  checkFunction(`${operator}.onNew`, onNew);
  checkOptionalFunction(operator, 'onOld', onOld);
  checkOptionalFunction(operator, 'merge', merge);
  checkOptionalFunction(operator, 'result', result);
  checkOptionalFunction(operator, 'save', save);
  checkOptionalFunction(operator, 'load', load);
  return given as AnyAggregation;
}
