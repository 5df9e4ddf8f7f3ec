import { MillraceError } from '../errors.ts';
import { Admission } from '../graph/admission.ts';
import { requireOneOf, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import type { Delivery } from '../graph/delivery.ts';
import { release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';
import { Pump, type Supply } from '../graph/pump.ts';
import { Queue } from '../graph/queue.ts';

/** What a full buffer does with the next element. */
export type Overflow = 'wait' | 'dropNewest' | 'dropOldest' | 'error';

/** Options of `buffer`. */
export interface BufferOptions {
  /**
   * What happens to an element that finds the buffer full. `'wait'` (default): `emit` returns a
   * promise for the time when there is room. `'dropNewest'`: it is dropped. `'dropOldest'`: the
   * element that has waited longest is dropped for it. `'error'`: it fails with `ERR_BUFFER_FULL`.
   * Dropped elements are acknowledged.
   */
  readonly overflow?: Overflow;
}

/** Size of a buffer, and what it does when it is full. */
export interface BufferParams {
  readonly n: number;
  readonly overflow: Overflow;
}

/** The elements that wait; those beyond `n` have not been accepted yet. */
class BufferState implements Supply {
  readonly queue = new Queue();
  readonly admission = new Admission();
  readonly pump: Pump;

  constructor(node: Node, items: readonly unknown[]) {
    for (const item of items) this.queue.push(item);
    this.pump = new Pump(node, this);
  }

  get size(): number {
    return this.queue.size;
  }

  isReady(): boolean {
    return this.queue.size > 0;
  }

  nextTag(): Tag {
    return this.queue.headTag();
  }

  take(): unknown {
    this.admission.admit();
    return this.queue.shift();
  }
}

/** Takes elements into a bounded queue and delivers them on its own, one at a time. */
export const buffer = defineOperator<BufferParams, BufferState>({
  name: 'buffer',
  version: 1,
  boundary: true,
  holds: true,
  create: (_params, node) => new BufferState(node, []),
  link:
    ({ params, state }) =>
    (value, tag) =>
      accept(state, params, value, tag),
  track: (state) => state.queue.track(),
  isFull: ({ params, state }) =>
    state.queue.size >= params.n && (params.overflow === 'wait' || params.overflow === 'error'),
  start({ state }) {
    state.pump.start();
    state.pump.wake();
  },
  stop: ({ state }) => state.pump.stop(),
  drain: ({ state }) => state.pump.drained(),
  forget({ state }) {
    const tags = state.queue.clear();
    state.admission.admitAll();
    return tags;
  },
  snapshot: (state) => state.queue.toArray(),
  restore: (data, _params, node) => new BufferState(node, data as unknown[]),
});

/** Checks the arguments of `buffer`. */
export function bufferParams(n: number, options: BufferOptions | undefined): BufferParams {
  requirePositiveInteger('buffer', 'n', n);
  requireOptions('buffer', options, ['overflow']);
  const overflow = options?.overflow ?? 'wait';
  requireOneOf('buffer', 'overflow', overflow, ['wait', 'dropNewest', 'dropOldest', 'error']);
  return { n, overflow };
}

function accept(state: BufferState, params: BufferParams, value: unknown, tag: Tag): Delivery {
  const { queue } = state;
  let dropped: Tag;
  if (queue.size >= params.n) {
    if (params.overflow === 'dropNewest') return undefined;
    if (params.overflow === 'error') {
      const message = `Cannot buffer an element: all ${params.n} places are taken`;
      throw new MillraceError('ERR_BUFFER_FULL', message);
    }
    if (params.overflow === 'dropOldest') {
      dropped = queue.headTag();
      queue.shift();
    }
  }
  retain(tag);
  queue.push(value, tag);
  state.pump.wake();
  release(dropped);
  return queue.size > params.n ? state.admission.wait() : undefined;
}
