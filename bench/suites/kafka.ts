import { byKey, lacksKafka } from '../kafka-broker.ts';
import { randoms, type Size, type Suite } from '../suite.ts';

const KEYS = 1000;

/** Messages of about 85 bytes, whose values are quarters: sums are exact in any order. */
function messages(size: Size): string[] {
  const count = size === 'full' ? 1_000_000 : 1000;
  const keys = randoms(count, 1);
  const values = randoms(count, 2);
  return Array.from({ length: count }, (_, i) => {
    const key = `sensor-of-some-place-${String(Math.floor(keys[i]! * KEYS)).padStart(4, '0')}`;
    const value = Math.floor(values[i]! * 4_000_000) / 4;
    return JSON.stringify({ key, value, ts: 1_700_000_000_000 + i });
  });
}

export const kafkaMeans: Suite<'kafkaMeans'> = {
  name: 'kafka-means',
  title: 'Kafka, 1e6 JSON messages of 85 bytes, from joining the group on → running mean per key',
  work: 'kafkaMeans',
  lacks: lacksKafka,
  task: (size) => ({ messages: messages(size) }),
  expected: ({ messages }) => {
    const totals = new Map<string, [sum: number, count: number]>();
    for (const message of messages) {
      const { key, value } = JSON.parse(message) as { key: string; value: number };
      const [sum, count] = totals.get(key) ?? [0, 0];
      totals.set(key, [sum + value, count + 1]);
    }
    return byKey([...totals].map(([key, [sum, count]]) => [key, sum / count] as const));
  },
  elements: ({ messages }) => messages.length,
  engines: ['millrace', 'kafkajs'],
  targets: [{ rival: 'kafkajs', times: 3 }],
};

export const kafkaUntouched: Suite<'kafkaCount'> = {
  name: 'kafka-untouched',
  title: 'the same messages, counted per partition and not looked at',
  work: 'kafkaCount',
  lacks: lacksKafka,
  task: (size) => ({ messages: messages(size) }),
  expected: ({ messages }) => messages.length,
  elements: ({ messages }) => messages.length,
  engines: ['millrace', 'kafkajs'],
  targets: [],
};

export const kafkaWrite: Suite<'kafkaWrite'> = {
  name: 'kafka-write',
  title: '`toKafka`, 1e6 JSON messages of 85 bytes, all acknowledged',
  work: 'kafkaWrite',
  lacks: lacksKafka,
  task: (size) => ({ messages: messages(size) }),
  expected: ({ messages }) => messages.length,
  elements: ({ messages }) => messages.length,
  engines: ['millrace', 'kafkajs'],
  targets: [{ rival: 'kafkajs', times: 3 }],
};
