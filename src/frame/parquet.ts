import { basename } from 'node:path';
import { MillraceError } from '../errors.ts';
import { openParquet, type ParquetReader } from '../native/plan.ts';
import { checkCount, checkFunction, checkOptions, checkSchema, shown } from './checks.ts';
import type { Graph } from './graph.ts';
import type { PlanColumn } from './plan-node.ts';
import type { ThreadOptions } from './thread-options.ts';
import type { ColumnType, Schema } from './types.ts';

/** Which columns of a file a frame has: names, or names with the types they must have. */
export type FileColumns = readonly string[] | Schema;

/** The schema of a frame over {@link FileColumns}. */
export type FileSchema<C extends FileColumns> = C extends Schema ? C : Schema;

/** Options of `DataFrame.fromParquet`. */
export interface ParquetOptions<C extends FileColumns> {
  /** Rows per batch, default 8,192; at least 1. */
  readonly batch?: number;
  /** The columns the frame has; by default all. */
  readonly columns?: C;
  /** Reads and runs the plan on a thread of its own; default `false`. */
  readonly thread?: boolean | ThreadOptions;
}

/** How far reading has come. */
export interface RunProgress {
  /** Rows read so far. */
  readonly rows: number;
  /** Rows in the file. */
  readonly totalRows: number;
}

/** Options of `run`. */
export interface RunOptions {
  /** Called about every {@link TURN_MILLISECONDS} while reading, and at the end. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Ends reading before the next batch; `run` then rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What `run` has done. */
export interface RunResult {
  readonly rows: number;
  readonly batches: number;
}

const DEFAULT_BATCH = 8192;

/** How long reading goes on before timers and other input get their turn. */
const TURN_MILLISECONDS = 8;

/** A file and the columns a frame has of it. */
export interface OpenedFile {
  /** All columns of the file. */
  readonly columns: readonly PlanColumn[];
  /** Those that the frame has. */
  readonly picked: readonly PlanColumn[];
  readonly reader: ParquetReader;
  readonly name: string;
  readonly thread: boolean | ThreadOptions;
}

/** Opens a file and checks the wanted columns against it. */
export function openFrame(path: string, options: ParquetOptions<FileColumns> = {}): OpenedFile {
  if (typeof path !== 'string') {
    throw new TypeError(`Cannot open Parquet file: the path must be a string, got ${shown(path)}`);
  }
  checkOptions('DataFrame.fromParquet', options, ['batch', 'columns', 'thread']);
  const batch = checkCount('DataFrame.fromParquet', 'batch', options.batch ?? DEFAULT_BATCH);
  const reader = openParquet(path, batch);
  const schema = JSON.parse(reader.schema()) as { name: string; type: ColumnType }[];
  const columns = schema.map(({ name, type }) => ({ name, type }));
  const picked = pickColumns(columns, options.columns);
  return { columns, picked, reader, name: basename(path), thread: options.thread ?? false };
}

function pickColumns(
  all: readonly PlanColumn[],
  wanted: FileColumns | undefined,
): readonly PlanColumn[] {
  if (wanted === undefined) return all;
  const find = (name: string) => {
    const column = all.find((other) => other.name === name);
    if (column === undefined) {
      throw new TypeError(
        `Cannot open Parquet file: no column ${shown(name)}, the file has ${all.map((other) => other.name).join(', ')}`,
      );
    }
    return column;
  };
  if (Array.isArray(wanted)) return wanted.map(find);
  checkSchema('DataFrame.fromParquet', wanted);
  return Object.entries(wanted).map(([name, type]) => {
    const column = find(name);
    if (column.type !== type) {
      throw new TypeError(
        `Cannot open Parquet file: column '${name}' is ${column.type}, wanted ${type}`,
      );
    }
    return column;
  });
}

/** Asks for the next batch. Of several that fail, the first is who tells. */
function ask(graph: Graph, reader: ParquetReader): number | Promise<number> {
  const read = graph.pushFrom(reader);
  if (typeof read !== 'number') read.catch(() => {});
  return read;
}

/** Reads a file to its end through a graph. */
export async function runReader(
  graph: Graph,
  reader: ParquetReader | null,
  options: RunOptions = {},
): Promise<RunResult> {
  if (reader === null) {
    throw new MillraceError(
      'ERR_NO_SOURCE',
      `Cannot run frame '${graph.name}': it reads no file, emit into it`,
    );
  }
  checkOptions('run', options, ['onProgress', 'signal']);
  const { onProgress, signal } = options;
  if (onProgress !== undefined) checkFunction('run', onProgress);
  const totalRows = reader.numRows;
  let rows = 0;
  let batches = 0;
  let turn = performance.now();
  const ahead: (number | Promise<number>)[] = [];
  for (;;) {
    signal?.throwIfAborted();
    while (ahead.length < graph.readAhead) ahead.push(ask(graph, reader));
    const read = await ahead.shift()!;
    if (read === 0) break;
    rows += read;
    batches++;
    if (performance.now() - turn >= TURN_MILLISECONDS) {
      onProgress?.({ rows, totalRows });
      await new Promise((resolve) => setImmediate(resolve));
      turn = performance.now();
    }
  }
  reader.close();
  await graph.end();
  onProgress?.({ rows, totalRows });
  return { rows, batches };
}
