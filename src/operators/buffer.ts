import { MillraceError } from '../errors.ts';
import { requireOneOf, requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import type { Delivery } from '../graph/delivery.ts';
import { HeldQueue } from '../graph/held-queue.ts';
import { release, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';

/** What a full buffer does with the next element. */
export type Overflow = 'wait' | 'dropNewest' | 'dropOldest' | 'error';

/** Options of `buffer`. */
export interface BufferOptions<T = unknown> extends ByteLimit<T> {
  /**
   * What happens to an element that finds the buffer full. `'wait'` (default): `emit` returns a
   * promise for the time when there is room. `'dropNewest'`: it is dropped. `'dropOldest'`: the
   * element that has waited longest is dropped for it. `'error'`: it fails with `ERR_BUFFER_FULL`.
   * Dropped elements are acknowledged. Where elements are dropped, only those that wait count.
   */
  readonly overflow?: Overflow;
}

/** Size of a buffer, and what it does when it is full. */
export interface BufferParams {
  readonly n: number;
  readonly bound: Bound;
  readonly overflow: Overflow;
}

/** Takes elements into a bounded queue and delivers them on its own, one at a time. */
export const buffer = defineOperator<BufferParams, HeldQueue>({
  name: 'buffer',
  version: 1,
  boundary: true,
  holds: true,
  create: (params, node) => newState(node, params),
  link:
    ({ params, state }) =>
    (value, tag) =>
      accept(state, params, value, tag),
  track: (state) => state.queue.track(),
  isFull: ({ params, state }) => !drops(params) && state.isFull,
  start({ state }) {
    state.pump.start();
    state.pump.wake();
  },
  stop: ({ state }) => state.pump.stop(),
  drain: ({ state }) => state.pump.drained(),
  forget: ({ state }) => state.forget(),
  snapshot: (state) => state.queue.toArray(),
  restore(data, params, node) {
    const state = newState(node, params);
    for (const value of data as unknown[]) state.load(value);
    return state;
  },
});

/** Checks the arguments of `buffer`. */
export function bufferParams<T>(n: number, options: BufferOptions<T> = {}): BufferParams {
  requirePositiveInteger('buffer', 'n', n);
  requireOptions('buffer', options, ['overflow', ...BYTE_LIMIT]);
  const { overflow = 'wait' } = options;
  requireOneOf('buffer', 'overflow', overflow, ['wait', 'dropNewest', 'dropOldest', 'error']);
  return { n, bound: { elements: n, bytes: byteLimit('buffer', options) }, overflow };
}

/** Nobody waits then, and what is being delivered is out of reach. */
function drops({ overflow }: BufferParams): boolean {
  return overflow === 'dropNewest' || overflow === 'dropOldest';
}

function newState(node: Node, params: BufferParams): HeldQueue {
  return new HeldQueue(node, params.bound, drops(params));
}

function accept(state: HeldQueue, params: BufferParams, value: unknown, tag: Tag): Delivery {
  let dropped: Tag[] | undefined;
  if (params.overflow !== 'wait' && state.isFull) {
    if (params.overflow === 'dropNewest') return undefined;
    if (params.overflow === 'error') throw fullError(params.bound);
    dropped = dropOldest(state);
  }
  const accepted = state.accept(value, tag);
  state.pump.wake();
  for (const one of dropped ?? []) release(one);
  return accepted;
}

/** Makes room; gives the metadata of what is gone. */
function dropOldest(state: HeldQueue): Tag[] {
  const dropped: Tag[] = [];
  while (state.isFull) {
    dropped.push(state.nextTag());
    state.take();
  }
  return dropped;
}

function fullError({ elements, bytes }: Bound): MillraceError {
  const taken =
    bytes === undefined
      ? `all ${elements} places`
      : `${elements} places or ${bytes.maxBytes} bytes`;
  return new MillraceError('ERR_BUFFER_FULL', `Cannot buffer an element: ${taken} are taken`);
}
