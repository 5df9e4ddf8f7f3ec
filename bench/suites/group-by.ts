import { randoms, type Suite } from '../suite.ts';
import type { Works } from '../work.ts';

type Rows = Pick<Works['groupMean']['task'], 'names' | 'ids' | 'values'>;

/** Random rows of as many keys as there are names. */
function keyed(rows: number, keys: number): Rows {
  return {
    names: Array.from({ length: keys }, (_, i) => `key-${i}`),
    ids: Int32Array.from(randoms(rows), (x) => Math.floor(x * keys)),
    values: randoms(rows, 2),
  };
}

/** The mean of each key, in a Map of what was met. */
function means(keys: readonly string[], values: ArrayLike<number>): Map<string, number> {
  const groups = new Map<string, { sum: number; count: number }>();
  keys.forEach((key, row) => {
    const group = groups.get(key) ?? { sum: 0, count: 0 };
    group.sum += values[row]!;
    group.count++;
    groups.set(key, group);
  });
  return new Map(Array.from(groups, ([key, { sum, count }]) => [key, sum / count]));
}

const namesOf = ({ names, ids }: Rows) => Array.from(ids, (id) => names[id]!);

function groupMean(name: string, title: string, integers: boolean, times: number) {
  const suite: Suite<'groupMean'> = {
    name,
    title: `running group-by mean, ${title}, 1e7 rows in batches of 8,192`,
    work: 'groupMean',
    task: (size) => ({
      ...(size === 'full' ? keyed(1e7, 1000) : keyed(20_000, 100)),
      integers,
      batch: 8192,
    }),
    expected: (task) => means(namesOf(task), task.values),
    elements: ({ values }) => values.length,
    engines: ['millrace', 'polars', 'hand'],
    targets: [{ rival: 'nodejs-polars', times }],
  };
  return suite;
}

export const groupBy = groupMean('group-by', '1,000 string keys', false, 3);
export const groupByIntegers = groupMean(
  'group-by-integers',
  '1,000 string keys against integer ones',
  true,
  5,
);

export const groupByMany: Suite<'manyGroups'> = {
  name: 'group-by-many',
  title: 'group-by mean, 100,000 string keys, 1e7 rows in batches of 8,192',
  work: 'manyGroups',
  task: (size) => ({
    ...(size === 'full' ? keyed(1e7, 100_000) : keyed(20_000, 3000)),
    batch: 8192,
  }),
  expected: (task) => {
    const all = [...means(namesOf(task), task.values).values()];
    return { groups: all.length, sum: all.reduce((sum, mean) => sum + mean, 0) };
  },
  elements: ({ values }) => values.length,
  engines: ['millrace', 'duckdb', 'polars'],
  targets: [{ rival: 'DuckDB', times: 1.5 }],
};

export const groupByRecords: Suite<'recordMean'> = {
  name: 'group-by-records',
  title: '`toDataFrame` of 1e6 `{ key, value }` objects → running group-by mean, 1,000 keys',
  work: 'recordMean',
  task: (size) => {
    const { names, ids, values } = size === 'full' ? keyed(1e6, 1000) : keyed(20_000, 100);
    return {
      rows: Array.from(ids, (id, row) => ({ key: names[id]!, value: values[row]! })),
      batch: 8192,
    };
  },
  expected: ({ rows }) =>
    means(
      rows.map(({ key }) => key),
      rows.map(({ value }) => value),
    ),
  elements: ({ rows }) => rows.length,
  engines: ['millrace', 'polars', 'hand'],
  targets: [{ rival: 'nodejs-polars', times: 8 }],
};

export const groupByFrames: Suite<'groupMean'> = {
  name: 'group-by-frames',
  title: 'the frames of streamz: running group-by mean, 1,000 keys, 1e6 rows in batches of 10,000',
  work: 'groupMean',
  task: (size) => ({
    ...(size === 'full' ? keyed(1e6, 1000) : keyed(20_000, 100)),
    integers: false,
    batch: 10_000,
  }),
  expected: (task) => means(namesOf(task), task.values),
  elements: ({ values }) => values.length,
  engines: ['millrace', 'streamz'],
  targets: [{ rival: 'streamz (Python)', times: 60 }],
};
