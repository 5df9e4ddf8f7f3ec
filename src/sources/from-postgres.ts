import {
  MESSAGE_OPTIONS,
  type MessageConnection,
  type MessageOptions,
  MessageSource,
} from '../connect/message-source.ts';
import {
  isRefusedByPostgres,
  POSTGRES_PROTOCOLS,
  type PostgresClientOptions,
} from '../connect/postgres-client.ts';
import { PostgresCursor } from '../connect/postgres-cursor.ts';
import { type PostgresChange, PostgresReplication } from '../connect/postgres-replication.ts';
import { ServerAddress } from '../connect/server-address.ts';
import {
  describe,
  requireOptions,
  requirePositiveInteger,
  requireText,
} from '../graph/arguments.ts';

/** What is read with a query. */
export interface PostgresQuery {
  /** One `SELECT`, with `$1`, `$2`, … for values. */
  readonly query: string;
  readonly values?: readonly unknown[];
}

/** What is read by logical replication. */
export interface PostgresPublication {
  /** Name of a publication, which has to exist: `CREATE PUBLICATION … FOR TABLE …`. */
  readonly publication: string;
  /**
   * Name of the replication slot, in which the server keeps what was not acknowledged; it is created
   * where it does not exist, and then begins with what is written from then on. A slot that nobody reads
   * any more fills the server's disk: drop it.
   */
  readonly slot: string;
}

/** Options of {@link fromPostgres}. */
export interface PostgresOptions extends MessageOptions {
  /** Such as `postgres://user:password@host:5432/database?sslmode=require`. */
  readonly url: string | URL;
  /** Of a query: rows that are fetched at once, 1 or more. Default: 1000. */
  readonly page?: number;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: PostgresClientOptions;
}

/**
 * A source of the rows of a query, or of the changes to the tables of a publication.
 *
 * **A query** (`{ query, values }`) is read through a cursor, `page` rows at a time and no further while
 * the graph has not accepted them. Emits an object for each row, with what the package `pg` makes of its
 * values, and ends with the last. A connection that is lost before the first row is made again; later,
 * the source fails (`ERR_CONNECTION`), as another run may have other rows. `start()` runs the query anew.
 *
 * **Logical replication** (`{ publication, slot }`, with `wal_level = logical`) emits a
 * {@link PostgresChange} for each row that a committed transaction has inserted, updated or deleted, in
 * order, at least once. The server is told of a transaction when all changes of it and of those before
 * have settled downstream, and not before: what comes after that position is sent again on the next
 * connection. So a change that fails has the connection made again and all since then repeated, unless
 * `onFailure` is `'discard'`. No more than `maxInFlight` changes are under way; the socket is held back.
 *
 * What the server refuses goes to `onError` and fails the source (`ERR_REFUSED`). Needs the package `pg`,
 * replication also `pg-logical-replication`. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts needs-postgres
 * import assert from 'node:assert/strict';
 * import { fromPostgres } from 'millrace';
 *
 * const url = process.env.POSTGRES_URL ?? 'postgres://localhost/postgres';
 * const query = 'SELECT n, n * n AS square FROM generate_series(1, $1) AS n';
 * const rows = fromPostgres({ query, values: [3] }, { url });
 * const squares = rows.pluck('square').sinkToList();
 * await rows.start();
 * assert.deepEqual(squares, [1, 4, 9]);
 * ```
 */
export function fromPostgres(
  publication: PostgresPublication,
  options: PostgresOptions,
): PostgresSource<PostgresChange>;
export function fromPostgres<Row = Record<string, unknown>>(
  query: PostgresQuery,
  options: PostgresOptions,
): PostgresSource<Row>;
export function fromPostgres(
  what: PostgresQuery | PostgresPublication,
  options: PostgresOptions,
): PostgresSource<unknown> {
  return new PostgresSource(what, options);
}

/** What {@link fromPostgres} returns. */
export class PostgresSource<T> extends MessageSource<T> {
  readonly #connect: () => Promise<MessageConnection<T>>;

  constructor(what: PostgresQuery | PostgresPublication, options: PostgresOptions) {
    requireOptions('fromPostgres', options, [...MESSAGE_OPTIONS, 'url', 'page', 'client']);
    const { url, page = 1000, client = {} } = options ?? {};
    requirePositiveInteger('fromPostgres', 'page', page);
    const { query, values, publication, slot } = checkSubject(what);
    const address = new ServerAddress('fromPostgres', url, POSTGRES_PROTOCOLS, client);
    const action = query === undefined ? `read the PostgreSQL slot '${slot}'` : 'query PostgreSQL';
    super('fromPostgres', options, { address, action, isRefused: isRefusedByPostgres });
    const { clock } = this.node.environment;
    if (query !== undefined) {
      const cursor = new PostgresCursor<T>({ address, action, client, query, values, page });
      this.#connect = () => cursor.open();
    } else {
      const settings = { address, action, client, publication, slot, clock };
      this.#connect = () =>
        PostgresReplication.open(settings) as Promise<MessageConnection<unknown>> as Promise<
          MessageConnection<T>
        >;
    }
  }

  protected override open(): Promise<MessageConnection<T>> {
    return this.#connect();
  }
}

type Subject = { values: unknown[] } & (
  | { query: string; publication?: undefined; slot?: undefined }
  | { query?: undefined; publication: string; slot: string }
);

function checkSubject(what: PostgresQuery | PostgresPublication): Subject {
  const known = ['query', 'values', 'publication', 'slot'];
  requireOptions('fromPostgres', what ?? null, known);
  if ('query' in what) {
    requireText('fromPostgres', 'query', what.query);
    const { values = [] } = what;
    if (!Array.isArray(values)) {
      throw new TypeError(
        `Cannot create fromPostgres: values must be an array, got ${describe(values)}`,
      );
    }
    return { query: what.query, values: [...values] };
  }
  const { publication, slot } = what;
  requireText('fromPostgres', 'publication', publication);
  if (typeof slot !== 'string' || !/^[a-z0-9_]{1,63}$/.test(slot)) {
    throw new TypeError(
      `Cannot create fromPostgres: slot must have 1 to 63 lower-case letters, digits and underscores, got ${describe(slot)}`,
    );
  }
  return { values: [], publication, slot };
}
