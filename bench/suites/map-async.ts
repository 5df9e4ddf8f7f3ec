import { range, type Suite } from '../suite.ts';

export const mapAsync: Suite<'mapAsync'> = {
  name: 'map-async',
  title: 'mapAsync, 64 in flight, an asynchronous no-op',
  work: 'mapAsync',
  // RxJS keeps all that waits in an array that it shifts: beyond some 10,000 it would only measure that.
  task: (size) => ({ values: range(size === 'full' ? 10_000 : 500), parallelism: 64 }),
  expected: ({ values }) => ({ count: values.length, last: values.at(-1)! }),
  elements: ({ values }) => values.length,
  engines: ['millrace', 'rxjs'],
  targets: [{ rival: 'RxJS', times: 1 }],
};
