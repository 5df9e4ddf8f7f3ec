import { encodeData } from '../connect/encode-data.ts';
import {
  connectMqtt,
  isRefusedByMqtt,
  MQTT_PROTOCOLS,
  type MqttConnection,
} from '../connect/mqtt-client.ts';
import type { MqttClientOptions } from '../connect/mqtt-options.ts';
import { ServerAddress } from '../connect/server-address.ts';
import { MillraceError } from '../errors.ts';
import {
  describe,
  requireBoolean,
  requireFunction,
  requireOneOf,
  requireOptions,
  requireText,
} from '../graph/arguments.ts';
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  PartialWriteError,
  Sink,
  type SinkBatch,
  type SinkContext,
} from './batch-sink.ts';

/** Options of {@link toMqtt}. */
export interface MqttSinkOptions<T> extends BatchingOptions {
  /** Such as `mqtt://user:password@host:1883`, or `mqtts:`, `ws:`, `wss:`. */
  readonly url: string | URL;
  /** The data of an element's message. Default: buffers and text as they are, all else as JSON. */
  readonly encode?: (element: T) => Uint8Array | string;
  /**
   * 1 (default): an element is acknowledged when the broker has its message, which may come twice where
   * a connection breaks. 2: with one more round trip, within which it comes once. 0: when it was sent.
   */
  readonly qos?: 0 | 1 | 2;
  /** The broker keeps the last message of a topic for new subscribers. Default: false. */
  readonly retain?: boolean;
  /** Further settings of the client: credentials that are not in the URL, TLS, MQTT 3.1.1. */
  readonly client?: MqttClientOptions;
}

/** A message, ready to be published. */
interface Outgoing {
  readonly topic: string;
  readonly data: Buffer;
}

/**
 * A sink that publishes elements to MQTT topics, for `stream.to`.
 *
 * An element is acknowledged when the broker has acknowledged its message (QoS 1 and 2). Messages are
 * published in batches, without waiting for one acknowledgement before the next; default `{ size: 100 }`.
 * Where a connection breaks before, what was not acknowledged fails, and a policy that tries again
 * publishes it again: at least once.
 *
 * Needs the package `mqtt`. Throws a TypeError or RangeError for a wrong argument. What the broker refuses
 * is `ERR_REFUSED`, a connection that fails `ERR_CONNECTION`.
 *
 * ```ts needs-mosquitto
 * import assert from 'node:assert/strict';
 * import { Stream, toMqtt } from 'millrace';
 *
 * const url = process.env.MOSQUITTO_URL ?? 'mqtt://127.0.0.1:1883';
 * const readings = new Stream<{ room: string; celsius: number }>();
 * const published = readings
 *   .to(toMqtt(({ room }) => `house/${room}`, { url, encode: ({ celsius }) => `${celsius}` }))
 *   .onError({ retry: { attempts: 5 } })
 *   .sinkToList();
 * readings.emit({ room: 'kitchen', celsius: 21.5 });
 * await readings.end();
 * assert.equal(published.length, 1);
 * ```
 *
 * @param topic of all elements, or of each
 */
export function toMqtt<T>(
  topic: string | ((element: T) => string),
  options: MqttSinkOptions<T>,
): MqttSink<T> {
  return new MqttSink(topic, options);
}

/** What {@link toMqtt} returns. */
export class MqttSink<T> extends Sink<T, T, Outgoing> {
  readonly #topicOf: (element: T) => string;
  readonly #encode: (element: T) => unknown;
  readonly #publishing: { readonly qos: 0 | 1 | 2; readonly retain: boolean };
  readonly #address: ServerAddress;
  readonly #client: MqttClientOptions;
  readonly #action: string;
  #connection: MqttConnection | undefined;

  constructor(topic: string | ((element: T) => string), options: MqttSinkOptions<T>) {
    if (typeof topic !== 'function') requireTopic(topic);
    const known = [...BATCHING_OPTIONS, 'url', 'encode', 'qos', 'retain', 'client'];
    requireOptions('toMqtt', options, known);
    const { url, encode, qos = 1, retain = false, client = {} } = options ?? {};
    if (encode !== undefined) requireFunction('toMqtt', 'encode', encode);
    requireOneOf('toMqtt', 'qos', qos, [0, 1, 2]);
    requireBoolean('toMqtt', 'retain', retain);
    const address = new ServerAddress('toMqtt', url, MQTT_PROTOCOLS, client);
    super('toMqtt', options, { size: 100 });
    this.#topicOf = typeof topic === 'function' ? topic : () => topic;
    this.#encode = encode ?? ((element) => element);
    this.#publishing = { qos, retain };
    this.#address = address;
    this.#client = client;
    this.#action = `publish${typeof topic === 'string' ? ` to the MQTT topic '${topic}'` : ' to MQTT'}`;
  }

  override async open({ lost }: SinkContext): Promise<void> {
    try {
      const session = { clean: true };
      this.#connection = await connectMqtt(this.#address, this.#action, this.#client, session);
      this.#connection.lost.catch(lost);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  override async write({ elements }: SinkBatch<Outgoing>): Promise<void> {
    const { client, lost } = this.#connection!;
    const answers = await Promise.allSettled(
      elements.map(({ topic, data }) =>
        Promise.race([client.publishAsync(topic, data, this.#publishing), lost]),
      ),
    );
    const errors = new Map<number, unknown>();
    for (const [i, answer] of answers.entries()) {
      if (answer.status === 'rejected') errors.set(i, this.#explain(answer.reason));
    }
    if (errors.size > 0) throw new PartialWriteError(errors);
  }

  override async close(): Promise<void> {
    const client = this.#connection?.client;
    this.#connection = undefined;
    await client?.endAsync(!client.connected);
  }

  override encode(element: T): Outgoing {
    const topic = this.#topicOf(element);
    requireTopic(topic);
    return { topic, data: encodeData(this.#encode(element)) };
  }

  override sizeOf({ data }: Outgoing): number {
    return data.length;
  }

  override isPermanent(error: unknown): boolean {
    return error instanceof MillraceError && error.code === 'ERR_REFUSED';
  }

  #explain(error: unknown): MillraceError {
    return this.#address.explain(this.#action, error, isRefusedByMqtt);
  }
}

function requireTopic(topic: unknown): void {
  requireText('toMqtt', 'topic', topic);
  if (!/[+#\0]/.test(topic as string)) return;
  throw new TypeError(
    `Cannot create toMqtt: topic must have no wildcards to be published to, got ${describe(topic)}`,
  );
}
