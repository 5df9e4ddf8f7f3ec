import { range, type Suite } from '../suite.ts';

export const fork: Suite<'fork'> = {
  name: 'fork',
  title: 'two branches, each map → sink',
  work: 'fork',
  task: (size) => ({ values: range(size === 'full' ? 1e6 : 1000) }),
  expected: ({ values }) => ({
    left: { count: values.length, last: values.at(-1)! + 1 },
    right: { count: values.length, last: values.at(-1)! * 2 },
  }),
  elements: ({ values }) => values.length,
  engines: ['millrace', 'most', 'rxjs'],
  targets: [{ rival: 'RxJS', times: 5 }],
};
