import { fromTcp, Stream } from '../../dist/index.js';
import { driver, turnDriver } from '../drive.ts';
import { Feeder } from '../feeder.ts';
import { ownVersion } from '../package-version.ts';
import type { Counts, Engine, Step } from '../work.ts';
import { add, double, increment, isEven, later, mean, sum, Tally } from '../work.ts';
import { columns } from './millrace-columns.ts';
import { kafkaWorks } from './millrace-kafka.ts';

export const engine: Engine = {
  name: 'millrace',
  version: ownVersion(),

  warm(steps, values) {
    const source = new Stream<number>();
    const tally = new Tally();
    steps.reduce<Stream<number>>(append, source).sink((x) => tally.add(x));
    driver<Stream<number>, number>('emit')(source, values);
  },

  works: {
    emit: ({ values }) => {
      const source = new Stream<number>();
      const tally = new Tally();
      source
        .map(increment)
        .filter(isEven)
        .accumulate(add, { start: 0 })
        .sink((x) => tally.add(x));
      const drive = driver<Stream<number>, number>('emit');
      return {
        emit: () => {
          drive(source, values);
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
      const tally = new Tally();
      source
        .slidingWindow(n, { returnPartial: false })
        .map(mean)
        .sink((x) => tally.add(x));
      const drive = driver<Stream<number>, number>('emit');
      return {
        emit: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },

    partition: ({ values, n }) => {
      const source = new Stream<number>();
      const tally = new Tally();
      source
        .partition(n)
        .map(sum)
        .sink((x) => tally.add(x));
      const drive = driver<Stream<number>, number>('emit');
      return {
        emit: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },

    zip: ({ left, right }) => {
      const lefts = new Stream<number>();
      const rights = new Stream<number>();
      const tally = new Tally();
      lefts
        .zip(rights)
        .map(([a, b]) => a + b)
        .sink((x) => tally.add(x));
      const drive = turnDriver<Stream<number>, number>('emit');
      return {
        emit: () => {
          drive(lefts, rights, left, right);
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
      const left = new Tally();
      const right = new Tally();
      source.map(increment).sink((x) => left.add(x));
      source.map(double).sink((x) => right.add(x));
      const drive = driver<Stream<number>, number>('emit');
      return {
        emit: () => {
          drive(source, values);
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

    tcpLines: async ({ text, lines }) => {
      const feeder = new Feeder(text);
      const source = fromTcp({ port: 0 });
      let tally = { count: 0, last: 0 };
      let done = () => {};
      source.sink((line: string) => {
        tally.last += line.length - 1;
        if (++tally.count === lines) done();
      });
      void source.start();
      const { port } = await source.listening();
      return {
        fromTcp: async () => {
          tally = { count: 0, last: 0 };
          const all = new Promise<void>((resolve) => {
            done = resolve;
          });
          feeder.feed(port);
          await all;
          return tally;
        },
      };
    },

    ...columns,
    ...kafkaWorks,
  },
};

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
