import type { RedisEntry } from '../sources/from-redis-stream.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import type { MessageConnection, MessageRun, Settlement } from './message-source.ts';
import type { RedisClient, RedisReply } from './redis-client.ts';

/** How a stream is read; times in milliseconds. */
export interface RedisReaderSettings<V> {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** The name was made for this reader, and is taken out of the group again. */
  readonly isConsumerOurs: boolean;
  /** Id of the entry behind which a new group begins. */
  readonly startId: string;
  readonly batch: number;
  readonly claimIdle: number;
  decode(value: Buffer): V;
  readonly clock: Clock;
}

// How long one read waits for entries: so long may a stop take where the server does not let itself be
// told to end the wait.
const BLOCK = 1000;
const SILENCE = BLOCK + 10_000;

/** Two connections: one that waits for entries, one for everything else. */
interface Connections {
  readonly reading: RedisClient;
  readonly other: RedisClient;
  /** Of the reading one, by which its wait can be ended. */
  readonly readingId: string;
}

/**
 * One consumer of a group. What it was given and has not settled it knows across connections, so that
 * an entry that is under way is not taken twice, and one that settled while there was no connection is
 * acknowledged on the next.
 */
export class RedisStreamReader<V> {
  readonly #settings: RedisReaderSettings<V>;
  /** Ids of the entries that are under way. */
  readonly #held = new Set<string>();
  /** Ids of the entries that are to be acknowledged. */
  readonly #settled = new Set<string>();
  #other: RedisClient | undefined;
  #acknowledging: Promise<void> | undefined;
  #beat: TimerHandle | undefined;

  constructor(settings: RedisReaderSettings<V>) {
    this.#settings = settings;
  }

  /** Connects, and creates the group where there is none. */
  async open(
    connect: (silence?: number) => Promise<RedisClient>,
  ): Promise<MessageConnection<RedisEntry<V>>> {
    const other = await connect();
    let reading: RedisClient | undefined;
    try {
      await this.#createGroup(other);
      reading = await connect(SILENCE);
      const connections = { reading, other, readingId: String(await reading.send('CLIENT', 'ID')) };
      this.#other = other;
      this.#acknowledge();
      this.#keepAlive();
      return {
        read: (run) => this.#read(run, connections),
        close: () => this.#close(connections),
      };
    } catch (error) {
      await Promise.allSettled([other.close(), reading?.close()]);
      throw error;
    }
  }

  async #createGroup(client: RedisClient): Promise<void> {
    const { stream, group, startId } = this.#settings;
    try {
      await client.send('XGROUP', 'CREATE', stream, group, startId, 'MKSTREAM');
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
    }
  }

  async #close({ reading, other }: Connections): Promise<void> {
    const { clock } = this.#settings;
    if (this.#beat !== undefined) clock.clearTimeout(this.#beat);
    await this.#acknowledging;
    this.#other = undefined;
    try {
      await this.#leave(other);
    } finally {
      await Promise.allSettled([reading.close(), other.close()]);
    }
  }

  /** Takes a name that nobody will use again out of the group, unless entries are pending under it. */
  async #leave(client: RedisClient): Promise<void> {
    const { stream, group, consumer, isConsumerOurs } = this.#settings;
    if (!isConsumerOurs || this.#held.size > 0 || this.#settled.size > 0) return;
    const pending = await client.send('XPENDING', stream, group, '-', '+', '1', consumer);
    if (Array.isArray(pending) && pending.length === 0) {
      await client.send('XGROUP', 'DELCONSUMER', stream, group, consumer);
    }
  }

  async #read(run: MessageRun<RedisEntry<V>>, connections: Connections): Promise<void> {
    const { clock, claimIdle } = this.#settings;
    const { other, readingId } = connections;
    const unblock = () => {
      other.send('CLIENT', 'UNBLOCK', readingId).catch(() => undefined);
    };
    run.signal.addEventListener('abort', unblock, { once: true });
    try {
      await this.#recover(run, other);
      let claimAt = clock.now();
      while (!run.signal.aborted) {
        if (clock.now() >= claimAt) {
          await this.#claim(run, other);
          claimAt = clock.now() + claimIdle / 2;
        }
        await run.whenRoom();
        if (!run.signal.aborted) await this.#readNew(run, connections.reading);
      }
    } finally {
      run.signal.removeEventListener('abort', unblock);
    }
  }

  /** What an earlier connection, or process, of this name was given and did not acknowledge. */
  async #recover(run: MessageRun<RedisEntry<V>>, client: RedisClient): Promise<void> {
    for (let last = '0'; !run.signal.aborted; ) {
      await run.whenRoom();
      const entries = entriesOf(await this.#readGroup(client, run, last));
      if (entries.length === 0) return;
      last = entries.at(-1)!.id;
      await this.#deliverAll(entries, run);
    }
  }

  async #readNew(run: MessageRun<RedisEntry<V>>, client: RedisClient): Promise<void> {
    await this.#deliverAll(entriesOf(await this.#readGroup(client, run, '>', BLOCK)), run);
  }

  #readGroup(
    client: RedisClient,
    run: MessageRun<RedisEntry<V>>,
    after: string,
    block?: number,
  ): Promise<RedisReply> {
    const { stream, group, consumer } = this.#settings;
    const count = ['COUNT', this.#count(run)];
    const wait = block === undefined ? [] : ['BLOCK', String(block)];
    const command = ['XREADGROUP', 'GROUP', group, consumer, ...count, ...wait];
    return client.send(...command, 'STREAMS', stream, after);
  }

  #count(run: MessageRun<RedisEntry<V>>): string {
    return String(Math.max(1, Math.min(this.#settings.batch, run.room())));
  }

  /** Takes over what nobody in the group has given a sign of life for. */
  async #claim(run: MessageRun<RedisEntry<V>>, client: RedisClient): Promise<void> {
    const { stream, group, consumer, claimIdle } = this.#settings;
    for (let cursor = '0-0'; !run.signal.aborted; ) {
      await run.whenRoom();
      const where = [stream, group, consumer, String(claimIdle), cursor];
      const reply = await client.send('XAUTOCLAIM', ...where, 'COUNT', this.#count(run));
      const [next, entries] = Array.isArray(reply) ? reply : [];
      await this.#deliverAll(parseEntries(entries), run);
      cursor = String(next ?? '0-0');
      if (cursor === '0-0') return;
    }
  }

  async #deliverAll(entries: readonly RawEntry[], run: MessageRun<RedisEntry<V>>): Promise<void> {
    const waiting = new Map<string, Buffer[]>();
    for (const { id, fields } of entries) {
      if (this.#held.has(id) || this.#settled.has(id)) continue;
      this.#held.add(id);
      if (fields !== undefined) waiting.set(id, fields);
      // It was deleted from the stream, and only the group still knows of it.
      else this.#settle(id, 'acknowledge');
    }
    try {
      for (const [id, fields] of waiting) {
        if (run.signal.aborted) return;
        waiting.delete(id);
        await run.deliver(this.#toEntry(id, fields), (settlement) => this.#settle(id, settlement));
      }
    } finally {
      // Stopped or failed: what was not sent stays with the group, under this name.
      for (const id of waiting.keys()) this.#held.delete(id);
    }
  }

  #toEntry(id: string, values: readonly Buffer[]): RedisEntry<V> {
    const { stream, decode } = this.#settings;
    const pairs: [string, V][] = [];
    for (let i = 0; i + 1 < values.length; i += 2) {
      pairs.push([values[i]!.toString(), decode(values[i + 1]!)]);
    }
    return { stream, id, fields: Object.fromEntries(pairs) };
  }

  #settle(id: string, settlement: Settlement): void {
    this.#held.delete(id);
    // Redis has no word for a refusal: an entry that is not acknowledged is claimed again when it has
    // been idle for long enough.
    if (settlement === 'redeliver') return;
    this.#settled.add(id);
    this.#acknowledge();
  }

  /** Acknowledges what has settled, all of it at once, and then what has settled meanwhile. */
  #acknowledge(): void {
    if (this.#acknowledging !== undefined || this.#other === undefined) return;
    this.#acknowledging = this.#acknowledgeAll(this.#other).finally(() => {
      this.#acknowledging = undefined;
    });
  }

  async #acknowledgeAll(client: RedisClient): Promise<void> {
    const { stream, group } = this.#settings;
    // Those that settle in one go are sent together.
    await undefined;
    while (this.#settled.size > 0) {
      const ids = [...this.#settled].slice(0, 1000);
      try {
        await client.send('XACK', stream, group, ...ids);
      } catch {
        // The connection is lost, as its reader will find: they are acknowledged on the next.
        return;
      }
      for (const id of ids) this.#settled.delete(id);
    }
  }

  /** Says from time to time that what is under way is being worked on, so that nobody takes it over. */
  #keepAlive(): void {
    const { clock, claimIdle, stream, group, consumer } = this.#settings;
    const beat = async () => {
      const ids = [...this.#held];
      try {
        for (let i = 0; i < ids.length; i += 1000) {
          const some = ids.slice(i, i + 1000);
          await this.#other?.send('XCLAIM', stream, group, consumer, '0', ...some, 'JUSTID');
        }
      } catch {
        return;
      }
      this.#keepAlive();
    };
    if (this.#beat !== undefined) clock.clearTimeout(this.#beat);
    this.#beat = this.#other && clock.setTimeout(beat, claimIdle / 3);
  }
}

/** An entry as it comes; without fields where it was deleted from the stream. */
interface RawEntry {
  readonly id: string;
  readonly fields: Buffer[] | undefined;
}

/** The entries of the one stream that was read. */
function entriesOf(reply: RedisReply): RawEntry[] {
  const [stream] = Array.isArray(reply) ? reply : [];
  return Array.isArray(stream) ? parseEntries(stream[1]) : [];
}

function parseEntries(entries: RedisReply | undefined): RawEntry[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => {
    if (!Array.isArray(entry)) return [];
    const [id, fields] = entry;
    return [{ id: String(id), fields: Array.isArray(fields) ? (fields as Buffer[]) : undefined }];
  });
}
