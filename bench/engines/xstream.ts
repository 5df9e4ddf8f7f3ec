import type { Stream } from 'xstream';
import * as xstream from 'xstream';
import { driver } from '../drive.ts';
import { packageVersion } from '../package-version.ts';
import type { Engine, Step } from '../work.ts';
import { add, increment, isEven, Tally } from '../work.ts';

// A CommonJS package: the default export that its types promise lies one level down.
const xs = (xstream.default as unknown as { default: typeof Stream }).default;

export const engine: Engine = {
  name: 'xstream',
  version: packageVersion('xstream'),

  warm(steps, values) {
    const source = xs.create<number>();
    listen(steps.reduce<Stream<number>>(append, source));
    driver<Stream<number>, number>('shamefullySendNext')(source, values);
  },

  works: {
    emit: ({ values }) => {
      const source = xs.create<number>();
      const tally = listen(source.map(increment).filter(isEven).fold(add, 0));
      const drive = driver<Stream<number>, number>('shamefullySendNext');
      return {
        shamefullySendNext: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },
  },
};

function listen(stream: Stream<number>): Tally {
  const tally = new Tally();
  stream.addListener({ next: (x) => tally.add(x) });
  // `fold` gives its seed first, which no other library counts.
  tally.count = 0;
  return tally;
}

function append(stream: Stream<number>, step: Step): Stream<number> {
  switch (step.op) {
    case 'map':
      return stream.map(step.f);
    case 'filter':
      return stream.filter(step.f);
    case 'accumulate':
      return stream.fold(step.f, 0);
    default:
      return stream.fold<number[]>((window, x) => [...window, x].slice(-step.n), []).map(step.f);
  }
}
