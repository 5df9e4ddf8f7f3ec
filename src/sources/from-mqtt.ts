import { randomUUID } from 'node:crypto';
import type { IPublishPacket } from 'mqtt';
import {
  MESSAGE_OPTIONS,
  type MessageConnection,
  type MessageOptions,
  type MessageRun,
  MessageSource,
} from '../connect/message-source.ts';
import {
  connectMqtt,
  isRefusedByMqtt,
  MQTT_PROTOCOLS,
  type MqttConnection,
} from '../connect/mqtt-client.ts';
import { MqttInbox } from '../connect/mqtt-inbox.ts';
import type { MqttClientOptions } from '../connect/mqtt-options.ts';
import { ServerAddress } from '../connect/server-address.ts';
import { requireOneOf, requireOptions, requireText } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** One message of a topic. */
export interface MqttMessage {
  readonly topic: string;
  readonly data: Buffer;
  /** The one it came with: the lower of what it was published and subscribed with. */
  readonly qos: 0 | 1 | 2;
  /** The broker had kept it for new subscribers. */
  readonly retain: boolean;
  /** It may have come before. */
  readonly duplicate: boolean;
}

/** Options of {@link fromMqtt}. */
export interface MqttOptions extends MessageOptions {
  /** Such as `mqtt://user:password@host:1883`, or `mqtts:`, `ws:`, `wss:`. */
  readonly url: string | URL;
  /** 1 (default): at least once. 0: at most once, and nothing is acknowledged. */
  readonly qos?: 0 | 1;
  /**
   * Name of the session in which the broker keeps what was not acknowledged: give one where a process
   * that starts again is to get it. Default: a new one for each source.
   */
  readonly clientId?: string;
  /** How long the broker keeps the session after the connection is gone (MQTT 5). Default: 1 h. */
  readonly sessionExpiry?: Duration;
  /** Further settings of the client: credentials that are not in the URL, TLS, MQTT 3.1.1. */
  readonly client?: MqttClientOptions;
}

const MQTT_OPTIONS = [...MESSAGE_OPTIONS, 'url', 'qos', 'clientId', 'sessionExpiry', 'client'];

/**
 * A source of the messages of MQTT topics. With QoS 1, the default, each is delivered at least once: it
 * is acknowledged when everything downstream has settled, and not before. QoS 2 is not offered, as a
 * process that dies between its two acknowledgements would lose the message.
 *
 * Emits an {@link MqttMessage} for each. The session outlives the connection, so that the broker keeps
 * what comes meanwhile: while the connection is lost, and between `stop()` and `start()`. The broker sends
 * no more than `maxInFlight` (at most 65,535) ahead of the acknowledgements; in MQTT 3.1.1 by a limit of
 * its own, behind which the socket is held back, as it is with QoS 0.
 *
 * MQTT has no word for a refusal: for a message that fails downstream the connection is made again, upon
 * which the broker delivers all that was not acknowledged; with `onFailure: 'discard'` it is acknowledged.
 *
 * `stop()` waits for what is under way (`stopTimeout`). An error that trying again would not help, such as
 * a wrong password, goes to `onError` and fails the source (`ERR_REFUSED`).
 *
 * Needs the package `mqtt`. Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts needs-mosquitto
 * import assert from 'node:assert/strict';
 * import { fromMqtt, Stream, toMqtt } from 'millrace';
 *
 * const url = process.env.MOSQUITTO_URL ?? 'mqtt://127.0.0.1:1883';
 *
 * const readings = new Stream<number>();
 * readings.to(toMqtt('house/kitchen', { url, retain: true }));
 * readings.emit(21.5);
 * await readings.end();
 *
 * const source = fromMqtt('house/+', { url });
 * const seen = new Promise((resolve) => source.sink(({ topic, data }) => resolve(`${topic} ${data}`)));
 * void source.start();
 * assert.equal(await seen, 'house/kitchen 21.5');
 * await source.stop();
 * ```
 *
 * @param topics one or several; may have the wildcards `+` and `#`
 */
export function fromMqtt(topics: string | readonly string[], options: MqttOptions): MqttSource {
  return new MqttSource(topics, options);
}

/** What {@link fromMqtt} returns. */
export class MqttSource extends MessageSource<MqttMessage> {
  readonly #topics: string[];
  readonly #qos: 0 | 1;
  readonly #clientId: string;
  readonly #expiry: number;
  readonly #address: ServerAddress;
  readonly #client: MqttClientOptions;
  readonly #action: string;
  readonly #inbox: MqttInbox;

  constructor(topics: string | readonly string[], options: MqttOptions) {
    const list = Array.isArray(topics) ? [...(topics as readonly string[])] : [topics as string];
    for (const topic of list.length === 0 ? [''] : list) requireText('fromMqtt', 'topic', topic);
    requireOptions('fromMqtt', options, MQTT_OPTIONS);
    const { url, qos = 1, sessionExpiry = '1h', client = {} } = options ?? {};
    const { clientId = `millrace-${randomUUID()}`, maxInFlight = 1000 } = options ?? {};
    requireOneOf('fromMqtt', 'qos', qos, [0, 1]);
    requireText('fromMqtt', 'clientId', clientId);
    if (maxInFlight > 65_535) {
      throw new RangeError(
        `Cannot create fromMqtt: maxInFlight must be at most 65535, got ${maxInFlight}`,
      );
    }
    const address = new ServerAddress('fromMqtt', url, MQTT_PROTOCOLS, client);
    const action = `subscribe to the MQTT topic '${list.join("', '")}'`;
    super('fromMqtt', options, { address, action, isRefused: isRefusedByMqtt });
    this.#topics = list;
    this.#qos = qos;
    this.#clientId = clientId;
    this.#expiry = Math.ceil(parseDuration(sessionExpiry, 'fromMqtt') / 1000);
    this.#address = address;
    this.#client = client;
    this.#action = action;
    this.#inbox = new MqttInbox(maxInFlight, () => this.inFlight);
  }

  protected override async open(): Promise<MessageConnection<MqttMessage>> {
    const inbox = this.#inbox;
    inbox.clear();
    const connection = await connectMqtt(this.#address, this.#action, this.#client, {
      clientId: this.#clientId,
      clean: false,
      expiry: this.#expiry,
      receiveMaximum: inbox.capacity,
      connected: (client, isResumed) => inbox.connect(client, isResumed),
      handle: (packet, done) => inbox.take(packet, done),
    });
    try {
      await Promise.race([
        connection.client.subscribeAsync(this.#topics, { qos: this.#qos }),
        connection.lost,
      ]);
    } catch (error) {
      await close(connection);
      throw error;
    }
    connection.lost.catch((error: unknown) => inbox.lose(error));
    return {
      read: (run) => this.#read(run),
      close: () => {
        inbox.disconnect();
        return close(connection);
      },
    };
  }

  async #read(run: MessageRun<MqttMessage>): Promise<void> {
    const inbox = this.#inbox;
    while (!run.signal.aborted) {
      if (inbox.lost !== undefined) throw inbox.lost.reason;
      const packet = inbox.next();
      if (packet === undefined) await run.wait(inbox.changed.wait());
      else {
        await run.deliver(elementOf(packet), (settlement) => inbox.settle(packet, settlement));
      }
    }
  }
}

async function close({ client }: MqttConnection): Promise<void> {
  // What was written, acknowledgements among it, goes out before the word that this is the end.
  await client.endAsync(!client.connected);
}

function elementOf({ topic, payload, qos, retain, dup }: IPublishPacket): MqttMessage {
  const data = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { topic, data, qos, retain, duplicate: dup };
}
