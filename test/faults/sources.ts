import {
  DataFrame,
  fromKafka,
  fromNats,
  fromRabbitMQ,
  fromRedisStream,
  type Stream,
} from '../../src/index.ts';

// For the broker to see soon that a consumer was killed.
const client = { 'session.timeout.ms': 1000, 'heartbeat.interval.ms': 200 };

const sources: Record<string, (url: string, name: string) => Stream<string>> = {
  kafka(url, name) {
    const source = fromKafka(name, { url, group: 'g', client, commitInterval: 20 });
    void source.start();
    return source.map(({ value }) => String(value));
  },
  'kafka columns'(url, name) {
    const options = {
      url,
      group: 'g',
      client,
      commitInterval: 20,
      format: 'raw',
      batch: 16,
    } as const;
    const frame = DataFrame.fromKafka(name, options);
    const rows = frame.toStream();
    void frame.start();
    return rows.map(({ value }) => String(value));
  },
  nats(url, name) {
    const source = fromNats(name, { url, consumer: 'c', ackWait: 1000 });
    void source.start();
    return source.map(({ data }) => data.toString());
  },
  rabbitmq(url, name) {
    const source = fromRabbitMQ(name, { url });
    void source.start();
    return source.map(({ data }) => data.toString());
  },
  redis(url, name) {
    const source = fromRedisStream(name, { url, group: 'g', claimIdle: 500 });
    void source.start();
    return source.map(({ fields }) => fields.text ?? '');
  },
};

/** A started source of the texts that were fed to a broker's channel. */
export function sourceOf(broker: string, url: string, name: string): Stream<string> {
  const source = sources[broker];
  if (source === undefined) throw new Error(`There is no source of ${broker}`);
  return source(url, name);
}
