import { filter, map, multicast, scan, zip } from '@most/core';
import type { Disposable, Scheduler, Sink, Stream, Task } from '@most/types';
import { driver, turnDriver } from '../drive.ts';
import { packageVersion } from '../package-version.ts';
import type { Engine, Step } from '../work.ts';
import { add, double, increment, isEven, Tally } from '../work.ts';

export const engine: Engine = {
  name: '@most/core',
  version: packageVersion('@most/core'),

  warm(steps, values) {
    const source = new Push();
    run(steps.reduce<Stream<number>>(append, source), new Tally());
    driver<Push, number>('event')(source, values);
  },

  works: {
    emit: ({ values }) => {
      const source = new Push();
      const tally = run(scan(add, 0, filter(isEven, map(increment, source))), new Tally());
      const drive = driver<Push, number>('event');
      return {
        push: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },

    zip: ({ left, right }) => {
      const lefts = new Push();
      const rights = new Push();
      const tally = run(zip(add, lefts, rights), new Tally());
      const drive = turnDriver<Push, number>('event');
      return {
        push: () => {
          drive(lefts, rights, left, right);
          return tally.total();
        },
      };
    },

    fork: ({ values }) => {
      const source = new Push();
      const shared = multicast(source);
      const left = run(map(increment, shared), new Tally());
      const right = run(map(double, shared), new Tally());
      const drive = driver<Push, number>('event');
      return {
        multicast: () => {
          drive(source, values);
          return { left: left.total(), right: right.total() };
        },
      };
    },
  },
};

/** A source whose events come by a call: the shortest way into the library's sinks. */
class Push implements Stream<number> {
  #sink: Sink<number> | undefined;
  #time = 0;

  run(sink: Sink<number>): Disposable {
    this.#sink = sink;
    return { dispose() {} };
  }

  event(value: number): void {
    this.#sink!.event(this.#time++, value);
  }
}

/** Runs what is asked for as soon as possible at once: nothing here waits for a timer. */
const scheduler: Scheduler = {
  currentTime: () => 0,
  scheduleTask(_offset, _delay, _period, task: Task) {
    task.run(0);
    return { task, run() {}, error() {}, dispose() {} };
  },
  relative: () => scheduler,
  cancel() {},
  cancelAll() {},
};

function run(stream: Stream<number>, tally: Tally): Tally {
  stream.run(
    {
      event: (_time, x) => tally.add(x),
      end() {},
      error(_time, error) {
        throw error;
      },
    },
    scheduler,
  );
  // `scan` gives its seed first, which no other library counts.
  tally.count = 0;
  return tally;
}

function append(stream: Stream<number>, step: Step): Stream<number> {
  switch (step.op) {
    case 'map':
      return map(step.f, stream);
    case 'filter':
      return filter(step.f, stream);
    case 'accumulate':
      return scan(step.f, 0, stream);
    default: {
      const window: number[] = [];
      return map((x: number) => {
        window.push(x);
        if (window.length > step.n) window.shift();
        return step.f(window);
      }, stream);
    }
  }
}
