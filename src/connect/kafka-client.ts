import type { MillraceError } from '../errors.ts';
import { describe } from '../graph/arguments.ts';
import type { KafkaProperty, KafkaTrouble } from '../native/binding.d.ts';
import { ServerAddress } from './server-address.ts';

/**
 * Settings of librdkafka, by the names of its documentation, such as `'session.timeout.ms': 10000`: the
 * client that is built in.
 */
export type KafkaClientOptions = Readonly<Record<string, string | number | boolean>>;

// Those that the connectors decide: at least once depends on them.
const OURS = new Set([
  'bootstrap.servers',
  'metadata.broker.list',
  'group.id',
  'enable.auto.commit',
  'enable.auto.offset.store',
  'auto.offset.reset',
  'enable.partition.eof',
  'transactional.id',
]);

/** Which brokers, and with what credentials. */
export class KafkaClient {
  readonly address: ServerAddress;
  readonly #brokers: readonly string[];
  readonly #options: KafkaClientOptions;

  constructor(
    connector: string,
    url: string | URL,
    brokers: readonly string[] = [],
    client: KafkaClientOptions = {},
  ) {
    this.address = new ServerAddress(connector, url, ['kafka:'], client);
    if (!Array.isArray(brokers) || !brokers.every((one) => typeof one === 'string' && one !== '')) {
      throw new TypeError(
        `Cannot create ${connector}: brokers must be an array of host:port, got ${describe(brokers)}`,
      );
    }
    for (const [name, value] of Object.entries(client)) {
      if (OURS.has(name)) {
        throw new TypeError(
          `Cannot create ${connector}: client['${name}'] is not for users to set`,
        );
      }
      if (!['string', 'number', 'boolean'].includes(typeof value)) {
        throw new TypeError(
          `Cannot create ${connector}: client['${name}'] must be a string, a number or a boolean, got ${typeof value}`,
        );
      }
    }
    this.#brokers = brokers;
    this.#options = client;
  }

  /** What librdkafka is told, passwords and all; what is given here gives way to what the user says. */
  reveal(defaults: KafkaClientOptions = {}): KafkaProperty[] {
    const { username, password, host, port } = this.address.reveal();
    const first = port === '' ? `${host}:9092` : host;
    const login = {
      'security.protocol': 'sasl_plaintext',
      'sasl.mechanism': 'PLAIN',
      'sasl.username': decodeURIComponent(username),
      'sasl.password': decodeURIComponent(password),
    };
    const settings = {
      ...defaults,
      ...(username !== '' && login),
      ...this.#options,
      'bootstrap.servers': [first, ...this.#brokers].join(','),
    };
    return Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }));
  }

  /** An error of the client, without the secrets. */
  explain(action: string, { code, reason }: KafkaTrouble): MillraceError {
    return this.address.explain(action, new Error(reason), () => code === 'ERR_REFUSED');
  }
}
