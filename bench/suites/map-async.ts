import { range, type Suite } from '../suite.ts';

export const mapAsync: Suite<'mapAsync'> = {
  name: 'map-async',
  title: '`mapAsync` with 64 in flight over an asynchronous no-op',
  work: 'mapAsync',
  task: (size) => ({ values: range(size === 'full' ? 2e5 : 1000), parallelism: 64 }),
  expected: ({ values }) => ({ count: values.length, last: values.at(-1)! }),
  elements: ({ values }) => values.length,
  engines: ['millrace', 'rxjs'],
  targets: [{ rival: 'RxJS', times: 1 }],
};
