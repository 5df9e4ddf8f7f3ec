import { randoms, type Suite } from '../suite.ts';

export const slidingWindow: Suite<'slidingWindow'> = {
  name: 'sliding-window',
  title: '`slidingWindow(100)` → mean of each, arrays delivered',
  work: 'slidingWindow',
  task: (size) => ({ values: Array.from(randoms(size === 'full' ? 2e5 : 1000)), n: 100 }),
  expected: ({ values, n }) => {
    let sum = 0;
    for (const value of values.slice(-n)) sum += value;
    return { count: values.length - n + 1, last: sum / n };
  },
  elements: ({ values }) => values.length,
  engines: ['millrace', 'rxjs', 'ix'],
  targets: [{ rival: 'RxJS', times: 15 }],
};
