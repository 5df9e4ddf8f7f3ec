import { from, type IterableX, zip } from 'ix/iterable';
import { buffer, filter, map, scan } from 'ix/iterable/operators';
import { packageVersion } from '../package-version.ts';
import type { Engine, Step } from '../work.ts';
import { add, increment, isEven, mean, sum, Tally } from '../work.ts';

export const engine: Engine = {
  name: 'IxJS',
  version: packageVersion('ix'),

  warm(steps, values) {
    drain(steps.reduce<IterableX<number>>(append, from(values)));
  },

  works: {
    emit: ({ values }) => ({
      from: () => drain(from(values).pipe(map(increment), filter(isEven), scan(add, 0))).total(),
    }),

    slidingWindow: ({ values, n }) => ({
      buffer: () =>
        drain(
          from(values).pipe(
            buffer(n, 1),
            filter((window) => window.length === n),
            map(mean),
          ),
        ).total(),
    }),

    partition: ({ values, n }) => ({
      buffer: () => drain(from(values).pipe(buffer(n), map(sum))).total(),
    }),

    zip: ({ left, right }) => ({
      zip: () => drain(zip(left, right).pipe(map(([a, b]) => a + b))).total(),
    }),
  },
};

function drain(values: IterableX<number>): Tally {
  const tally = new Tally();
  for (const x of values) tally.add(x);
  return tally;
}

function append(values: IterableX<number>, step: Step): IterableX<number> {
  switch (step.op) {
    case 'map':
      return values.pipe(map(step.f));
    case 'filter':
      return values.pipe(filter(step.f));
    case 'accumulate':
      return values.pipe(scan(step.f, 0));
    case 'slidingWindow':
      return values.pipe(buffer(step.n, 1), map(step.f));
    case 'partition':
      return values.pipe(buffer(step.n), map(step.f));
  }
}
