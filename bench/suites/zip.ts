import { range, type Suite } from '../suite.ts';

export const zip: Suite<'zip'> = {
  name: 'zip',
  title: '`zip` of two sources that emit in turn → add',
  work: 'zip',
  task: (size) => {
    const left = range(size === 'full' ? 1e6 : 1000);
    return { left, right: left.map((x) => x * 3) };
  },
  expected: ({ left, right }) => ({ count: left.length, last: left.at(-1)! + right.at(-1)! }),
  elements: ({ left }) => left.length,
  engines: ['millrace', 'most', 'rxjs', 'ix'],
  targets: [{ rival: 'RxJS', times: 8 }],
};
