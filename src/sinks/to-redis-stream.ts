import {
  connectRedis,
  isRefusedByRedis,
  type RedisClient,
  type RedisClientOptions,
} from '../connect/redis-client.ts';
import { describe, requirePositiveInteger, requireText } from '../graph/arguments.ts';
import type { BatchingOptions, SinkBatch } from './batch-sink.ts';
import { BrokerSink } from './broker-sink.ts';

/** What an entry of a Redis stream is made of: one field or more. */
export type RedisFields = Readonly<Record<string, string | number | bigint | Uint8Array>>;

/** Options of {@link toRedisStream}. */
export interface RedisStreamSinkOptions<T> extends BatchingOptions {
  /** Such as `redis://user:password@host:6379/0`, or `rediss://…` for TLS. */
  readonly url: string | URL;
  /** The fields of an element's entry. Default: the element, which then has to be an object. */
  readonly fields?: (element: T) => RedisFields;
  /**
   * About how many entries the stream keeps: older ones are removed, acknowledged or not (`MAXLEN ~`).
   * Default: all.
   */
  readonly maxLength?: number;
  /** Further settings of the client: credentials that are not in the URL, TLS. */
  readonly client?: RedisClientOptions;
}

/**
 * A sink that adds elements to a Redis stream (`XADD`), for `stream.to`. Its stream emits the id of
 * each entry, in order.
 *
 * Entries are written in batches, all commands of one sent together; default `{ size: 500 }`. An element
 * is acknowledged when Redis has answered for it: how durable that is, is up to Redis' `appendfsync`.
 * Where a connection breaks before the answer, the batch fails, and with a policy that tries again its
 * entries may come twice: at least once.
 *
 * Needs the package `redis`. Throws a TypeError or RangeError for a wrong argument. An element that does
 * not make an entry fails by itself (TypeError); what Redis refuses is `ERR_REFUSED`, a connection that
 * fails `ERR_CONNECTION`.
 *
 * ```ts needs-redis
 * import assert from 'node:assert/strict';
 * import { Stream, toRedisStream } from 'millrace';
 *
 * const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
 * const words = new Stream<string>();
 * const ids = words
 *   .to(toRedisStream('words', { url, fields: (word) => ({ word, length: word.length }) }))
 *   .onError({ retry: { attempts: 5 } })
 *   .sinkToList();
 * words.emitMany(['call', 'me']);
 * await words.end();
 * assert.equal(ids.length, 2);
 * ```
 *
 * @param stream its key; it is created where it does not exist
 */
export function toRedisStream<T = RedisFields>(
  stream: string,
  options: RedisStreamSinkOptions<T>,
): RedisStreamSink<T> {
  return new RedisStreamSink(stream, options);
}

/** What {@link toRedisStream} returns. */
export class RedisStreamSink<T> extends BrokerSink<T, string, readonly (string | Buffer)[]> {
  readonly #stream: string;
  readonly #fields: (element: T) => RedisFields;
  readonly #limit: readonly string[];
  readonly #options: RedisClientOptions;
  #client: RedisClient | undefined;

  constructor(stream: string, options: RedisStreamSinkOptions<T>) {
    requireText('toRedisStream', 'stream', stream);
    const use = {
      name: 'toRedisStream',
      action: `write to the Redis stream '${stream}'`,
      protocols: ['redis:', 'rediss:'],
      options: ['fields', 'maxLength'],
      functions: ['fields'],
      defaults: { size: 500 },
      isRefused: isRefusedByRedis,
    };
    super(use, options);
    const { fields, maxLength, client = {} } = options;
    if (maxLength !== undefined) requirePositiveInteger('toRedisStream', 'maxLength', maxLength);
    this.#stream = stream;
    this.#fields = fields ?? ((element) => element as RedisFields);
    this.#limit = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)];
    this.#options = client;
  }

  protected override async connect(): Promise<void> {
    this.#client = await connectRedis(this.address, this.action, this.#options);
  }

  protected override get isConnected(): boolean {
    return this.#client?.isReady ?? false;
  }

  override write({ elements }: SinkBatch<readonly (string | Buffer)[]>): Promise<string[]> {
    const client = this.#client!;
    return this.sendAll(elements, async (fields) =>
      String(await client.send('XADD', this.#stream, ...this.#limit, '*', ...fields)),
    );
  }

  override close(): Promise<void> | undefined {
    return this.#client?.close();
  }

  override encode(element: T): readonly (string | Buffer)[] {
    const fields = Object.entries(this.#fields(element) ?? {});
    if (fields.length === 0) {
      throw new TypeError(
        `Cannot ${this.action}: an entry needs an object of one field or more, got ${describe(element)}`,
      );
    }
    return fields.flatMap(([name, value]) => [name, this.#encodeValue(name, value)]);
  }

  override sizeOf(encoded: readonly (string | Buffer)[]): number {
    return encoded.reduce((bytes, { length }) => bytes + length, 0);
  }

  #encodeValue(name: string, value: unknown): string | Buffer {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return String(value);
    if (value instanceof Uint8Array)
      return Buffer.from(value.buffer, value.byteOffset, value.length);
    throw new TypeError(
      `Cannot ${this.action}: the value of '${name}' must be a string, a number or a Uint8Array, got ${describe(value)}`,
    );
  }
}
