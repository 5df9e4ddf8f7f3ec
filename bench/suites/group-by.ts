import { randoms, type Suite } from '../suite.ts';

export const groupBy: Suite<'groupMean'> = {
  name: 'group-by',
  title: 'running group-by mean, 1,000 string keys, 1e7 rows in batches of 8,192',
  work: 'groupMean',
  task: (size) => {
    const [rows, keys] = size === 'full' ? [1e7, 1000] : [20_000, 100];
    return {
      names: Array.from({ length: keys }, (_, i) => `key-${i}`),
      ids: Int32Array.from(randoms(rows), (x) => Math.floor(x * keys)),
      values: randoms(rows, 2),
      batch: 8192,
    };
  },
  expected: ({ names, ids, values }) => {
    const groups = new Map<string, { sum: number; count: number }>();
    ids.forEach((id, row) => {
      const group = groups.get(names[id]!) ?? { sum: 0, count: 0 };
      group.sum += values[row]!;
      group.count++;
      groups.set(names[id]!, group);
    });
    return new Map(Array.from(groups, ([name, { sum, count }]) => [name, sum / count]));
  },
  elements: ({ values }) => values.length,
  engines: ['millrace', 'polars', 'hand'],
  targets: [{ rival: 'nodejs-polars', times: 3 }],
};
