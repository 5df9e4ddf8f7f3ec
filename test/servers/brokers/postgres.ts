import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fromPostgres, type PostgresChange } from '../../../src/index.ts';
import type { Broker } from '../broker-suite.ts';
import { postgres } from '../kinds.ts';
import type { TestServer } from '../test-server.ts';

/** PostgreSQL's own command line: the second client. Gives the rows, each statement a transaction. */
export async function psql(server: TestServer, ...statements: string[]): Promise<string[]> {
  const client = spawn('psql', [server.url, '-X', '-q', '-t', '-A', '-v', 'ON_ERROR_STOP=1'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  client.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  client.stdin.end(statements.map((statement) => `${statement};\n`).join(''));
  const [code] = await once(client, 'close');
  if (code !== 0) throw new Error(`psql ended with ${code}`);
  return output.split('\n').filter((line) => line !== '');
}

/** Rows that are inserted into a table with one column `text`, by logical replication. */
export const postgresBroker: Broker<PostgresChange> = {
  kind: postgres,
  title: 'fromPostgres() of a publication',
  secret: 'secret-of-postgres',
  patience: 500,
  async channel(server, name) {
    await psql(
      server,
      `CREATE TABLE ${name} (n serial PRIMARY KEY, text text)`,
      `CREATE PUBLICATION ${name} FOR TABLE ${name}`,
      `SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`,
    );
    /** Where the server's log stood before each transaction. */
    const starts: string[] = [];
    return {
      source: (options) =>
        fromPostgres({ publication: name, slot: name }, { url: server.url, ...options }),
      async feed(texts) {
        const inserts = texts.flatMap((text) => [
          'SELECT pg_current_wal_insert_lsn()',
          `INSERT INTO ${name} (text) VALUES ('${text}')`,
        ]);
        starts.push(...(await psql(server, ...inserts)));
      },
      async left() {
        const list = `ARRAY[${starts.map((lsn) => `'${lsn}'`).join(', ')}]::pg_lsn[]`;
        const [count] = await psql(
          server,
          `SELECT count(*) FROM unnest(${list}) AS start, pg_replication_slots
            WHERE slot_name = '${name}' AND confirmed_flush_lsn <= start`,
        );
        return Number(count);
      },
      textOf: ({ row }) => String(row?.text),
    };
  },
};
