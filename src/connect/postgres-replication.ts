import type { LogicalReplicationService, Pgoutput } from 'pg-logical-replication';
import { Gate } from '../graph/gate.ts';
import { LowWaterMark } from '../graph/low-water-mark.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { importPeer } from './import-peer.ts';
import type { MessageConnection, MessageRun } from './message-source.ts';
import {
  connectPostgres,
  type PostgresClientOptions,
  postgresConfiguration,
} from './postgres-client.ts';
import type { ServerAddress } from './server-address.ts';
import { within } from './within.ts';

/** A row as replication gives it, by column. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** One change of a committed transaction. */
export interface PostgresChange {
  readonly operation: 'insert' | 'update' | 'delete' | 'truncate';
  readonly schema: string;
  readonly table: string;
  /** The row as it is now; not for `delete` and `truncate`. */
  readonly row: PostgresRow | undefined;
  /** The row as it was, or its key, as far as the table's replica identity says. */
  readonly before: PostgresRow | undefined;
  /** Of the transaction. */
  readonly transaction: number;
  /** Where the transaction ends in the server's log, such as `0/16B3748`. */
  readonly lsn: string;
}

/** A publication, and how it is read. */
export interface ReplicationSettings {
  readonly address: ServerAddress;
  readonly action: string;
  readonly client: PostgresClientOptions;
  readonly publication: string;
  readonly slot: string;
  readonly clock: Clock;
}

// The server ends a connection of which it has heard nothing for a minute.
const STATUS_EVERY = 5000;
/** How long the server may take to end the stream of changes, in milliseconds. */
const ANSWER_WITHIN = 1000;

/** A change under way; `confirmed` is the end of the last transaction that is complete before it. */
interface Position {
  readonly confirmed: string | undefined;
}

/** One connection to a slot. */
export class PostgresReplication implements MessageConnection<PostgresChange> {
  readonly #service: LogicalReplicationService;
  readonly #clock: Clock;
  readonly #ended = new Gate();
  readonly #mark = new LowWaterMark<Position>({
    commit: ({ confirmed }) => this.#confirm(confirmed),
  });
  #lost: { readonly error: unknown } | undefined;
  #run: MessageRun<PostgresChange> | undefined;
  #begun: Pgoutput.MessageBegin | undefined;
  #complete: string | undefined;
  #confirmed: string | undefined;
  /** Resolves when the server has ended the stream. */
  #over: Promise<void> | undefined;
  #timer: TimerHandle | undefined;

  private constructor(service: LogicalReplicationService, clock: Clock) {
    this.#service = service;
    this.#clock = clock;
  }

  /** Creates the slot where there is none. */
  static async open(settings: ReplicationSettings): Promise<PostgresReplication> {
    const { address, action, client: options, publication, slot, clock } = settings;
    const { LogicalReplicationService, PgoutputPlugin } = await importPeer(
      () => import('pg-logical-replication'),
      'pg-logical-replication',
      action,
    );
    const client = await connectPostgres(address, action, options);
    try {
      const found = await client.query('SELECT FROM pg_publication WHERE pubname = $1', [
        publication,
      ]);
      if (found.rowCount === 0) {
        const message = `there is no publication '${publication}'`;
        throw Object.assign(new Error(message), { code: '42704' });
      }
      const make = `SELECT pg_create_logical_replication_slot($1, 'pgoutput')
        WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)`;
      await client.query(make, [slot]);
    } finally {
      await client.end();
    }
    // It would acknowledge by itself what has come, and not what has settled.
    const service = new LogicalReplicationService(
      { ...postgresConfiguration(address, options) },
      { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: true } },
    );
    const connection = new PostgresReplication(service, clock);
    const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] });
    await connection.#subscribe(() => service.subscribe(plugin, slot));
    return connection;
  }

  async read(run: MessageRun<PostgresChange>): Promise<void> {
    this.#run = run;
    this.#ended.open();
    while (!run.signal.aborted) {
      if (this.#lost !== undefined) throw this.#lost.error;
      await run.wait(this.#ended.wait());
    }
  }

  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    if (this.#lost === undefined) {
      await this.#report();
      await this.#endStream();
    }
    await this.#service.destroy();
  }

  /**
   * Ends the stream of changes as the protocol has it, which the server answers when it has taken in
   * what it was told before. The client itself breaks the connection off, and what the server has not
   * read then is lost.
   */
  async #endStream(): Promise<void> {
    const { _connection: connection } = this.#service as unknown as {
      readonly _connection: { endCopyFrom(): void } | null;
    };
    if (connection === null) return;
    connection.endCopyFrom();
    const over = Promise.resolve(this.#over);
    await within(this.#clock, ANSWER_WITHIN, over, 'the end').catch(() => undefined);
  }

  /** Resolves when changes begin to come. */
  #subscribe(subscribe: () => Promise<unknown>): Promise<void> {
    const service = this.#service;
    service.on('data', (_lsn: string, message: Pgoutput.Message) => this.#receive(message));
    service.on('heartbeat', (lsn: string, _time: number, shouldRespond: boolean) => {
      // All that was written up to here has come; where none of it is open, none is to come again.
      if (this.#mark.pending === 0 && this.#begun === undefined) this.#confirmed = lsn;
      if (shouldRespond) void this.#report();
    });
    return new Promise((resolve, reject) => {
      const lose = (error: unknown) => {
        this.#lost ??= { error };
        this.#ended.open();
        reject(error);
      };
      service.on('error', lose);
      service.on('start', () => {
        this.#beat();
        resolve();
      });
      this.#over = subscribe().then(
        () => lose(new Error('the server has ended the replication')),
        lose,
      );
    });
  }

  /** Takes a message; the socket is held back until what this returns has resolved. */
  async #receive(message: Pgoutput.Message): Promise<void> {
    if (this.#lost !== undefined) return;
    if (message.tag === 'begin') {
      this.#begun = message;
    } else if (message.tag === 'commit') {
      this.#begun = undefined;
      this.#complete = message.commitEndLsn ?? undefined;
      const end = { confirmed: this.#complete };
      this.#mark.accept(end);
      this.#mark.acknowledge(end);
    } else if (this.#begun !== undefined) {
      for (const change of changesOf(message, this.#begun)) await this.#deliver(change);
    }
  }

  async #deliver(change: PostgresChange): Promise<void> {
    while (this.#run === undefined && this.#lost === undefined) await this.#ended.wait();
    const run = this.#run;
    if (run === undefined || run.signal.aborted || this.#lost !== undefined) {
      // Nothing after it is to be confirmed.
      this.#mark.accept({ confirmed: undefined });
      return;
    }
    const position = { confirmed: this.#complete };
    this.#mark.accept(position);
    try {
      await run.deliver(change, (settlement) => {
        if (settlement !== 'redeliver') this.#mark.acknowledge(position);
        else this.#fail(new Error('a change has failed, and is read again'));
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#lost ??= { error };
    this.#ended.open();
  }

  #confirm(lsn: string | undefined): void {
    if (lsn === undefined) return;
    this.#confirmed = lsn;
    void this.#report();
  }

  /** Tells the server how far it may forget. */
  async #report(): Promise<void> {
    // The client adds one to what it is given, as the position behind it.
    if (this.#confirmed !== undefined) await this.#service.acknowledge(before(this.#confirmed));
  }

  #beat(): void {
    this.#timer = this.#clock.setTimeout(() => {
      void this.#report();
      this.#beat();
    }, STATUS_EVERY);
  }
}

function* changesOf(
  message: Pgoutput.Message,
  { xid, commitLsn }: Pgoutput.MessageBegin,
): Iterable<PostgresChange> {
  const common = { transaction: xid, lsn: commitLsn ?? '' };
  if (message.tag === 'truncate') {
    for (const { schema, name } of message.relations) {
      const nothing = { row: undefined, before: undefined };
      yield { operation: 'truncate', schema, table: name, ...nothing, ...common };
    }
  } else if (message.tag === 'insert' || message.tag === 'update' || message.tag === 'delete') {
    const { tag: operation, relation } = message;
    const row = message.tag === 'delete' ? undefined : message.new;
    const old = message.tag === 'insert' ? undefined : (message.old ?? message.key ?? undefined);
    yield { operation, schema: relation.schema, table: relation.name, row, before: old, ...common };
  }
}

/** The position one before, in the server's notation. */
function before(lsn: string): string {
  const [high = '0', low = '0'] = lsn.split('/');
  const position = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) - 1n;
  if (position < 0n) return '0/0';
  return `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`;
}
