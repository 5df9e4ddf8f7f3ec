import type { EmitOptions } from '../../graph/node.ts';
import { Stream } from '../../stream.ts';
import { checkCount, checkOptions, checkSchema, shown } from '../checks.ts';
import type { PlanColumn } from '../plan/plan-node.ts';
import type { ThreadOptions } from '../plan/thread-options.ts';
import type { Schema } from '../types.ts';
import type { FilePartitions } from './partitions.ts';

/** Which columns a frame has of what it reads: names, or names with the types they must have. */
export type FileColumns = readonly string[] | Schema;

/** The schema of a frame over {@link FileColumns}. */
export type FileSchema<C extends FileColumns> = C extends Schema ? C : Schema;

/** What all formats take. */
export interface FileOptions<C extends FileColumns> {
  /**
   * Rows per batch, default 8,192; at least 1. Results come out batch by batch: what only adds a file up
   * takes up to a third less time with 65,536, and more memory.
   */
  readonly batch?: number;
  /** The columns the frame has; by default all. */
  readonly columns?: C;
  /**
   * Columns that are not in the files but in the names of their folders, as in `country=DE/part-0.parquet`,
   * which is how `partitionBy` of `toParquetFiles` and its kin writes them: names, or names with types. They
   * come last. A type that is said neither here nor in `columns` is `utf8`. Default: none. Not of streams.
   */
  readonly partitions?: FilePartitions;
  /** Runs the plan on a thread of its own, too, as the option of `DataFrame` says; default `false`. */
  readonly thread?: boolean | ThreadOptions;
}

/** Options of `DataFrame.fromParquet`. */
export interface ParquetOptions<C extends FileColumns = FileColumns> extends FileOptions<C> {}

/** Options of `DataFrame.fromArrow`. */
export interface ArrowOptions<C extends FileColumns = FileColumns> extends FileOptions<C> {}

/** A record that is no row of its frame. */
export interface BadRow {
  /** The file that it is in; `stream` where it is in a stream. */
  readonly file: string;
  /** The line that it begins with, from 1. */
  readonly line: number;
  /** What is wrong with it: `column 'price' must be f64, got "x"`. */
  readonly reason: string;
  /** The record itself, bytes that are no UTF-8 replaced; of a line that is too long the beginning. */
  readonly text: string;
}

/**
 * What becomes of a record that is no row: `'error'` ends reading with a MillraceError (`ERR_BAD_ROW`)
 * that names its place and the reason, when all rows before it have been delivered; `'skip'` leaves it
 * out; a stream or a function gets it, and is waited for. All but `'error'` count it in `badRows` of `run`.
 */
export type BadRowPolicy<R = BadRow> = 'error' | 'skip' | Stream<R> | ((row: R) => unknown);

/** Options of `DataFrame.fromNdjson`. */
export interface NdjsonOptions<C extends FileColumns = FileColumns> extends FileOptions<C> {
  /** What becomes of a record that is no row. Default: `'error'`. */
  readonly onBadRow?: BadRowPolicy;
  /** Most bytes of a record, default 16 MiB, at most 1 GiB; a longer one is a bad row. */
  readonly maxLine?: number;
  /**
   * How many records the types of the columns are inferred from, where `columns` does not give them;
   * default 10,000, of the first mebibyte of a file.
   */
  readonly sampleRows?: number;
}

/** Options of `DataFrame.fromCsv`. */
export interface CsvOptions<C extends FileColumns = FileColumns> extends NdjsonOptions<C> {
  /**
   * Whether the first record of each file names its columns, which may then be in any order. Default:
   * true. Without, they are those of `columns` in its order, or are called `column1` and so on.
   */
  readonly header?: boolean;
  /** What is between two fields: one ASCII character. Default: `,`, for files that end in `.tsv` a tab. */
  readonly delimiter?: string;
  /** What is around fields that have a delimiter or a line end in them. Default: `"`. */
  readonly quote?: string;
  /** Texts, outside of quotes, that stand for a missing value, besides none at all. Default: none. */
  readonly nulls?: readonly string[];
}

/** The formats that there are readers for. */
export type FileFormat = 'ndjson' | 'csv' | 'parquet' | 'arrow';

const MOST_LINE = 2 ** 30;
const FILE_OPTIONS = ['batch', 'columns', 'partitions', 'thread'];
const NDJSON_OPTIONS = [...FILE_OPTIONS, 'onBadRow', 'maxLine', 'sampleRows'];
const KNOWN: Record<FileFormat, readonly string[]> = {
  parquet: FILE_OPTIONS,
  arrow: FILE_OPTIONS,
  ndjson: NDJSON_OPTIONS,
  csv: [...NDJSON_OPTIONS, 'header', 'delimiter', 'quote', 'nulls'],
};

/** Options after they were checked, as the native reader takes them. */
export interface ReaderSettings {
  readonly batch: number;
  readonly maxLine: number;
  readonly sampleRows: number;
  readonly header: boolean;
  readonly delimiter: string;
  readonly quote: string;
  readonly nulls: readonly string[];
  readonly onBadRow: BadRowPolicy;
}

/** Checks the options of a format. */
export function checkFileOptions(
  operator: string,
  format: FileFormat,
  given: CsvOptions | undefined,
  isTabbed: boolean,
): ReaderSettings {
  checkOptions(operator, given, KNOWN[format]);
  const options = given ?? {};
  const { onBadRow = 'error', header = true, nulls = [] } = options;
  const { delimiter = isTabbed ? '\t' : ',', quote = '"' } = options;
  const batch = checkCount(operator, 'batch', options.batch ?? 8192);
  const maxLine = checkCount(operator, 'maxLine', options.maxLine ?? 2 ** 24);
  if (maxLine > MOST_LINE) {
    throw new RangeError(
      `Cannot create ${operator}: maxLine must be at most ${MOST_LINE}, got ${maxLine}`,
    );
  }
  const sampleRows = checkCount(operator, 'sampleRows', options.sampleRows ?? 10_000);
  if (typeof header !== 'boolean') {
    throw new TypeError(
      `Cannot create ${operator}: header must be true or false, got ${shown(header)}`,
    );
  }
  checkDialect(operator, { delimiter, quote, nulls });
  checkBadRowPolicy(operator, onBadRow);
  return { batch, maxLine, sampleRows, header, delimiter, quote, nulls, onBadRow };
}

/** Checks what becomes of records that are no rows. */
export function checkBadRowPolicy(operator: string, policy: unknown): void {
  const isPolicy = policy === 'error' || policy === 'skip' || typeof policy === 'function';
  if (!isPolicy && !(policy instanceof Stream)) {
    throw new TypeError(
      `Cannot create ${operator}: onBadRow must be 'error', 'skip', a stream or a function, got ${shown(policy)}`,
    );
  }
}

/** Tells whoever is to be told of a record that is no row. */
export function tellBadRow<R>(policy: BadRowPolicy<R>, row: R, options?: EmitOptions): unknown {
  if (typeof policy === 'string') return undefined;
  return typeof policy === 'function' ? policy(row) : policy.emit(row, options);
}

/** Checks how CSV is written. */
export function checkDialect(
  operator: string,
  { delimiter, quote, nulls }: { delimiter: unknown; quote: unknown; nulls: unknown },
): void {
  checkCharacter(operator, 'delimiter', delimiter);
  checkCharacter(operator, 'quote', quote);
  if (delimiter === quote) {
    throw new RangeError(
      `Cannot create ${operator}: delimiter and quote must differ, got ${shown(delimiter)} twice`,
    );
  }
  if (!Array.isArray(nulls) || nulls.some((text) => typeof text !== 'string')) {
    throw new TypeError(
      `Cannot create ${operator}: nulls must be an array of texts, got ${shown(nulls)}`,
    );
  }
}

function checkCharacter(operator: string, name: string, value: unknown): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: any ASCII character may be one.
  if (typeof value !== 'string' || !/^[\x00-\x7f]$/.test(value) || /[\r\n]/.test(value)) {
    throw new TypeError(
      `Cannot create ${operator}: ${name} must be one ASCII character that ends no line, got ${shown(value)}`,
    );
  }
}

/** The columns that are wanted, with their types; undefined where these have to be looked up. */
export function declaredColumns(
  operator: string,
  wanted: FileColumns | undefined,
): readonly PlanColumn[] | undefined {
  if (wanted === undefined) return undefined;
  if (Array.isArray(wanted)) {
    if (wanted.length > 0 && wanted.every((name) => typeof name === 'string')) return undefined;
    throw new TypeError(
      `Cannot create ${operator}: columns must be names or a schema, got ${shown(wanted)}`,
    );
  }
  checkSchema(operator, wanted);
  return Object.entries(wanted).map(([name, type]) => ({ name, type }));
}

/** Those of a file's columns that are wanted. */
export function pickColumns(
  operator: string,
  all: readonly PlanColumn[],
  wanted: FileColumns | undefined,
): readonly PlanColumn[] {
  if (wanted === undefined) return all;
  const find = (name: string) => {
    const column = all.find((other) => other.name === name);
    if (column !== undefined) return column;
    throw new TypeError(
      `Cannot create ${operator}: no column ${shown(name)}, the file has ${all.map((other) => other.name).join(', ')}`,
    );
  };
  const declared = declaredColumns(operator, wanted);
  if (declared === undefined) return (wanted as readonly string[]).map(find);
  return declared.map(({ name, type }) => {
    const column = find(name);
    if (column.type === type) return column;
    throw new TypeError(
      `Cannot create ${operator}: column '${name}' is ${column.type}, wanted ${type}`,
    );
  });
}
