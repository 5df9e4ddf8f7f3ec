import { MillraceError } from '../errors.ts';
import { checkOptions, shown } from '../frame/checks.ts';
import type { Column } from '../frame/output/column.ts';
import { Table } from '../frame/output/table.ts';
import { describe, requireBoolean, requireOneOf } from '../graph/arguments.ts';
import { writeTables } from '../native/plan.ts';
import { BATCHING_OPTIONS, type BatchingOptions, Sink, type SinkBatch } from './batch-sink.ts';

/** Options of {@link toParquetFiles}, {@link toNdjsonFiles}, {@link toCsvFiles} and {@link toArrowFiles}. */
export interface FilesSinkOptions extends BatchingOptions {
  /**
   * Columns by whose values rows are divided into folders `column=value`, one within the other. They are
   * not written into the files. A missing value is `__HIVE_DEFAULT_PARTITION__`. Default: none.
   */
  readonly partitionBy?: readonly string[];
  /** How files are packed; `none` is the only one for Arrow. Default: `none`, for Parquet `zstd`. */
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /**
   * Whether files are on the disk (fsync), so that they survive a power failure, before they get their
   * names and are acknowledged. Default: true.
   */
  readonly sync?: boolean;
}

/** Options of {@link toCsvFiles}. */
export interface CsvFilesSinkOptions extends FilesSinkOptions {
  /** What is between two fields: one ASCII character. Default: `,`. */
  readonly delimiter?: string;
}

/** A file that a sink has written. */
export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  /** Its size. */
  readonly bytes: number;
}

/** What is written: a table of any columns. */
export interface WritableTable {
  readonly numRows: number;
  readonly columns: readonly Column[];
}

type Format = 'ndjson' | 'csv' | 'parquet' | 'arrow';

/**
 * A sink that writes tables to Parquet files in a folder, for `frame.to`.
 *
 * Each batch becomes a file of a name of its own, with `partitionBy` one for each partition; default `{
 * size: 10000, bytes: 64 MiB, linger: '10s' }`, of tables and of their bytes in memory. It is encoded
 * natively, off the thread of JavaScript, under a hidden name, and gets its own when it is complete and
 * on the disk, in one step: whoever lists the folder sees whole files. Then the tables are acknowledged,
 * and the list of files is passed on, once for each table.
 *
 * Where writing fails, on a full disk for instance, what was written is removed and the batch is tried
 * again or disposed of, as `onError` says; another attempt at it writes files of the same names, so that
 * no row comes twice.
 *
 * @param folder where to; it is made where it is not there
 * @throws TypeError or RangeError for a wrong argument; a batch that cannot be written fails with a
 * MillraceError (`ERR_IO`)
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { DataFrame, toParquetFiles } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * const written = trades.to(toParquetFiles(folder, { partitionBy: ['symbol'] })).sinkToList();
 * trades.emit({ symbol: ['A', 'B', 'A'], price: [1, 2, 3] });
 * await trades.end();
 * assert.deepEqual(written[0]?.map(({ rows }) => rows), [2, 1]);
 *
 * const again = DataFrame.fromParquet(join(folder, 'symbol=A', '*.parquet'));
 * const totals = again.sum().sinkToList();
 * await again.run();
 * assert.deepEqual(totals.at(-1)?.toRows(), [{ price: 4 }]);
 * await rm(folder, { recursive: true });
 * ```
 */
export function toParquetFiles(folder: string, options?: FilesSinkOptions): FilesSink {
  return new FilesSink('toParquetFiles', 'parquet', folder, options, { compression: 'zstd' });
}

/**
 * A sink that writes tables to files of JSON, one object per line, as {@link toParquetFiles} writes
 * Parquet. Missing values are `null`, as are NaN and the infinities, which JSON has not; times are text
 * in ISO 8601.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, readFile, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { DataFrame, toNdjsonFiles } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * const written = trades.to(toNdjsonFiles(folder)).sinkToList();
 * trades.emit({ symbol: ['A', null], price: [1, 2.5] });
 * await trades.end();
 * assert.equal(
 *   await readFile(written[0]![0]!.path, 'utf8'),
 *   '{"symbol":"A","price":1}\n{"symbol":null,"price":2.5}\n',
 * );
 * await rm(folder, { recursive: true });
 * ```
 */
export function toNdjsonFiles(folder: string, options?: FilesSinkOptions): FilesSink {
  return new FilesSink('toNdjsonFiles', 'ndjson', folder, options, {});
}

/**
 * A sink that writes tables to CSV files with a header, as {@link toParquetFiles} writes Parquet. A
 * missing value is an empty field, empty text is in quotes; `fromCsv` reads back what was written.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, readFile, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { DataFrame, toCsvFiles } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * const written = trades.to(toCsvFiles(folder, { delimiter: ';' })).sinkToList();
 * trades.emit({ symbol: ['A;B', null, ''], price: [1, 2.5, null] });
 * await trades.end();
 * assert.equal(await readFile(written[0]![0]!.path, 'utf8'), 'symbol;price\n"A;B";1\n;2.5\n"";\n');
 * await rm(folder, { recursive: true });
 * ```
 */
export function toCsvFiles(folder: string, options?: CsvFilesSinkOptions): FilesSink {
  return new FilesSink('toCsvFiles', 'csv', folder, options, {});
}

/**
 * A sink that writes tables to Arrow IPC files, as {@link toParquetFiles} writes Parquet.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { DataFrame, toArrowFiles } from 'millrace';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
 * const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
 * trades.to(toArrowFiles(folder));
 * trades.emit({ symbol: ['A', 'B'], price: [1, 2] });
 * await trades.end();
 *
 * const again = DataFrame.fromArrow(join(folder, '*.arrow'));
 * assert.deepEqual(again.schema, { symbol: 'utf8', price: 'f64' });
 * await rm(folder, { recursive: true });
 * ```
 */
export function toArrowFiles(folder: string, options?: FilesSinkOptions): FilesSink {
  return new FilesSink('toArrowFiles', 'arrow', folder, options, {});
}

const encoder = new TextEncoder();
const DEFAULT_BATCH = { size: 10_000, bytes: 64 * 2 ** 20, linger: '10s' } as const;
const NO_BYTES = new Uint8Array(0);

/** What {@link toParquetFiles} and its like return. */
export class FilesSink extends Sink<WritableTable, readonly WrittenFile[], WritableTable> {
  readonly #folder: string;
  readonly #format: Format;
  readonly #delimiter: string;
  readonly #packing: string;
  readonly #partitionBy: readonly string[];
  readonly #sync: boolean;

  constructor(
    name: string,
    format: Format,
    folder: string,
    options: CsvFilesSinkOptions = {},
    defaults: { readonly compression?: 'zstd' } = {},
  ) {
    if (typeof folder !== 'string' || folder === '') {
      throw new TypeError(`Cannot create ${name}: folder must be a path, got ${describe(folder)}`);
    }
    const known = [...BATCHING_OPTIONS, 'partitionBy', 'compression', 'sync'];
    checkOptions(name, options, format === 'csv' ? [...known, 'delimiter'] : known);
    const { partitionBy = [], sync = true, delimiter = ',' } = options;
    const { compression = defaults.compression ?? 'none' } = options;
    if (!Array.isArray(partitionBy) || partitionBy.some((key) => typeof key !== 'string')) {
      throw new TypeError(
        `Cannot create ${name}: partitionBy must be names of columns, got ${shown(partitionBy)}`,
      );
    }
    requireOneOf(
      name,
      'compression',
      compression,
      format === 'arrow' ? ['none'] : ['none', 'gzip', 'zstd'],
    );
    requireBoolean(name, 'sync', sync);
    if (typeof delimiter !== 'string' || !/^[^"\r\n\x80-\uffff]$/.test(delimiter)) {
      throw new TypeError(
        `Cannot create ${name}: delimiter must be one ASCII character that is no quote and ends no line, got ${shown(delimiter)}`,
      );
    }
    super(name, options, DEFAULT_BATCH);
    this.#folder = folder;
    this.#format = format;
    this.#delimiter = delimiter;
    this.#packing = compression;
    this.#partitionBy = partitionBy;
    this.#sync = sync;
  }

  override encode(table: WritableTable): WritableTable {
    if (!(table instanceof Table)) {
      throw new TypeError(`Cannot ${this.name}: elements must be tables, got ${shown(table)}`);
    }
    const names = table.columns.map(({ name }) => name);
    for (const key of this.#partitionBy) {
      if (!names.includes(key)) {
        throw new TypeError(
          `Cannot ${this.name}: no column ${shown(key)} to partition by, the table has ${names.join(', ')}`,
        );
      }
    }
    if (names.every((name) => this.#partitionBy.includes(name))) {
      throw new TypeError(
        `Cannot ${this.name}: there must be a column that is not in partitionBy, got ${names.join(', ')}`,
      );
    }
    return table;
  }

  override sizeOf({ numRows, columns }: WritableTable): number {
    return numRows * columns.length * 8;
  }

  override async write({
    elements: tables,
    id,
  }: SinkBatch<WritableTable>): Promise<readonly (readonly WrittenFile[])[]> {
    const { columns } = tables[0]!;
    const spec = JSON.stringify({
      folder: this.#folder,
      name: `part-${id}`,
      format: this.#format,
      delimiter: this.#delimiter,
      packing: this.#packing,
      columns: columns.map(({ name, type }) => ({ name, type })),
      partitionBy: this.#partitionBy,
      sync: this.#sync,
      rows: tables.map(({ numRows }) => numRows),
    });
    const buffers = tables.flatMap((table) => table.columns.flatMap(buffersOf));
    const outcome = JSON.parse(await writeTables(spec, buffers)) as
      | { readonly files: readonly WrittenFile[] }
      | { readonly code: string; readonly message: string };
    if ('message' in outcome) throw new MillraceError(outcome.code, outcome.message);
    return tables.map(() => outcome.files);
  }
}

/** The memory of a column, as `writeTables` takes it. */
function buffersOf(column: Column): Uint8Array[] {
  const validity = column.validity ?? NO_BYTES;
  const values: unknown = column.values;
  if (ArrayBuffer.isView(values)) {
    return [new Uint8Array(values.buffer, values.byteOffset, values.byteLength), validity];
  }
  return [...textOf(values as readonly (string | null)[]), validity];
}

/** Strings as offsets and UTF-8 text. */
function textOf(strings: readonly (string | null)[]): [Uint8Array, Uint8Array] {
  const offsets = new Int32Array(strings.length + 1);
  let length = 0;
  for (const text of strings) length += text === null ? 0 : text.length;
  // Most text takes a byte for each character, and none more than three.
  let bytes = new Uint8Array(length + 16);
  let end = 0;
  for (let i = 0; i < strings.length; i++) {
    const text = strings[i]!;
    if (text !== null) {
      const most = end + 3 * text.length;
      if (most > bytes.length && end + text.length <= bytes.length) {
        const { read, written } = encoder.encodeInto(text, bytes.subarray(end));
        if (read === text.length) {
          end += written;
          offsets[i + 1] = end;
          continue;
        }
      }
      if (most > bytes.length) {
        const more = new Uint8Array(Math.max(most, 2 * bytes.length));
        more.set(bytes);
        bytes = more;
      }
      end += encoder.encodeInto(text, bytes.subarray(end)).written;
    }
    offsets[i + 1] = end;
  }
  return [new Uint8Array(offsets.buffer), bytes.subarray(0, end)];
}
