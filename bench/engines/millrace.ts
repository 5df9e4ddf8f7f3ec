import { Stream } from '../../dist/index.js';
import { ownVersion } from '../package-version.ts';
import type { Counts, Engine, Step } from '../work.ts';
import { add, double, increment, isEven, later, mean, sum, Tally } from '../work.ts';
import { columns } from './millrace-columns.ts';

export const engine: Engine = {
  name: 'millrace',
  version: ownVersion(),

  warm(steps, values) {
    const source = new Stream<number>();
    const sourceId = register(source);
    const tally = new Tally();
    steps.reduce<Stream<number>>(append, source).sink((x) => tally.add(x));
    for (const value of values) put(sourceId, value);
  },

  works: {
    emit: ({ values }) => {
      const source = new Stream<number>();
      const sourceId = register(source);
      const tally = new Tally();
      source
        .map(increment)
        .filter(isEven)
        .accumulate(add, { start: 0 })
        .sink((x) => tally.add(x));
      return {
        emit: () => {
          for (let i = 0; i < values.length; i++) put(sourceId, values[i]!);
          return tally.total();
        },
      };
    },

    emitMany: ({ values }) => {
      const source = new Stream<number>();
      const tally = new Tally();
      source
        .map(increment)
        .filter(isEven)
        .accumulate(add, { start: 0 })
        .sink((x) => tally.add(x));
      return {
        emitMany: () => {
          source.emitMany(values);
          return tally.total();
        },
      };
    },

    slidingWindow: ({ values, n }) => {
      const source = new Stream<number>();
      const sourceId = register(source);
      const tally = new Tally();
      source
        .slidingWindow(n, { returnPartial: false })
        .map(mean)
        .sink((x) => tally.add(x));
      return {
        emit: () => {
          for (let i = 0; i < values.length; i++) put(sourceId, values[i]!);
          return tally.total();
        },
      };
    },

    partition: ({ values, n }) => {
      const source = new Stream<number>();
      const sourceId = register(source);
      const tally = new Tally();
      source
        .partition(n)
        .map(sum)
        .sink((x) => tally.add(x));
      return {
        emit: () => {
          for (let i = 0; i < values.length; i++) put(sourceId, values[i]!);
          return tally.total();
        },
      };
    },

    zip: ({ left, right }) => {
      const lefts = new Stream<number>();
      const leftsId = register(lefts);
      const rights = new Stream<number>();
      const rightsId = register(rights);
      const tally = new Tally();
      lefts
        .zip(rights)
        .map(([a, b]) => a + b)
        .sink((x) => tally.add(x));
      return {
        emit: () => {
          for (let i = 0; i < left.length; i++) {
            put(leftsId, left[i]!);
            put(rightsId, right[i]!);
          }
          return tally.total();
        },
      };
    },

    wordCount: ({ words }) => ({
      emitMany: () => {
        const source = new Stream<string>();
        let last: Counts<string> = [];
        source.frequencies().sink((counts) => {
          last = counts;
        });
        source.emitMany(words);
        return last;
      },
    }),

    wordSnapshots: ({ words, keep }) => ({
      emitMany: () => {
        const source = new Stream<string>();
        let seen = 0;
        let kept: Counts<string> = [];
        let last: Counts<string> = [];
        source.frequencies().sink((counts) => {
          if (++seen === keep) kept = counts;
          last = counts;
        });
        source.emitMany(words);
        return { kept, last };
      },
    }),

    fork: ({ values }) => {
      const source = new Stream<number>();
      const sourceId = register(source);
      const left = new Tally();
      const right = new Tally();
      source.map(increment).sink((x) => left.add(x));
      source.map(double).sink((x) => right.add(x));
      return {
        emit: () => {
          for (let i = 0; i < values.length; i++) put(sourceId, values[i]!);
          return { left: left.total(), right: right.total() };
        },
      };
    },

    mapAsync: ({ values, parallelism }) => {
      const run = async (emitAll: (source: Stream<number>) => unknown) => {
        const source = new Stream<number>();
        const tally = new Tally();
        source.mapAsync(later, { parallelism }).sink((x) => tally.add(x));
        await emitAll(source);
        await source.end();
        return tally.total();
      };
      return {
        'emitMany, waited for': () => run((source) => source.emitMany(values)),
        'emit, not waited for': () =>
          run((source) => {
            for (const value of values) void source.emit(value);
          }),
      };
    },

    ...columns,
  },
};

/** The sources of all pipelines of this process, those that only warmed it up included. */
const live: Stream<number>[] = [];

function register(source: Stream<number>): number {
  return live.push(source) - 1;
}

/**
 * Puts one element in. Warm-up and timing share this call site, and the source is looked up: where
 * V8 can tell which pipeline is meant, it inlines that pipeline into the timed loop, which no code
 * that serves many of them sees.
 */
function put(source: number, value: number): void {
  live[source]!.emit(value);
}

function append(stream: Stream<number>, step: Step): Stream<number> {
  switch (step.op) {
    case 'map':
      return stream.map(step.f);
    case 'filter':
      return stream.filter(step.f);
    case 'accumulate':
      return stream.accumulate(step.f, { start: 0 });
    case 'slidingWindow':
      return stream.slidingWindow(step.n).map(step.f);
    case 'partition':
      return stream.partition(step.n).map(step.f);
  }
}
