import { createNode } from '../graph/compile.ts';
import { noteCrossing } from '../observe/crossings.ts';
import type { Sink } from '../sinks/batch-sink.ts';
import { sink } from '../sinks/sink.ts';
import { Stream } from '../stream.ts';
import { type ColumnNode, planNodeOf } from './column-node.ts';
import { DataFrame, frameOf } from './data-frame.ts';
import { type DerivedSeries, setMakers } from './derive.ts';
import type { ColumnSourceOptions } from './input/column-source.ts';
import { Column } from './output/column.ts';
import { emitRows } from './output/emit-rows.ts';
import { settling } from './output/settling.ts';
import { Table } from './output/table.ts';
import { Series } from './series.ts';
import type { ColumnType, InputOf, InputRow, Schema } from './types.ts';

/**
 * The elements of a stream as a series: each a value, or an array or typed array of values, which is
 * a batch. Single values collect as `options` say.
 */
export function toSeries<D extends ColumnType>(
  stream: Stream<unknown>,
  type: D,
  options?: ColumnSourceOptions,
): Series<D> {
  const series = new Series(type, options);
  crossInto(stream, series, (value) => series.emit(value as InputOf<D>));
  return series;
}

/**
 * The elements of a stream as the rows of a frame: each a row, or rows or columns as one batch, as
 * `DataFrame.emit` takes them. Single rows collect as `options` say.
 */
export function toDataFrame<S extends Schema>(
  stream: Stream<unknown>,
  schema: S,
  options?: ColumnSourceOptions,
): DataFrame<S> {
  const frame = new DataFrame(schema, options);
  crossInto(stream, frame, (row) => frame.emit(row as InputRow<S>));
  return frame as unknown as DataFrame<S>;
}

/**
 * Ends a branch of a stream in columns. A stop of the stream delivers what has collected, its end also
 * what the columns hold back for the end of their input.
 */
function crossInto(
  stream: Stream<unknown>,
  columns: ColumnNode<unknown>,
  receive: (element: unknown) => unknown,
): void {
  let isEnded = false;
  const begin = () => {
    isEnded = false;
  };
  // Asked again until nothing is left: the input of the columns ends once.
  const drain = (_node: unknown, isEnd: boolean) => {
    if (!isEnd || isEnded) return columns.flush();
    isEnded = true;
    return columns.end();
  };
  const f = inTurn(begin, receive);
  const node = createNode({ ...sink, drain }, { f, args: [] }, [stream.node]);
  noteCrossing(node, planNodeOf(columns).graph.input);
}

/** One function after another; without a name, which drawings would show. */
function inTurn(first: () => void, second: (element: unknown) => unknown) {
  return (element: unknown) => {
    first();
    return second(element);
  };
}

/** What live columns yield as a stream: the values of a column and the rows of a table one by one. */
export function toStream<T>(node: ColumnNode<Iterable<T>>): Stream<T> {
  const stream = new Stream<T>();
  node.sink((result) => emitRows(stream, rowsOf(result)), { reuse: true });
  noteCrossing(planNodeOf(node), stream.node);
  return stream;
}

/** What live columns yield as a stream: each result as one element. */
export function toResultStream<T>(node: ColumnNode<T>): Stream<T> {
  const stream = new Stream<T>();
  node.sink((result) => {
    const ref = settling();
    return ref === undefined ? stream.emit(result) : stream.emit(result, { metadata: [{ ref }] });
  });
  noteCrossing(planNodeOf(node), stream.node);
  return stream;
}

/** Ends live columns in a sink that takes their results. */
export function toSink<T, R>(node: ColumnNode<T>, sink: Sink<T, R, unknown>): Stream<R> {
  const results = toResultStream(node);
  const settled = results.to(sink as unknown as Sink<unknown, R, unknown>);
  planNodeOf(node).graph.onEnd(() => results.end());
  return settled;
}

setMakers({
  series: (type, name) => new Series(type, { name }) as unknown as DerivedSeries,
  frame: frameOf,
  stream: () => new Stream(),
});

/** An array goes through a stream's generated loop faster than an iterator. */
function rowsOf<T>(result: Iterable<T>): Iterable<T> {
  if (result instanceof Column) return result.toArray() as T[];
  return result instanceof Table ? (result.toRows() as T[]) : result;
}
