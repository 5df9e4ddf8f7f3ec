import { Effect, Stream } from 'effect';
import { packageVersion } from '../package-version.ts';
import type { Engine, Step } from '../work.ts';
import { add, increment, isEven, Tally } from '../work.ts';

export const engine: Engine = {
  name: 'Effect',
  version: packageVersion('effect'),

  async warm(steps, values) {
    await run(steps.reduce<Stream.Stream<number>>(append, Stream.fromArray(values)));
  },

  works: {
    emit: ({ values }) => ({
      'fromArray, one chunk': async () => {
        const tally = await run(
          Stream.fromArray(values).pipe(
            Stream.map(increment),
            Stream.filter(isEven),
            Stream.scan(() => 0, add),
          ),
        );
        // `scan` gives its seed first, which no other library counts.
        tally.count--;
        return tally.total();
      },
    }),
  },
};

function run(stream: Stream.Stream<number>): Promise<Tally> {
  return Effect.runPromise(
    Stream.runFold(
      stream,
      () => new Tally(),
      (tally, x) => {
        tally.add(x);
        return tally;
      },
    ),
  );
}

function append(stream: Stream.Stream<number>, step: Step): Stream.Stream<number> {
  switch (step.op) {
    case 'map':
      return Stream.map(stream, step.f);
    case 'filter':
      return Stream.filter(stream, step.f);
    case 'accumulate':
      return Stream.scan(stream, () => 0, step.f);
    case 'slidingWindow':
      return Stream.map(Stream.sliding(stream, step.n), step.f);
    case 'partition':
      return Stream.map(Stream.grouped(stream, step.n), step.f);
  }
}
