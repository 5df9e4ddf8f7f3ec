import { noteCrossing } from '../observe/crossings.ts';
import type { Stream } from '../stream.ts';
import { checkFunction, checkOptions } from './checks.ts';
import { derived } from './derive.ts';
import type { PlanNode } from './plan-node.ts';
import { callUser, checkOptionalFunction } from './user-function.ts';

/**
 * An aggregate written in TypeScript. Its functions are called once or a few times per batch, with
 * whole columns (`rows` of a series is a {@link Column}, of a frame a {@link Table}) whose `values` are
 * typed arrays, so that a loop over them costs about as much as one by hand.
 */
export interface Aggregation<Rows, State, Result = State> {
  /** The state of no rows. */
  readonly initial: () => State;
  /** The state with more rows. May change the state that it is given and return it. */
  readonly onNew: (state: State, rows: Rows) => State;
  /**
   * The state without its oldest rows: with it a window costs as much as rows come and leave. Only
   * where nothing is lost by it, as in counts and sums of integers.
   */
  readonly onOld?: (state: State, rows: Rows) => State;
  /**
   * The state of older rows and newer ones together. With it, and without `onOld`, a window keeps a
   * state for each batch in it and merges these; it must not change what it is given. Without either
   * the rows of the window are gone through again for each batch.
   */
  readonly merge?: (older: State, newer: State) => State;
  /** What is emitted of a state; by default the state itself. */
  readonly result?: (state: State) => Result;
}

/** Rows of a batch. */
export interface Rows {
  slice(start: number, end?: number): Rows;
}

interface Chunk {
  readonly rows: Rows;
  readonly length: number;
  /** Of `rows` alone; only where there is a `merge`. */
  readonly state: unknown;
}

type AnyAggregation = Aggregation<Rows, unknown, unknown>;

/**
 * The results of an aggregation as a stream, one for each batch: over all rows so far, or over the
 * last `n`. Where a function throws, the batch is not taken in, and the error names the operator.
 */
export function userAggregate(
  operator: string,
  node: PlanNode,
  given: unknown,
  n: number | null,
): Stream<unknown> {
  const aggregation = checkAggregation(operator, given);
  const { result = (state: unknown) => state } = aggregation;
  const advance = n === null ? running(aggregation) : windowed(aggregation, n);
  const stream = derived().stream();
  const name = node.columns.map((column) => column.name).join(', ');
  node.graph.subscribe(node, (batch) =>
    stream.emit(
      callUser(operator, name, () => result(advance(batch as Rows, lengthOf(batch as Rows)))),
    ),
  );
  noteCrossing(node, stream.node);
  return stream;
}

function checkAggregation(operator: string, given: unknown): AnyAggregation {
  checkOptions(operator, given ?? null, ['initial', 'onNew', 'onOld', 'merge', 'result']);
  const { initial, onNew, onOld, merge, result } = given as AnyAggregation;
  checkFunction(`${operator}.initial`, initial);
  checkFunction(`${operator}.onNew`, onNew);
  checkOptionalFunction(operator, 'onOld', onOld);
  checkOptionalFunction(operator, 'merge', merge);
  checkOptionalFunction(operator, 'result', result);
  return given as AnyAggregation;
}

type Advance = (rows: Rows, length: number) => unknown;

function running({ initial, onNew }: AnyAggregation): Advance {
  let state: unknown;
  let begun = false;
  return (rows) => {
    state = onNew(begun ? state : initial(), rows);
    begun = true;
    return state;
  };
}

/** The last `n` rows, as the batches that they came in. */
function windowed(aggregation: AnyAggregation, n: number): Advance {
  const { initial, onNew, onOld, merge } = aggregation;
  let chunks: readonly Chunk[] = [];
  let held = 0;
  let state: unknown;
  let begun = false;
  const chunk = (rows: Rows, length: number): Chunk => {
    const own = merge !== undefined && onOld === undefined;
    return { rows, length, state: own ? onNew(initial(), rows) : undefined };
  };
  return (batch, length) => {
    const rows = length > n ? batch.slice(length - n) : batch;
    const come = Math.min(length, n);
    const kept: Chunk[] = [];
    let left = Math.max(0, held + come - n);
    let next = onOld === undefined ? undefined : begun ? state : initial();
    for (const one of chunks) {
      const gone = Math.min(left, one.length);
      left -= gone;
      if (gone > 0 && onOld !== undefined) next = onOld(next, one.rows.slice(0, gone));
      if (gone === 0) kept.push(one);
      else if (gone < one.length) kept.push(chunk(one.rows.slice(gone), one.length - gone));
    }
    if (come > 0) kept.push(chunk(rows, come));
    if (onOld !== undefined) next = come > 0 ? onNew(next, rows) : next;
    else if (merge !== undefined)
      next = kept.reduce((all, one) => merge(all, one.state), initial());
    else next = kept.reduce((all, one) => onNew(all, one.rows), initial());
    chunks = kept;
    held = kept.reduce((total, one) => total + one.length, 0);
    state = next;
    begun = true;
    return next;
  };
}

function lengthOf(rows: Rows): number {
  const { length, numRows } = rows as { length?: number; numRows?: number };
  return length ?? numRows ?? 0;
}
