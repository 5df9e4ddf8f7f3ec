import { randoms, type Suite } from '../suite.ts';

export const partition: Suite<'partition'> = {
  name: 'partition',
  title: '`partition(1000)` → sum of each, arrays delivered',
  work: 'partition',
  task: (size) => ({ values: Array.from(randoms(size === 'full' ? 1e6 : 5000)), n: 1000 }),
  expected: ({ values, n }) => {
    let last = 0;
    for (const value of values.slice(-n)) last += value;
    return { count: values.length / n, last };
  },
  elements: ({ values }) => values.length,
  engines: ['millrace', 'rxjs', 'ix'],
  targets: [{ rival: 'RxJS', times: 10 }],
};
