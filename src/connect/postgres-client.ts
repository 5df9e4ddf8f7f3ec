import type { Client } from 'pg';
import { importPeer } from './import-peer.ts';
import type { ServerAddress } from './server-address.ts';

/** Settings that are handed to the package `pg` as they are. */
export interface PostgresClientOptions {
  readonly user?: string;
  readonly password?: string;
  /** TLS: true, or certificates and keys. */
  readonly ssl?: boolean | object;
  /** Shown in `pg_stat_activity`. */
  readonly application_name?: string;
  /** Milliseconds that connecting may take. Default: 10,000. */
  readonly connectionTimeoutMillis?: number;
  /** Milliseconds that a statement may take. Default: no limit. */
  readonly statement_timeout?: number;
}

/** The schemes of URLs that are taken. */
export const POSTGRES_PROTOCOLS = ['postgres:', 'postgresql:'];

// Classes of SQLSTATE: data, constraints, who asks, a database that is not there, syntax and rights.
const REFUSED = /^(0A|21|22|23|28|3D|42)/;

/** Whether an error is the server's answer, about what was asked or who asks. */
export function isRefusedByPostgres(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return (
    error instanceof Error && typeof code === 'string' && /^\w{5}$/.test(code) && REFUSED.test(code)
  );
}

/** What `pg` needs to connect: the URL taken apart, as its own errors may show it whole. */
export function postgresConfiguration(address: ServerAddress, options: PostgresClientOptions) {
  const { hostname, port, username, password, pathname, searchParams } = address.reveal();
  const database = decodeURIComponent(pathname.slice(1));
  return {
    host: decodeURIComponent(hostname).replace(/^\[|\]$/g, ''),
    port: port === '' ? 5432 : Number(port),
    ...(username !== '' && { user: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(database !== '' && { database }),
    ...(/^(require|verify-ca|verify-full)$/.test(searchParams.get('sslmode') ?? '') && {
      ssl: true,
    }),
    connectionTimeoutMillis: 10_000,
    ...options,
  };
}

/** Connects a client of the package `pg`. */
export async function connectPostgres(
  address: ServerAddress,
  action: string,
  options: PostgresClientOptions,
): Promise<Client> {
  const { default: pg } = await importPeer(() => import('pg'), 'pg', action);
  const client = new pg.Client(postgresConfiguration(address, options));
  // What is under way is told; without a listener it would be an uncaught exception.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** A name as SQL takes it: `public.orders` is a table in a schema. */
export function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
