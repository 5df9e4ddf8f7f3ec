import { encodeData } from '../connect/encode-data.ts';
import {
  connectMqtt,
  isRefusedByMqtt,
  MQTT_PROTOCOLS,
  type MqttConnection,
} from '../connect/mqtt-client.ts';
import type { MqttClientOptions } from '../connect/mqtt-options.ts';
import { describe, requireBoolean, requireOneOf, requireText } from '../graph/arguments.ts';
import type { SinkBatch } from './batch-sink.ts';
import { BrokerSink, type PublishOptions } from './broker-sink.ts';

/** Options of {@link toMqtt}. */
export interface MqttSinkOptions<T> extends PublishOptions<T> {
  /** Such as `mqtt://user:password@host:1883`, or `mqtts:`, `ws:`, `wss:`. */
  readonly url: string | URL;
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
export class MqttSink<T> extends BrokerSink<T, T, Outgoing> {
  readonly #topicOf: (element: T) => string;
  readonly #options: MqttSinkOptions<T>;
  #connection: MqttConnection | undefined;

  constructor(topic: string | ((element: T) => string), options: MqttSinkOptions<T>) {
    if (typeof topic !== 'function') requireTopic(topic);
    const use = {
      name: 'toMqtt',
      action: `publish${typeof topic === 'string' ? ` to the MQTT topic '${topic}'` : ' to MQTT'}`,
      protocols: MQTT_PROTOCOLS,
      options: ['encode', 'qos', 'retain'],
      functions: ['encode'],
      defaults: { size: 100 },
      isRefused: isRefusedByMqtt,
    };
    super(use, options);
    const { qos = 1, retain = false } = options;
    requireOneOf('toMqtt', 'qos', qos, [0, 1, 2]);
    requireBoolean('toMqtt', 'retain', retain);
    this.#topicOf = typeof topic === 'function' ? topic : () => topic;
    this.#options = { ...options, url: '' };
  }

  protected override async connect(lost: () => void): Promise<void> {
    const { client = {} } = this.#options;
    this.#connection = await connectMqtt(this.address, this.action, client, { clean: true });
    this.#connection.lost.catch(lost);
  }

  protected override get isConnected(): boolean {
    return this.#connection?.client.connected ?? false;
  }

  override async write({ elements }: SinkBatch<Outgoing>): Promise<void> {
    const { client, lost } = this.#connection!;
    const { qos = 1, retain = false } = this.#options;
    await this.sendAll(elements, async ({ topic, data }) => {
      await Promise.race([client.publishAsync(topic, data, { qos, retain }), lost]);
      return undefined;
    });
  }

  override async close(): Promise<void> {
    const client = this.#connection?.client;
    this.#connection = undefined;
    await client?.endAsync(!client.connected);
  }

  override encode(element: T): Outgoing {
    const topic = this.#topicOf(element);
    requireTopic(topic);
    const { encode } = this.#options;
    return { topic, data: encodeData(encode === undefined ? element : encode(element)) };
  }

  override sizeOf({ data }: Outgoing): number {
    return data.length;
  }
}

function requireTopic(topic: unknown): void {
  requireText('toMqtt', 'topic', topic);
  if (!/[+#\0]/.test(topic as string)) return;
  throw new TypeError(
    `Cannot create toMqtt: topic must have no wildcards to be published to, got ${describe(topic)}`,
  );
}
