import type { ByteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import { collectError, type Delivery, gather, join, raise } from '../graph/delivery.ts';
import { emitWaiting } from '../graph/emit-waiting.ts';
import { concatMetadata, release as letGo, retain, type Tag } from '../graph/metadata.ts';
import { defineOperator, type Send } from '../graph/operator.ts';
import { joinBound, ZipBuffer } from './zip.ts';

/** Options of `zipLatest`. */
export interface ZipLatestOptions extends ByteLimit {
  /**
   * Elements of the first stream that may wait for the others to speak before its emitters are held
   * back; at least 1, `Infinity` never holds back. Default: 10.
   */
  readonly maxsize?: number;
}

/** The latest element of an input other than the lossless one. */
interface Slot {
  value: unknown;
  hasValue: boolean;
  tag: Tag;
}

/** What waits on the lossless input, and the latest elements of the others. */
export interface ZipLatestState {
  readonly lossless: ZipBuffer;
  /** By port; the lossless input's is unused. */
  readonly slots: Slot[];
  /** Inputs other than the lossless one that have not spoken yet. */
  missing: number;
  /** False once the lossless input was disconnected: nothing causes an emission any more. */
  hasLossless: boolean;
  isTracked: boolean;
}

/** Emits an array for every element of the first input, with the latest elements of the others. */
export const zipLatest = defineOperator<Bound, ZipLatestState>({
  name: 'zipLatest',
  version: 1,
  ports: true,
  holds: true,
  create: (bound) => newState(bound),
  link(node, send, port) {
    const { state } = node;
    const slot = state.slots[port]!;
    if (port > 0 || !state.hasLossless)
      return (value, tag) => update(state, slot, value, tag, send);
    return (value, tag) => {
      const { lossless } = state;
      if (state.missing === 0 && lossless.queue.size === 0) {
        return send([value, ...latest(state)], tagsOf(state, tag));
      }
      const accepted = lossless.hold(value, tag);
      return accepted === undefined ? undefined : gather(undefined, accepted);
    };
  },
  track(state) {
    state.isTracked = true;
    state.lossless.queue.track();
  },
  connected({ state }, port) {
    state.slots.push({ value: undefined, hasValue: false, tag: undefined });
    if (port === 0) state.hasLossless = true;
    else state.missing++;
  },
  disconnected(node, port) {
    const { state } = node;
    const [gone] = state.slots.splice(port, 1);
    if (port === 0 && state.hasLossless) {
      state.hasLossless = false;
      for (const tag of state.lossless.clear()) letGo(tag);
      return;
    }
    letGo(gone?.tag);
    if (gone?.hasValue) return;
    state.missing--;
    if (node.isDestroyed) return;
    // The rest may have been waiting for that input only.
    flushLossless(state, (value, tag, release) => {
      emitWaiting(node, value, tag, release);
      return undefined;
    });
  },
  isFull: ({ state }, port) => port === 0 && state.lossless.isFull && state.missing > 0,
  start: ({ state }) => state.lossless.reopen(),
  inputEnded({ state }, port) {
    // An input that never spoke never will: nothing can go out any more.
    const isOther = port > 0 || !state.hasLossless;
    if (isOther && state.slots[port]?.hasValue === false) state.lossless.giveUp();
  },
  forget({ state }) {
    const held = [...state.lossless.clear(), ...state.slots.map(({ tag }) => tag)];
    for (const slot of state.slots) {
      slot.value = undefined;
      slot.hasValue = false;
      slot.tag = undefined;
    }
    state.missing = state.slots.length - (state.hasLossless ? 1 : 0);
    return held;
  },
  snapshot: ({ lossless, slots, hasLossless }) => ({
    lossless: lossless.queue.toArray(),
    slots: slots.map(({ value, hasValue }) => ({ value, hasValue })),
    hasLossless,
  }),
  restore(data, bound) {
    const saved = data as {
      lossless: unknown[];
      slots: { value: unknown; hasValue: boolean }[];
      hasLossless: boolean;
    };
    const state = newState(bound);
    state.hasLossless = saved.hasLossless;
    for (const value of saved.lossless) state.lossless.hold(value, undefined);
    for (const slot of saved.slots) state.slots.push({ ...slot, tag: undefined });
    state.missing = others(state).filter(({ hasValue }) => !hasValue).length;
    return state;
  },
});

/** Checks the arguments of `zipLatest`. */
export function zipLatestParams(options: ZipLatestOptions): Bound {
  return joinBound('zipLatest', options);
}

function newState(bound: Bound): ZipLatestState {
  return {
    lossless: new ZipBuffer(bound),
    slots: [],
    missing: 0,
    hasLossless: false,
    isTracked: false,
  };
}

function others({ slots, hasLossless }: ZipLatestState): Slot[] {
  return hasLossless ? slots.slice(1) : slots;
}

function latest(state: ZipLatestState): unknown[] {
  return others(state).map(({ value }) => value);
}

function tagsOf(state: ZipLatestState, tag: Tag): Tag {
  return state.isTracked
    ? concatMetadata([tag, ...others(state).map((slot) => slot.tag)])
    : undefined;
}

function update(state: ZipLatestState, slot: Slot, value: unknown, tag: Tag, send: Send): Delivery {
  const left = slot.tag;
  retain(tag);
  slot.value = value;
  slot.tag = tag;
  if (!slot.hasValue) {
    slot.hasValue = true;
    state.missing--;
  }
  letGo(left);
  return state.lossless.queue.size > 0 ? flushLossless(state, send) : undefined;
}

/** Sends what waited, all of it even if some of it fails. */
function flushLossless(state: ZipLatestState, send: Send): Delivery {
  let pending: Delivery;
  let errors: unknown[] | undefined;
  while (state.missing === 0 && state.lossless.queue.size > 0) {
    const tag = state.lossless.queue.headTag();
    const value = state.lossless.take();
    try {
      pending = join(pending, send([value, ...latest(state)], tagsOf(state, tag), tag));
    } catch (error) {
      errors = collectError(errors, error);
    }
  }
  return errors === undefined ? pending : raise(errors, pending);
}
