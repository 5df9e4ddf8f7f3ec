import { randoms, type Suite } from '../suite.ts';

export const zipColumns: Suite<'zipColumns'> = {
  name: 'zip-columns',
  title: 'zip of two columns of 1e7 f64, in batches of 8,192 and of 5,000 → add',
  work: 'zipColumns',
  task: (size) => {
    const rows = size === 'full' ? 1e7 : 20_000;
    return {
      a: randoms(rows),
      b: randoms(rows, 2),
      batches: [8192, 5000],
      whole: size === 'small',
    };
  },
  expected: ({ a, b, whole }) => {
    const sums = a.map((x, row) => x + b[row]!);
    return { rows: a.length, values: whole ? sums : sums.subarray(-1) };
  },
  elements: ({ a }) => a.length,
  engines: ['millrace', 'polars', 'hand'],
  targets: [{ rival: 'nodejs-polars', times: 1.5 }],
};
