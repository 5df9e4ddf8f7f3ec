import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Feeder } from '../feeder.ts';
import type { Engine, Step } from '../work.ts';
import { add, increment, isEven, Tally } from '../work.ts';

// Deep enough that the buffers are not what is measured.
const options = { objectMode: true, highWaterMark: 1024 };

export const engine: Engine = {
  name: 'Node streams',
  version: process.version,

  async warm(steps, values) {
    await run(values, steps.map(transform));
  },

  works: {
    emit: ({ values }) => ({
      'Transforms in object mode': async () => {
        const tally = await run(values, [
          transform({ op: 'map', f: increment }),
          transform({ op: 'filter', f: isEven }),
          transform({ op: 'accumulate', f: add }),
        ]);
        return tally.total();
      },
    }),

    tcpLines: async ({ text }) => {
      const feeder = new Feeder(text);
      let tally = { count: 0, last: 0 };
      let done = () => {};
      const server = createServer((socket) => {
        const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
        lines.on('line', (line) => {
          tally.count++;
          tally.last += line.length;
        });
        lines.on('close', () => done());
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      return {
        readline: async () => {
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
  },
};

async function run(values: readonly number[], transforms: readonly Transform[]): Promise<Tally> {
  const tally = new Tally();
  let i = 0;
  const source = new Readable({
    ...options,
    read() {
      while (i < values.length) if (!this.push(values[i++])) return;
      this.push(null);
    },
  });
  const sink = new Writable({
    ...options,
    write(x: number, _encoding, done) {
      tally.add(x);
      done();
    },
  });
  await pipeline([source, ...transforms, sink]);
  return tally;
}

function transform(step: Step): Transform {
  switch (step.op) {
    case 'map':
      return new Transform({
        ...options,
        transform(x: number, _encoding, done) {
          done(null, step.f(x));
        },
      });
    case 'filter':
      return new Transform({
        ...options,
        transform(x: number, _encoding, done) {
          if (step.f(x)) done(null, x);
          else done();
        },
      });
    case 'accumulate': {
      let state = 0;
      return new Transform({
        ...options,
        transform(x: number, _encoding, done) {
          state = step.f(state, x);
          done(null, state);
        },
      });
    }
    default: {
      let window: number[] = [];
      return new Transform({
        ...options,
        transform(x: number, _encoding, done) {
          window = [...window, x].slice(-step.n);
          done(null, step.f(window));
        },
      });
    }
  }
}
