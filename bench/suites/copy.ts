import { randoms, type Suite } from '../suite.ts';

/** Nothing of millrace runs here: the limit of the machine, to be read beside the rolling rows. */
export const copy: Suite<'copy'> = {
  name: 'copy',
  title: 'a copy of 1e7 f64 (memcpy)',
  work: 'copy',
  task: (size) => ({ values: randoms(size === 'full' ? 1e7 : 20_000) }),
  expected: ({ values }) => values.at(-1)!,
  elements: ({ values }) => values.length,
  engines: ['hand'],
  targets: [],
};
