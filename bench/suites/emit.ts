import { range, type Suite } from '../suite.ts';
import type { Total } from '../work.ts';

export const emit: Suite<'emit'> = {
  name: 'emit',
  title: 'map → filter → accumulate → sink, one `emit` per element',
  work: 'emit',
  task: (size) => ({ values: range(size === 'full' ? 1e6 : 1000) }),
  expected,
  elements: ({ values }) => values.length,
  engines: ['millrace', 'most', 'rxjs', 'xstream', 'effect', 'ix', 'node-streams', 'streamz'],
  targets: [
    { rival: '@most/core', times: 1.6 },
    { rival: 'RxJS', times: 7 },
    { rival: 'xstream', times: 3.5 },
    { rival: 'Effect', times: 7 },
    { rival: 'IxJS', times: 7 },
    { rival: 'Node streams', times: 15 },
    { rival: 'streamz (Python)', times: 400 },
  ],
};

export const emitMany: Suite<'emitMany'> = {
  name: 'emit-many',
  title: 'the same, all elements by one `emitMany`',
  work: 'emitMany',
  task: emit.task,
  expected,
  elements: ({ values }) => values.length,
  engines: ['millrace', 'hand', 'rxjs'],
  targets: [
    { rival: 'hand-written loop', times: 1 / 2 },
    { rival: 'RxJS', times: 10 },
  ],
};

function expected({ values }: { values: readonly number[] }): Total {
  let count = 0;
  let last = 0;
  for (const value of values) {
    if ((value + 1) % 2 !== 0) continue;
    count++;
    last += value + 1;
  }
  return { count, last };
}
