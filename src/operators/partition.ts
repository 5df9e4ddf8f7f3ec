import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { concatMetadata, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator, type Template } from '../graph/operator.ts';
import { emitHeld } from '../graph/pump.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import { type ElementKey, type KeyOf, keyFunction } from './key.ts';

/** Options of `partition`. */
export interface PartitionOptions<T> {
  /**
   * Fill one partition per key: a function of the element, or the name of a property. Keys are equal
   * as in a `Map`. What is held is bounded by the keys that have an unfinished partition.
   */
  readonly key?: ElementKey<T>;
  /**
   * Emit a partition as it is when it is not full this long after its first element. There is no
   * emitter then: errors of its delivery go to the graph's `onError`. Default: never.
   */
  readonly timeout?: Duration;
  /** Emit unfinished partitions when the input ends. Default: true. */
  readonly flush?: boolean;
}

/** Size of a partition, and what to partition by. */
export interface PartitionParams {
  readonly n: number;
  readonly key: KeyOf | undefined;
  /** Milliseconds. */
  readonly timeout: number | undefined;
  readonly flush: boolean;
}

/**
 * One partition that is being filled. Its array is kept and copied when full: that takes a third of
 * the time of growing a new one, and keeps at most n elements reachable for one partition longer.
 */
export interface PartitionBuffer {
  readonly items: unknown[];
  size: number;
  tags: Tag[] | undefined;
  /** Runs while there is anything in it, where there is a timeout. */
  timer: TimerHandle | undefined;
  /** When the timer fires. */
  due: number;
}

/** What is being filled: one buffer, or one per key that has any. */
export interface PartitionState {
  all: PartitionBuffer;
  /** A key's buffer goes when it is emitted, so there are no empty ones. */
  readonly byKey: Map<unknown, PartitionBuffer>;
  isTracked: boolean;
  readonly clock: Clock;
}

/** Emits arrays of n elements, of equal key where a key is given. */
export const partition = defineOperator<PartitionParams, PartitionState>({
  name: 'partition',
  version: 1,
  holds: true,
  create: (_params, node) => newState(node.environment.clock),
  generate(template) {
    const { key, timeout } = template.params;
    return key === undefined && timeout === undefined && template.tag === undefined
      ? plainText(template)
      : heldText(template);
  },
  link(node, send) {
    return (value, tag) => {
      const full = add(node, value, tag);
      return full === undefined ? undefined : send(full.items, full.tag, full.tag);
    };
  },
  track(state) {
    state.isTracked = true;
    for (const buffer of [state.all, ...state.byKey.values()]) {
      buffer.tags = contentOf(buffer).map(() => undefined);
    }
  },
  start(node) {
    const { params, state } = node;
    if (params.timeout === undefined) return;
    if (state.all.size > 0) arm(node, state.all, undefined);
    for (const [key, buffer] of state.byKey) arm(node, buffer, key);
  },
  snapshot: (state) => ({
    all: saved(state, state.all),
    byKey: [...state.byKey].map(([key, buffer]) => [key, saved(state, buffer)]),
  }),
  flush(node) {
    const { params, state } = node;
    if (!params.flush) return [];
    const buffers = [state.all, ...state.byKey.values()].filter(({ size }) => size > 0);
    const remainders = buffers.map((buffer) => ({
      value: contentOf(buffer),
      tag: concatMetadata(buffer.tags ?? []),
    }));
    forget(state);
    return remainders;
  },
  forget: (node) => forget(node.state),
  restore(data, _params, { environment: { clock } }) {
    const { all, byKey } = data as { all: SavedBuffer; byKey: [unknown, SavedBuffer][] };
    const state = newState(clock);
    state.all = newBuffer(all.items, clock.now() + all.left);
    for (const [key, { items, left }] of byKey) {
      state.byKey.set(key, newBuffer(items, clock.now() + left));
    }
    return state;
  },
});

/** Checks the arguments of `partition`. */
export function partitionParams<T>(n: number, options: PartitionOptions<T> = {}): PartitionParams {
  requirePositiveInteger('partition', 'n', n);
  requireOptions('partition', options, ['key', 'timeout', 'flush']);
  const { key, timeout, flush = true } = options;
  return {
    n,
    key: key === undefined ? undefined : keyFunction('partition', key),
    timeout: timeout === undefined ? undefined : parseDuration(timeout, 'partition'),
    flush,
  };
}

function newState(clock: Clock): PartitionState {
  return { all: newBuffer([], 0), byKey: new Map(), isTracked: false, clock };
}

function newBuffer(items: readonly unknown[], due: number): PartitionBuffer {
  return { items: [...items], size: items.length, tags: undefined, timer: undefined, due };
}

/** What a snapshot holds of a buffer: its elements, and how long it may still wait for more. */
interface SavedBuffer {
  readonly items: unknown[];
  readonly left: number;
}

function saved({ clock }: PartitionState, buffer: PartitionBuffer): SavedBuffer {
  return { items: contentOf(buffer), left: Math.max(0, buffer.due - clock.now()) };
}

/** Sets the timer of a buffer that has none, for the time at which it is due. */
function arm(node: Node<PartitionParams, PartitionState>, buffer: PartitionBuffer, key: unknown) {
  if (buffer.timer !== undefined) return;
  const { clock } = node.state;
  buffer.timer = clock.setTimeout(
    () => {
      buffer.timer = undefined;
      node.state.byKey.delete(key);
      const value = contentOf(buffer);
      const tag = concatMetadata(buffer.tags ?? []);
      empty(buffer);
      emitHeld(node, value, tag);
    },
    Math.max(0, buffer.due - clock.now()),
  );
}

function disarm({ clock }: PartitionState, buffer: PartitionBuffer): void {
  if (buffer.timer !== undefined) clock.clearTimeout(buffer.timer);
  buffer.timer = undefined;
}

function empty(buffer: PartitionBuffer): void {
  buffer.size = 0;
  if (buffer.tags !== undefined) buffer.tags = [];
}

function forget(state: PartitionState): Tag[] {
  const buffers = [state.all, ...state.byKey.values()];
  for (const buffer of buffers) disarm(state, buffer);
  const held = buffers.flatMap(({ tags }) => tags ?? []);
  empty(state.all);
  state.byKey.clear();
  return held;
}

function contentOf(buffer: PartitionBuffer): unknown[] {
  return buffer.items.slice(0, buffer.size);
}

function plainText(template: Template<PartitionParams, PartitionState>): string {
  const { params, state, input } = template;
  const buffer = template.constant(state.all, 'buffer');
  const full = template.local('full');
  return `${buffer}.items[${buffer}.size++] = ${input};
if (${buffer}.size === ${params.n}) {
const ${full} = ${buffer}.items.slice();
${buffer}.size = 0;
${template.emit(full)}
}`;
}

function heldText(template: Template<PartitionParams, PartitionState>): string {
  const { node, input, tag } = template;
  const full = template.local('full');
  const added = [template.constant(node, 'node'), input, tag ?? 'undefined'];
  return `const ${full} = ${template.constant(add, 'add')}(${added.join(', ')});
if (${full} !== undefined) {
${template.emit(`${full}.items`, { tag: `${full}.tag`, release: `${full}.tag` })}
}`;
}

/** Adds an element to its buffer; gives the buffer's content when that makes it full. */
function add(
  node: Node<PartitionParams, PartitionState>,
  value: unknown,
  tag: Tag,
): { items: unknown[]; tag: Tag } | undefined {
  const { params, state } = node;
  if (params.key === undefined) return append(node, state.all, undefined, value, tag);
  const key = params.key(value);
  let buffer = state.byKey.get(key);
  if (buffer === undefined) {
    buffer = newBuffer([], 0);
    if (state.isTracked) buffer.tags = [];
    state.byKey.set(key, buffer);
  }
  const full = append(node, buffer, key, value, tag);
  if (full !== undefined) state.byKey.delete(key);
  return full;
}

function append(
  node: Node<PartitionParams, PartitionState>,
  buffer: PartitionBuffer,
  key: unknown,
  value: unknown,
  tag: Tag,
): { items: unknown[]; tag: Tag } | undefined {
  const { n, timeout } = node.params;
  const { items, tags } = buffer;
  items[buffer.size++] = value;
  if (tags !== undefined) {
    retain(tag);
    tags.push(tag);
  }
  if (buffer.size < n) {
    if (timeout !== undefined && buffer.size === 1) {
      buffer.due = node.state.clock.now() + timeout;
      arm(node, buffer, key);
    }
    return undefined;
  }
  disarm(node.state, buffer);
  empty(buffer);
  return { items: items.slice(), tag: tags === undefined ? undefined : concatMetadata(tags) };
}
