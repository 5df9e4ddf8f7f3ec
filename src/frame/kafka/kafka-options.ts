import type { KafkaOptions } from '../../connect/kafka-source.ts';
import { KAFKA_OPTIONS } from '../../connect/kafka-source.ts';
import { requireOneOf } from '../../graph/arguments.ts';
import { type Duration, parseDuration } from '../../time/duration.ts';
import { checkCount, checkOptions, checkSchema, shown } from '../checks.ts';
import { type BadRowPolicy, checkBadRowPolicy, checkDialect } from '../files/file-options.ts';
import type { PlanColumn } from '../plan/plan-node.ts';
import type { ThreadOptions } from '../plan/thread-options.ts';
import type { Merge, Schema } from '../types.ts';
import { SchemaRegistry } from './schema-registry.ts';

/** How the values of messages are written: see {@link KafkaFrameOptions.format}. */
export type KafkaFormat = 'json' | 'csv' | 'raw' | 'arrow' | 'avro';

/** What there is to know of a message besides its value, and the types of columns that hold it. */
export interface KafkaFields {
  readonly topic: 'utf8';
  readonly partition: 'i32';
  readonly offset: 'i64';
  /** When it was made, or by the topic's setting stored; missing where there is no time. */
  readonly timestamp: 'timestamp';
  /** As UTF-8; missing where there is none. */
  readonly key: 'utf8';
  /** An object of JSON, of each name its value as text, `null`, or an array where it is there again. */
  readonly headers: 'utf8';
}

/** Which of {@link KafkaFields} are columns: their names, or for each the name of its column. */
export type KafkaInclude =
  | readonly (keyof KafkaFields)[]
  | { readonly [F in keyof KafkaFields]?: string };

/** The columns of {@link KafkaInclude}. */
export type Included<I extends KafkaInclude> = I extends readonly (infer F)[]
  ? { readonly [P in F & keyof KafkaFields]: KafkaFields[P] }
  : { readonly [F in keyof I & keyof KafkaFields as I[F] & string]: KafkaFields[F] };

/** The schema of a frame with columns of values, and those of {@link KafkaInclude}. */
export type KafkaSchema<S extends Schema, I extends KafkaInclude> =
  Merge<S, Included<I>> extends infer T extends Schema ? T : never;

/** A message that is no row of its frame. */
export interface BadMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** What is wrong with it: `column 'price' must be f64, got "x"`. */
  readonly reason: string;
  /** Its value, bytes that are no UTF-8 replaced. */
  readonly text: string;
}

/** Options of `DataFrame.fromKafka`. */
export interface KafkaFrameOptions<C extends Schema = Schema, I extends KafkaInclude = KafkaInclude>
  extends Omit<KafkaOptions, 'decode' | 'end' | 'maxInFlight'> {
  /**
   * How values are written. Default: `'json'`, an object each, as `fromNdjson` reads them. `'csv'`: a line
   * each, its fields in the order of `columns`. `'raw'`: text, the one column. `'arrow'`: Arrow IPC, the
   * stream or the file format, as many rows as it has. `'avro'`: a record each, with `registry` in the form
   * of Confluent (a zero byte and the id of the schema before it), or with `schema` as it is.
   */
  readonly format?: KafkaFormat;
  /** The columns that values have. With `'raw'` it may be left out: `{ value: 'utf8' }`. */
  readonly columns?: C;
  /** What else is known of messages that is to be a column, after `columns`. Default: nothing. */
  readonly include?: I;
  /**
   * Most messages of a batch, default 8,192; at least 1. A batch has messages of one partition. A message
   * of Arrow with more rows is one batch.
   */
  readonly batch?: number;
  /** How long a message may wait for the rest of its batch. Default: 0, a batch has what is there. */
  readonly linger?: Duration;
  /**
   * What becomes of a message without a value: `'skip'` (default) makes no row of it, `'nulls'` one in
   * which `columns` are missing, which `include: ['key']` tells apart.
   */
  readonly tombstones?: 'skip' | 'nulls';
  /** What becomes of a message that is no row, see {@link BadRowPolicy}. Default: `'error'`. */
  readonly onBadRow?: BadRowPolicy<BadMessage>;
  /** Runs the plan on a thread of its own, as the option of `DataFrame` says; default `false`. */
  readonly thread?: boolean | ThreadOptions;
  /** Of CSV, what is between two fields: one ASCII character. Default: `,`. */
  readonly delimiter?: string;
  /** Of CSV, what is around fields that have a delimiter in them. Default: `"`. */
  readonly quote?: string;
  /** Of CSV, texts without quotes that stand for a missing value, besides none at all. */
  readonly nulls?: readonly string[];
  /** Of Avro, the schema registry, such as `https://user:password@host:8081`. */
  readonly registry?: string | URL;
  /** Of Avro, the schema that all values were written with, instead of a registry. */
  readonly schema?: string | object;
}

const FIELDS: KafkaFields = {
  topic: 'utf8',
  partition: 'i32',
  offset: 'i64',
  timestamp: 'timestamp',
  key: 'utf8',
  headers: 'utf8',
};

const FORMATS: readonly KafkaFormat[] = ['json', 'csv', 'raw', 'arrow', 'avro'];

const OWN_OPTIONS = [
  'format',
  'columns',
  'include',
  'batch',
  'linger',
  'tombstones',
  'onBadRow',
  'thread',
  'delimiter',
  'quote',
  'nulls',
  'registry',
  'schema',
];

/** The names of {@link KafkaFrameOptions}, to check what was given against. */
export const KAFKA_FRAME_OPTIONS: readonly string[] = [
  ...KAFKA_OPTIONS.filter((name) => !['decode', 'end', 'maxInFlight'].includes(name)),
  ...OWN_OPTIONS,
];

/** {@link KafkaFrameOptions} after they were checked. */
export interface KafkaDecoding {
  /** Those of values, then those of `fields`. */
  readonly columns: readonly PlanColumn[];
  readonly onBadRow: BadRowPolicy<BadMessage>;
  readonly batch: number;
  /** Milliseconds. */
  readonly linger: number;
  readonly registry: SchemaRegistry | undefined;
  /** What the addon is told, but for which columns are wanted. */
  readonly spec: object;
}

/** Checks what a frame of Kafka adds to the options of the source. */
export function kafkaDecoding(operator: string, given: KafkaFrameOptions): KafkaDecoding {
  checkOptions(operator, given, KAFKA_FRAME_OPTIONS);
  const options = given ?? {};
  const { format = 'json', tombstones = 'skip', onBadRow = 'error', linger = 0 } = options;
  const { delimiter = ',', quote = '"', nulls = [], registry, schema } = options;
  requireOneOf(operator, 'format', format, FORMATS);
  requireOneOf(operator, 'tombstones', tombstones, ['skip', 'nulls']);
  checkBadRowPolicy(operator, onBadRow);
  checkDialect(operator, { delimiter, quote, nulls });
  const values = valueColumns(operator, format, options.columns);
  const fields = includedColumns(operator, options.include ?? []);
  const columns = [...values, ...fields.map(({ column }) => column)];
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new TypeError(
      `Cannot create ${operator}: columns must have different names, got ${names.join(', ')}`,
    );
  }
  if (format !== 'avro' && (registry !== undefined || schema !== undefined)) {
    throw new TypeError(`Cannot create ${operator}: registry and schema are for format 'avro'`);
  }
  if (format === 'avro' && (registry === undefined) === (schema === undefined)) {
    throw new TypeError(
      `Cannot create ${operator}: format 'avro' must have a registry or a schema, and not both`,
    );
  }
  return {
    columns,
    onBadRow,
    batch: checkCount(operator, 'batch', options.batch ?? 8192),
    linger: parseDuration(linger, operator),
    registry: registry === undefined ? undefined : new SchemaRegistry(operator, registry),
    spec: {
      format,
      columns,
      fields: fields.map(({ field }) => field),
      tombstones: tombstones === 'nulls',
      strict: onBadRow === 'error',
      delimiter,
      quote,
      nulls,
      schema: schemaText(operator, schema),
    },
  };
}

function schemaText(operator: string, schema: unknown): string | null {
  if (schema === undefined) return null;
  if (typeof schema === 'object' && schema !== null) return JSON.stringify(schema);
  try {
    // A text that is no JSON may be meant as the name of a type.
    return JSON.stringify(JSON.parse(schema as string));
  } catch {
    throw new TypeError(
      `Cannot create ${operator}: schema must be an object or JSON, got ${shown(schema)}`,
    );
  }
}

function valueColumns(
  operator: string,
  format: KafkaFormat,
  schema: Schema | undefined,
): readonly PlanColumn[] {
  if (schema === undefined && format === 'raw') return [{ name: 'value', type: 'utf8' }];
  checkSchema(operator, schema);
  const columns = Object.entries(schema).map(([name, type]) => ({ name, type }));
  if (format === 'raw' && (columns.length !== 1 || columns[0]!.type !== 'utf8')) {
    throw new TypeError(
      `Cannot create ${operator}: columns of format 'raw' must be one of utf8, got ${shown(schema)}`,
    );
  }
  return columns;
}

function includedColumns(
  operator: string,
  include: KafkaInclude,
): { field: keyof KafkaFields; column: PlanColumn }[] {
  const named: [string, unknown][] = Array.isArray(include)
    ? include.map((field) => [String(field), String(field)])
    : Object.entries(Object(include) as object);
  return named.map(([field, name]) => {
    if (!Object.hasOwn(FIELDS, field) || typeof name !== 'string' || name === '') {
      throw new TypeError(
        `Cannot create ${operator}: include must be of ${Object.keys(FIELDS).join(', ')}, got ${shown(include)}`,
      );
    }
    const known = field as keyof KafkaFields;
    return { field: known, column: { name, type: FIELDS[known] } };
  });
}
