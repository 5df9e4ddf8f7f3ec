import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  MESSAGE_OPTIONS,
  type MessageConnection,
  type MessageOptions,
  MessageSource,
} from '../connect/message-source.ts';
import {
  connectRedis,
  isRefusedByRedis,
  type RedisClientOptions,
} from '../connect/redis-client.ts';
import { RedisStreamReader } from '../connect/redis-stream-reader.ts';
import { ServerAddress } from '../connect/server-address.ts';
import {
  describe,
  requireOneOf,
  requireOptions,
  requirePositiveInteger,
  requireText,
} from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** One entry of a Redis stream; `V` is what its values are read as. */
export interface RedisEntry<V = string> {
  /** Key of the stream. */
  readonly stream: string;
  /** Such as `1700000000000-0`. */
  readonly id: string;
  /** Names and values, in the order in which they were added; of a name that comes twice the last. */
  readonly fields: Readonly<Record<string, V>>;
}

/** Options of {@link fromRedisStream}. */
export interface RedisStreamOptions extends MessageOptions {
  /** Such as `redis://user:password@host:6379/0`, or `rediss://…` for TLS. */
  readonly url: string | URL;
  /** The consumer group; it is created where it does not exist. Its members share the entries. */
  readonly group: string;
  /**
   * Name within the group. What a consumer had not acknowledged is first of all delivered again to one
   * of the same name. Default: a new name for each source.
   */
  readonly consumer?: string;
  /**
   * Where a new group begins: with what is in the stream (`'earliest'`, the default), with what is
   * added from now on (`'latest'`), or behind the entry of an id. An existing group goes on where it is.
   */
  readonly startFrom?: 'earliest' | 'latest' | { readonly id: string };
  /** Most entries asked for at once, 1 or more. Default: 100. */
  readonly batch?: number;
  /**
   * Entries that another consumer of the group has had for so long without a sign of life are taken
   * over, and own ones that failed are tried again. Default: 60 s.
   */
  readonly claimIdle?: Duration;
  /** What values are read as: `'text'` (UTF-8, the default) or `'bytes'`. */
  readonly values?: 'text' | 'bytes';
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: RedisClientOptions;
}

const REDIS_STREAM_OPTIONS = [
  ...MESSAGE_OPTIONS,
  'url',
  'group',
  'consumer',
  'startFrom',
  'batch',
  'claimIdle',
  'values',
  'client',
];

/**
 * A source of the entries of a Redis stream, as a member of a consumer group, at least once: an entry
 * is acknowledged (`XACK`) when everything downstream has settled, and not before. What a consumer that
 * died had not acknowledged, another one takes over after `claimIdle` (`XAUTOCLAIM`).
 *
 * Emits a {@link RedisEntry} for each. Entries come in the order of the stream, except those that are
 * delivered again. No more than `maxInFlight` are under way, and no more than `batch` of those wait in
 * memory for a slow graph. An entry that fails downstream comes again after `claimIdle`, or with
 * `onFailure: 'discard'` not.
 *
 * `stop()` waits for what is under way (`stopTimeout`); `start()` goes on where the group stands. The
 * connection is made again when it is lost. An error that trying again would not help, such as a wrong
 * password, goes to `onError` and fails the source (`ERR_REFUSED`).
 *
 * Needs the package `redis` and Redis 6.2 or later. Throws a TypeError or RangeError for a wrong
 * argument. Cost: a round trip per `batch` entries and one per batch of acknowledgements.
 *
 * ```ts needs-redis
 * import assert from 'node:assert/strict';
 * import { fromRedisStream, Stream, toRedisStream } from 'millrace';
 *
 * const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
 *
 * const readings = new Stream<Record<string, string>>();
 * readings.to(toRedisStream('readings', { url }));
 * readings.emit({ sensor: 'a', celsius: '21.5' });
 * await readings.end();
 *
 * const source = fromRedisStream('readings', { url, group: 'alarms' });
 * const seen = new Promise((resolve) => source.sink(({ fields }) => resolve(fields.celsius)));
 * void source.start();
 * assert.equal(await seen, '21.5');
 * await source.stop();
 * ```
 *
 * @param stream its key; it is created where it does not exist
 */
export function fromRedisStream(
  stream: string,
  options: RedisStreamOptions & { readonly values: 'bytes' },
): RedisStreamSource<Buffer>;
export function fromRedisStream(stream: string, options: RedisStreamOptions): RedisStreamSource;
export function fromRedisStream(
  stream: string,
  options: RedisStreamOptions,
): RedisStreamSource<string | Buffer> {
  return new RedisStreamSource(stream, options);
}

/** What {@link fromRedisStream} returns. */
export class RedisStreamSource<V = string> extends MessageSource<RedisEntry<V>> {
  readonly #address: ServerAddress;
  readonly #client: RedisClientOptions;
  readonly #reader: RedisStreamReader<V>;
  readonly #action: string;

  constructor(stream: string, options: RedisStreamOptions) {
    requireText('fromRedisStream', 'stream', stream);
    requireOptions('fromRedisStream', options, REDIS_STREAM_OPTIONS);
    const { url, group, consumer, startFrom = 'earliest', batch = 100 } = options ?? {};
    const { claimIdle = '60s', values = 'text', client = {} } = options;
    requireText('fromRedisStream', 'group', group);
    if (consumer !== undefined) requireText('fromRedisStream', 'consumer', consumer);
    requirePositiveInteger('fromRedisStream', 'batch', batch);
    requireOneOf('fromRedisStream', 'values', values, ['text', 'bytes']);
    const address = new ServerAddress('fromRedisStream', url, ['redis:', 'rediss:'], client);
    const action = `read the Redis stream '${stream}'`;
    super('fromRedisStream', options, { address, action, isRefused: isRefusedByRedis });
    this.#action = action;
    this.#address = address;
    this.#client = client;
    this.#reader = new RedisStreamReader<V>({
      stream,
      group,
      consumer: consumer ?? `${hostname()}-${process.pid}-${randomUUID()}`,
      isConsumerOurs: consumer === undefined,
      startId: startIdOf(startFrom),
      batch,
      claimIdle: parseDuration(claimIdle, 'fromRedisStream'),
      decode: (values === 'text' ? (value) => value.toString() : (value) => value) as (
        value: Buffer,
      ) => V,
      clock: this.node.environment.clock,
    });
  }

  protected override open(): Promise<MessageConnection<RedisEntry<V>>> {
    return this.#reader.open((silence) =>
      connectRedis(this.#address, this.#action, this.#client, silence),
    );
  }
}

function startIdOf(startFrom: NonNullable<RedisStreamOptions['startFrom']>): string {
  if (startFrom === 'earliest') return '0';
  if (startFrom === 'latest') return '$';
  const id: unknown = Object(startFrom).id;
  if (typeof id === 'string' && /^\d+(-\d+)?$/.test(id)) return id;
  throw new RangeError(
    `Cannot create fromRedisStream: startFrom must be "earliest" or "latest" or { id }, got ${describe(id ?? startFrom)}`,
  );
}
