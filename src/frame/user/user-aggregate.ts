import { noteCrossing } from '../../observe/crossings.ts';
import type { Stream } from '../../stream.ts';
import { checkFunction, checkOptions } from '../checks.ts';
import { derived } from '../derive.ts';
import type { PlanNode } from '../plan/plan-node.ts';
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
  /**
   * A state as plain data, for `snapshot()`: numbers, texts, booleans, bigints, dates, arrays, plain
   * objects, maps, sets and typed arrays. By default the state itself, which then must be that.
   */
  readonly save?: (state: State) => unknown;
  /** The state that `save` made this data of; by default the data itself. */
  readonly load?: (data: unknown) => State;
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
  const { result = same } = aggregation;
  const fold = n === null ? running(aggregation) : windowed(aggregation, n);
  const stream = derived().stream();
  const name = node.columns.map((column) => column.name).join(', ');
  node.graph.subscribe(node, (batch) =>
    stream.emit(
      callUser(operator, name, () => result(fold.advance(batch as Rows, lengthOf(batch as Rows)))),
    ),
  );
  node.graph.keep({
    operator,
    snapshot: () => callUser(operator, name, fold.snapshot),
    restore: (data) => callUser(operator, name, () => fold.restore(data)),
  });
  noteCrossing(node, stream.node);
  return stream;
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

const same = (state: unknown) => state;

/** An aggregation at work: the state after more rows, and that of the fold itself as plain data. */
interface Fold {
  readonly advance: (rows: Rows, length: number) => unknown;
  readonly snapshot: () => unknown;
  readonly restore: (data: unknown) => void;
}

interface Running {
  readonly begun: boolean;
  readonly state: unknown;
}

function running({ initial, onNew, save = same, load = same }: AnyAggregation): Fold {
  let state: unknown;
  let begun = false;
  return {
    advance(rows) {
      state = onNew(begun ? state : initial(), rows);
      begun = true;
      return state;
    },
    snapshot: (): Running => ({ begun, state: begun ? save(state) : undefined }),
    restore(data) {
      const from = data as Running;
      state = from.begun ? load(from.state) : undefined;
      begun = from.begun;
    },
  };
}

/** The last `n` rows, as the batches that they came in. */
function windowed(aggregation: AnyAggregation, n: number): Fold {
  const { initial, onNew, onOld, merge, save = same, load = same } = aggregation;
  let chunks: readonly Chunk[] = [];
  let held = 0;
  let state: unknown;
  let begun = false;
  /** Whether each chunk has a state. */
  const own = merge !== undefined && onOld === undefined;
  const chunk = (rows: Rows, length: number): Chunk => {
    return { rows, length, state: own ? onNew(initial(), rows) : undefined };
  };
  const advance = (batch: Rows, length: number) => {
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
  // Where there is no `onOld` the state is made of the chunks again for each batch.
  const kept = () => begun && onOld !== undefined;
  return {
    advance,
    snapshot: (): Windowed => ({
      begun,
      state: kept() ? save(state) : undefined,
      chunks: chunks.map((one) => (own ? { ...one, state: save(one.state) } : one)),
    }),
    restore(data) {
      const from = data as Windowed;
      const loaded = from.chunks.map((one) => (own ? { ...one, state: load(one.state) } : one));
      begun = from.begun;
      state = kept() ? load(from.state) : undefined;
      chunks = loaded;
      held = chunks.reduce((total, one) => total + one.length, 0);
    },
  };
}

interface Windowed extends Running {
  readonly chunks: readonly Chunk[];
}

function lengthOf(rows: Rows): number {
  const { length, numRows } = rows as { length?: number; numRows?: number };
  return length ?? numRows ?? 0;
}
