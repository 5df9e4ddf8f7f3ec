import type { DataFrame, DataFrameMethods } from './data-frame.ts';
import type {
  ArrowOptions,
  CsvOptions,
  FileColumns,
  FileSchema,
  NdjsonOptions,
  ParquetOptions,
} from './files/file-options.ts';
import type { ByteStream, FilePaths } from './files/file-source.ts';
import type { ColumnSourceOptions } from './input/column-source.ts';
import type { KafkaFrame } from './kafka/kafka-frame.ts';
import type { KafkaFrameOptions, KafkaInclude, KafkaSchema } from './kafka/kafka-options.ts';
import type { Schema } from './types.ts';

/** How frames are made. */
export interface DataFrameConstructor {
  new <const S extends Schema>(schema: S, options?: ColumnSourceOptions): DataFrame<S>;
  /**
   * A frame that reads records of JSON, one object per line: build the graph on it, then `await
   * frame.run()`. Records are decoded natively, on a thread of their own, `batch` rows at a time, no
   * more than a few batches ahead of the graph; gzip and zstd are unpacked. Only columns that the graph
   * uses are made; a file is never whole in memory.
   *
   * Fields that are no columns are passed over, columns without a field are missing. Times are text in
   * ISO 8601, or milliseconds since 1970; a `utf8` column holds a string as it is, and anything else as
   * its JSON text.
   *
   * @param source paths and patterns of files, or a stream of bytes such as `process.stdin`
   * @param options `columns`: names, or a schema, without which columns and types are inferred from the
   * first records: of a stream that gives a promise of the frame. `batch`: rows per batch, default 8,192.
   * `onBadRow`: see {@link BadRowPolicy}. `maxLine`: most bytes of a record, default 16 MiB
   * @throws MillraceError for a file that is missing or has no records to infer from
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Readable } from 'node:stream';
   * import { DataFrame } from 'millrace';
   *
   * const lines = Readable.from(['{"symbol":"A","price":1}\n{"symbol":"B","pr', 'ice":2}\nnonsense\n']);
   * const bad: number[] = [];
   * const trades = DataFrame.fromNdjson(lines, {
   *   columns: { symbol: 'utf8', price: 'f64' },
   *   onBadRow: ({ line }) => bad.push(line),
   * });
   * const totals = trades.price.sum().sinkToList();
   * const { rows, badRows } = await trades.run();
   * assert.deepEqual([rows, badRows, bad, totals.at(-1)], [2, 1, [3], 3]);
   * ```
   */
  fromNdjson<const C extends FileColumns = readonly string[]>(
    source: FilePaths,
    options?: NdjsonOptions<C>,
  ): DataFrame<FileSchema<C>>;
  fromNdjson<const S extends Schema>(
    source: ByteStream,
    options: NdjsonOptions<S> & { readonly columns: S },
  ): DataFrame<S>;
  fromNdjson(source: ByteStream, options?: NdjsonOptions<readonly string[]>): Promise<DataFrame>;
  /**
   * A frame that reads CSV, as {@link DataFrameConstructor.fromNdjson} reads JSON. Fields are quoted as in
   * RFC 4180, records end with a line feed, with or without a carriage return. A field that is empty and
   * not quoted is missing. Records with too many or too few fields are bad rows.
   *
   * @param source paths and patterns of files, or a stream of bytes
   * @param options those of `fromNdjson`, and `header`, `delimiter`, `quote`, `nulls`, see {@link CsvOptions}
   * @throws MillraceError for a file that is missing or has no records to infer from
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Readable } from 'node:stream';
   * import { DataFrame } from 'millrace';
   *
   * const body = Readable.from([Buffer.from('day,origin,delay\n2001-01-01,"SEA",5\n2001-01-02,SFO,\n')]);
   * const flights = await DataFrame.fromCsv(body);
   * assert.deepEqual(flights.schema, { day: 'date', origin: 'utf8', delay: 'i64' });
   * const tables = flights.select('origin', 'delay').sinkToList();
   * await flights.run();
   * assert.deepEqual(tables[0]?.toColumns(), { origin: ['SEA', 'SFO'], delay: [5, null] });
   * ```
   */
  fromCsv<const C extends FileColumns = readonly string[]>(
    source: FilePaths,
    options?: CsvOptions<C>,
  ): DataFrame<FileSchema<C>>;
  fromCsv<const S extends Schema>(
    source: ByteStream,
    options: CsvOptions<S> & { readonly columns: S },
  ): DataFrame<S>;
  fromCsv(source: ByteStream, options?: CsvOptions<readonly string[]>): Promise<DataFrame>;
  /**
   * A frame that reads Parquet files: build the graph on it, then `await frame.run()`. Only columns
   * that the graph uses are decoded, natively, `batch` rows at a time; a file is never whole in
   * memory. Columns of lists, structs and decimals are left out. Throws a MillraceError for a file that
   * is missing or damaged.
   *
   * @param source paths and patterns of files
   * @param options `batch`: rows per batch, default 8,192; `columns`: names, or a schema, which types
   * the frame and is checked against the file; `thread`: reads and computes on a thread of its own
   */
  fromParquet<const C extends FileColumns = readonly string[]>(
    source: FilePaths,
    options?: ParquetOptions<C>,
  ): DataFrame<FileSchema<C>>;
  /**
   * A frame that reads Arrow IPC, files and streams, as `fromParquet` reads Parquet. Of a stream of bytes
   * it is a promise, as the columns come with the first of them.
   *
   * @param source paths and patterns of files, or a stream of bytes
   * @param options `batch`: rows per batch, default 8,192; `columns`: names, or a schema, which types
   * the frame and is checked against the file
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { tableFromArrays, tableToIPC } from 'apache-arrow';
   * import { DataFrame } from 'millrace';
   *
   * async function* body() {
   *   yield tableToIPC(tableFromArrays({ price: Float64Array.of(1, 2, 3) }), 'stream');
   * }
   * const trades = await DataFrame.fromArrow(body());
   * const totals = trades.sum().sinkToList();
   * await trades.run();
   * assert.deepEqual(totals.at(-1)?.toRows(), [{ price: 6 }]);
   * ```
   */
  fromArrow<const C extends FileColumns = readonly string[]>(
    source: FilePaths,
    options?: ArrowOptions<C>,
  ): DataFrame<FileSchema<C>>;
  fromArrow<const C extends FileColumns = readonly string[]>(
    source: ByteStream,
    options?: ArrowOptions<C>,
  ): Promise<DataFrame<FileSchema<C>>>;
  /**
   * A frame of the messages of Kafka topics, as a member of a consumer group: build the graph on it, then
   * `void frame.start()`. Values are decoded natively, on the thread of the consumer, straight into columns,
   * a batch of one partition at a time; JavaScript is called once per batch, and columns that no sink needs
   * are not made.
   *
   * At least once: a batch is committed when its results are done with, and those of every batch before it
   * in its partition: functions have returned, or what they promised has resolved; sinks (`frame.to(sink)`)
   * have written; elements of `toStream()` have settled. Rows that a window or a group of the plan keeps
   * count as done. While more than `maxBytes` are not, the partitions are paused. A batch that fails is read
   * again after `retryDelay`, where `onError` says that the source goes on; otherwise it fails the source.
   *
   * A tombstone makes no row unless `tombstones` says so. What a message that is no row becomes is said by
   * `onBadRow`: with `'error'` the source fails, when everything before was delivered, and nothing from there
   * on is committed.
   *
   * ```ts needs-kafka
   * import assert from 'node:assert/strict';
   * import { Kafka } from 'kafkajs';
   * import { DataFrame, Stream, toKafka } from 'millrace';
   *
   * const url = process.env.KAFKA_URL ?? 'kafka://127.0.0.1:9092';
   * const { host, username, password } = new URL(url);
   * const sasl = { mechanism: 'plain', username, password } as const;
   * const admin = new Kafka({ brokers: [host], sasl }).admin();
   * await admin.connect();
   * await admin.createTopics({ topics: [{ topic: 'ticks' }], waitForLeaders: true });
   * await admin.disconnect();
   *
   * const ticks = new Stream<object>();
   * ticks.to(toKafka('ticks', { url }));
   * ticks.emitMany([{ key: 'A', value: 1 }, { key: 'B', value: 2 }, { key: 'A', value: 3 }]);
   * await ticks.end();
   *
   * const frame = DataFrame.fromKafka('ticks', {
   *   url,
   *   group: 'means',
   *   columns: { key: 'utf8', value: 'f64' },
   *   include: ['offset'],
   * });
   * const done = new Promise<void>((resolve) => {
   *   frame.offset.max().sink((offset) => {
   *     if (offset === 2) resolve();
   *   });
   * });
   * const means = frame.groupBy('key').value.mean().sinkToList();
   * void frame.start();
   * await done;
   * await frame.stop();
   * assert.deepEqual(means.at(-1)?.toRows(), [
   *   { key: 'A', value: 2 },
   *   { key: 'B', value: 2 },
   * ]);
   * ```
   *
   * @param topics a name or several; one that begins with `^` is a pattern
   * @param options those of `fromKafka`, and `format`, `columns`, `include` and others of
   * {@link KafkaFrameOptions}
   * @throws TypeError or RangeError for a wrong argument
   */
  fromKafka<const S extends Schema = { value: 'utf8' }, const I extends KafkaInclude = []>(
    topics: string | readonly string[],
    options: KafkaFrameOptions<S, I>,
  ): KafkaFrame<KafkaSchema<S, I>>;
  readonly prototype: DataFrameMethods<Schema>;
}
