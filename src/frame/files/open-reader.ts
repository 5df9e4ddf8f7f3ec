import { crossing } from '../../native/errors.ts';
import { openReader, type Reader } from '../../native/plan.ts';
import type { PlanColumn } from '../plan/plan-node.ts';
import type { ThreadOptions } from '../plan/thread-options.ts';
import type { ColumnType } from '../types.ts';
import {
  type BadRowPolicy,
  type CsvOptions,
  checkFileOptions,
  declaredColumns,
  type FileColumns,
  type FileFormat,
  pickColumns,
} from './file-options.ts';
import { type ByteStream, bytesOf, type Origin, originOf } from './file-source.ts';
import { partitionColumns, partitionValues } from './partitions.ts';

/** How much of a stream is waited for, to infer its columns from. */
const SAMPLE_BYTES = 65_536;
/** The most that may come before the columns of an Arrow stream are known. */
const MOST_SAMPLE_BYTES = 2 ** 26;

/** What a frame reads. */
export interface FrameReader {
  readonly reader: Reader;
  readonly onBadRow: BadRowPolicy;
  /** The chunks of a stream that is fed to the reader; none for files. */
  readonly chunks: AsyncIterable<unknown> | undefined;
}

/** A reader and the columns a frame has of it. */
export interface OpenedReader extends FrameReader {
  /** All columns, those that folders stand for as text. */
  readonly columns: readonly PlanColumn[];
  /** Those that the frame has, with their types there. */
  readonly picked: readonly PlanColumn[];
  readonly name: string;
  readonly operator: string;
  readonly thread: boolean | ThreadOptions;
}

/**
 * Opens files or a stream and finds out their columns. A promise where a stream has to be read for
 * that.
 */
export function openFrame(
  format: FileFormat,
  operator: string,
  source: unknown,
  options: CsvOptions | undefined,
): OpenedReader | Promise<OpenedReader> {
  const origin = originOf(operator, source);
  const isTabbed = 'files' in origin && /\.tsv(\.\w+)?$/.test(origin.files[0]!);
  const settings = checkFileOptions(operator, format, options, isTabbed);
  const { onBadRow, ...rest } = settings;
  const wanted = options?.columns;
  const declared = declaredColumns(operator, wanted);
  const partitions = partitionColumns(operator, options?.partitions, declared);
  const isPartition = ({ name }: PlanColumn) => partitions.some((column) => column.name === name);
  if (partitions.length > 0 && !('files' in origin)) {
    throw new TypeError(
      `Cannot create ${operator}: a stream lies in no folder, and has no partitions`,
    );
  }
  const hasSchema = format === 'parquet' || format === 'arrow';
  const spec = JSON.stringify({
    ...rest,
    format,
    name: origin.name,
    files: 'files' in origin ? origin.files : null,
    columns: hasSchema ? null : (declared?.filter((column) => !isPartition(column)) ?? null),
    partitions: partitions.map(({ name }) => name),
    partitionValues:
      'files' in origin ? origin.files.map((path) => partitionValues(path, partitions)) : [],
    strict: onBadRow === 'error',
  });
  const opened = (sample?: Uint8Array, chunks?: AsyncIterable<unknown>): OpenedReader => {
    const reader = openReader(spec, sample);
    const { columns, picked } = columnsOf(operator, reader, wanted, partitions);
    const { thread = false } = options ?? {};
    return { reader, onBadRow, chunks, columns, picked, name: origin.name, operator, thread };
  };
  if ('files' in origin) return opened();
  if (format === 'parquet') {
    throw new TypeError(
      `Cannot create ${operator}: Parquet is read from its end, it must be a file, got a stream`,
    );
  }
  if (declared !== undefined && !hasSchema) return opened(undefined, origin.stream);
  return sampled(origin, format === 'arrow', opened);
}

function columnsOf(
  operator: string,
  reader: Reader,
  wanted: FileColumns | undefined,
  partitions: readonly PlanColumn[],
) {
  const columns = JSON.parse(crossing(() => reader.schema())) as {
    name: string;
    type: ColumnType;
  }[];
  const all = columns.map((column, i): PlanColumn => {
    const name = partitions.find((other) => other.name === column.name);
    if (name === undefined) return column;
    if (i < columns.length - partitions.length) {
      throw new TypeError(
        `Cannot create ${operator}: column '${column.name}' of partitions is in the files too`,
      );
    }
    return name.type === column.type ? column : name;
  });
  return { columns, picked: pickColumns(operator, all, wanted) };
}

/** Reads as much of a stream as its columns are known from; what was read comes first then. */
async function sampled(
  { stream }: Extract<Origin, { stream: ByteStream }>,
  isArrow: boolean,
  opened: (sample: Uint8Array, chunks: AsyncIterable<unknown>) => OpenedReader,
): Promise<OpenedReader> {
  const iterator: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await iterator.next();
    if (!done) head = Buffer.concat([head, bytesOf(value)]);
    const isEnough = done || head.length >= (isArrow ? MOST_SAMPLE_BYTES : SAMPLE_BYTES);
    if (!isEnough && !isArrow) continue;
    try {
      return opened(head, rejoined(head, done ? undefined : iterator));
    } catch (error) {
      if (!isEnough) continue;
      await iterator.return?.();
      throw error;
    }
  }
}

async function* rejoined(
  head: Uint8Array,
  rest: AsyncIterator<unknown> | undefined,
): AsyncGenerator<unknown> {
  yield head;
  if (rest === undefined) return;
  try {
    for (;;) {
      const { done, value } = await rest.next();
      if (done) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}
