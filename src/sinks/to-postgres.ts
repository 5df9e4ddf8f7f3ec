import type { Client } from 'pg';
import { importPeer } from '../connect/import-peer.ts';
import {
  connectPostgres,
  isRefusedByPostgres,
  POSTGRES_PROTOCOLS,
  type PostgresClientOptions,
  quoteName,
} from '../connect/postgres-client.ts';
import { columnsOf, copyLine, insertStatements, type Row } from '../connect/postgres-rows.ts';
import { ServerAddress } from '../connect/server-address.ts';
import { MillraceError } from '../errors.ts';
import {
  describe,
  requireBoolean,
  requireFunction,
  requireOptions,
  requireText,
} from '../graph/arguments.ts';
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  Sink,
  type SinkBatch,
  type SinkContext,
} from './batch-sink.ts';

/** Options of {@link toPostgres}. */
export interface PostgresSinkOptions<T> extends BatchingOptions {
  /** Such as `postgres://user:password@host:5432/database?sslmode=require`. */
  readonly url: string | URL;
  /** An element's row, by column. Default: the element, which then has to be an object. */
  readonly row?: (element: T) => Row;
  /**
   * Columns by which a row is known that is there already: it is updated, so that a row that is written
   * twice is there once. They need a unique index. Default: every element inserts a row.
   */
  readonly upsert?: readonly string[];
  /**
   * Write with `COPY`, which is faster and knows no upsert. Objects and arrays are then written as JSON.
   * Default: false.
   */
  readonly copy?: boolean;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: PostgresClientOptions;
}

/**
 * A sink that writes elements as rows of a PostgreSQL table, for `stream.to`.
 *
 * Rows are written in batches, default `{ size: 500 }`, each in one transaction: all of it is there, or
 * nothing. An element is acknowledged when its transaction has been committed. A column that an element
 * lacks has its default. Values go as the package `pg` takes them: numbers, text, booleans, bigints, dates,
 * buffers, null, arrays as arrays, objects as JSON.
 *
 * A batch that the server refuses for what is in it (a constraint, a type) is halved until the rows at
 * fault stand alone, and the others are written; those fail with `ERR_REFUSED`. Where a connection breaks
 * during a commit, a policy that tries again may insert twice: use `upsert`.
 *
 * Needs the package `pg`, with `copy` also `pg-copy-streams`. Throws a TypeError or RangeError for a wrong
 * argument.
 *
 * ```ts needs-postgres
 * import assert from 'node:assert/strict';
 * import pg from 'pg';
 * import { Stream, toPostgres } from 'millrace';
 *
 * const url = process.env.POSTGRES_URL ?? 'postgres://localhost/postgres';
 * const client = new pg.Client(url);
 * await client.connect();
 * await client.query('CREATE TABLE prices (symbol text PRIMARY KEY, price float8)');
 *
 * const prices = new Stream<{ symbol: string; price: number }>();
 * prices.to(toPostgres('prices', { url, upsert: ['symbol'] })).onError({ retry: { attempts: 5 } });
 * prices.emitMany([{ symbol: 'A', price: 1 }, { symbol: 'B', price: 2 }, { symbol: 'A', price: 3 }]);
 * await prices.end();
 *
 * const { rows } = await client.query('SELECT * FROM prices ORDER BY symbol');
 * assert.deepEqual(rows, [{ symbol: 'A', price: 3 }, { symbol: 'B', price: 2 }]);
 * await client.end();
 * ```
 *
 * @param table its name, which may have a schema: `public.prices`
 */
export function toPostgres<T>(table: string, options: PostgresSinkOptions<T>): PostgresSink<T> {
  return new PostgresSink(table, options);
}

/** What {@link toPostgres} returns. */
export class PostgresSink<T> extends Sink<T, T, Row> {
  readonly #table: string;
  readonly #row: (element: T) => Row;
  readonly #upsert: readonly string[];
  readonly #copy: boolean;
  readonly #address: ServerAddress;
  readonly #options: PostgresClientOptions;
  readonly #action: string;
  #client: Client | undefined;
  #lost: () => void = () => undefined;

  constructor(table: string, options: PostgresSinkOptions<T>) {
    requireText('toPostgres', 'table', table);
    const known = [...BATCHING_OPTIONS, 'url', 'row', 'upsert', 'copy', 'client'];
    requireOptions('toPostgres', options, known);
    const { url, row, upsert = [], copy = false, client = {} } = options ?? {};
    if (row !== undefined) requireFunction('toPostgres', 'row', row);
    requireBoolean('toPostgres', 'copy', copy);
    if (!Array.isArray(upsert)) {
      throw new TypeError(
        `Cannot create toPostgres: upsert must be an array of columns, got ${describe(upsert)}`,
      );
    }
    for (const column of upsert) requireText('toPostgres', 'upsert', column);
    if (copy && upsert.length > 0) {
      throw new TypeError('Cannot create toPostgres: copy and upsert were both given, wanted one');
    }
    const address = new ServerAddress('toPostgres', url, POSTGRES_PROTOCOLS, client);
    super('toPostgres', options, { size: 500 });
    this.#table = table;
    this.#row = row ?? ((element) => element as Row);
    this.#upsert = [...upsert];
    this.#copy = copy;
    this.#address = address;
    this.#options = client;
    this.#action = `write to the PostgreSQL table '${table}'`;
  }

  override async open({ lost }: SinkContext): Promise<void> {
    this.#lost = lost;
    try {
      this.#client = await connectPostgres(this.#address, this.#action, this.#options);
      this.#client.on('end', lost);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  override async write({ elements }: SinkBatch<Row>): Promise<void> {
    const client = this.#client!;
    try {
      await client.query('BEGIN');
      if (this.#copy) await this.#copyAll(client, elements);
      else {
        for (const { text, values } of insertStatements(this.#table, elements, this.#upsert)) {
          await client.query(text, values);
        }
      }
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => this.#lost());
      throw this.#explain(error);
    }
  }

  override async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  override encode(element: T): Row {
    const row: unknown = this.#row(element);
    const isRow = typeof row === 'object' && row !== null && Object.keys(row).length > 0;
    if (isRow && this.#upsert.every((column) => Object.hasOwn(row, column))) return row as Row;
    const wanted = ['an object of one column or more', ...this.#upsert].join(' with ');
    throw new TypeError(`Cannot ${this.#action}: a row needs ${wanted}, got ${describe(row)}`);
  }

  override sizeOf(row: Row): number {
    let bytes = 0;
    for (const value of Object.values(row)) {
      if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length;
      else bytes += 8;
    }
    return bytes;
  }

  override isPermanent(error: unknown): boolean {
    return error instanceof MillraceError && error.code === 'ERR_REFUSED';
  }

  async #copyAll(client: Client, rows: readonly Row[]): Promise<void> {
    const [action, name] = [this.#action, 'pg-copy-streams'] as const;
    const { from } = await importPeer(() => import('pg-copy-streams'), name, action);
    const columns = columnsOf(rows);
    const list = columns.map(quoteName).join(', ');
    const stream = client.query(from(`COPY ${quoteName(this.#table)} (${list}) FROM STDIN`));
    await new Promise<void>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('finish', resolve);
      stream.end(rows.map((row) => copyLine(columns, row)).join(''));
    });
  }

  #explain(error: unknown): MillraceError {
    return this.#address.explain(this.#action, error, isRefusedByPostgres);
  }
}
