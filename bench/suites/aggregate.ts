import { randoms, type Suite } from '../suite.ts';

function batch(): Float64Array {
  return randoms(8192).map((x) => x * 100 - 50);
}

export const summary: Suite<'summary'> = {
  name: 'aggregate',
  title: 'running sum, mean, min and max together, one resident batch of 8,192',
  work: 'summary',
  task: (size) => ({ values: batch(), times: size === 'full' ? 1000 : 3 }),
  expected: ({ values, times }) => {
    let sum = 0;
    for (let time = 0; time < times; time++) for (const x of values) sum += x;
    return {
      sum,
      mean: sum / (values.length * times),
      min: Math.min(...values),
      max: Math.max(...values),
    };
  },
  elements: ({ values, times }) => values.length * times,
  engines: ['millrace', 'hand'],
  targets: [{ rival: 'hand-written loop', times: 6 }],
};

export const expression: Suite<'expression'> = {
  name: 'expression',
  title: '`x*2+1` → filter → sum, one resident batch of 8,192',
  work: 'expression',
  task: (size) => ({ values: batch(), times: size === 'full' ? 1000 : 3, above: 10 }),
  expected: ({ values, times, above }) => {
    let sum = 0;
    for (let time = 0; time < times; time++) {
      for (const x of values) if (x * 2 + 1 > above) sum += x * 2 + 1;
    }
    return sum;
  },
  elements: ({ values, times }) => values.length * times,
  engines: ['millrace', 'hand'],
  targets: [{ rival: 'hand-written loop', times: 15 }],
};
