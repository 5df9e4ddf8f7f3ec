import { MillraceError } from '../errors.ts';
import type { MessageConnection, MessageRun } from './message-source.ts';
import { connectPostgres, type PostgresClientOptions } from './postgres-client.ts';
import type { ServerAddress } from './server-address.ts';

/** A query, and how it is read. */
export interface CursorSettings {
  readonly address: ServerAddress;
  readonly action: string;
  readonly client: PostgresClientOptions;
  readonly query: string;
  readonly values: unknown[];
  readonly page: number;
}

/** Reads the rows of a query through a cursor of SQL, so that the server holds what is not wanted yet. */
export class PostgresCursor<Row> {
  readonly #settings: CursorSettings;

  constructor(settings: CursorSettings) {
    this.#settings = settings;
  }

  async open(): Promise<MessageConnection<Row>> {
    const { address, action, client: options, query, values, page } = this.#settings;
    const client = await connectPostgres(address, action, options);
    try {
      await client.query('BEGIN READ ONLY');
      await client.query(`DECLARE millrace NO SCROLL CURSOR FOR ${query}`, values);
    } catch (error) {
      await client.end();
      throw error;
    }
    const fetch = async (isFirst: boolean) => {
      try {
        return (await client.query(`FETCH ${page} FROM millrace`)).rows as Row[];
      } catch (error) {
        if (isFirst) throw error;
        // Not to be tried again: the rows that were sent would come twice.
        throw new MillraceError('ERR_QUERY', address.explain(action, error).message);
      }
    };
    return {
      async read(run: MessageRun<Row>) {
        for (let isFirst = true; !run.signal.aborted; isFirst = false) {
          const rows = await fetch(isFirst);
          for (const row of rows) {
            if (run.signal.aborted) return;
            await run.deliver(row, () => undefined);
          }
          if (rows.length < page) return;
        }
      },
      close: () => client.end(),
    };
  }
}
