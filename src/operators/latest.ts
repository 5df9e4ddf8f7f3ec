import { release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator } from '../graph/operator.ts';
import { Pump, type Supply } from '../graph/pump.ts';

/** The newest element that was not delivered yet, if there is one. */
class LatestState implements Supply {
  readonly pump: Pump;
  size = 0;
  value: unknown;
  #tag: Tag;

  constructor(node: Node) {
    this.pump = new Pump(node, this);
  }

  isReady(): boolean {
    return this.size > 0;
  }

  nextTag(): Tag {
    return this.#tag;
  }

  /** Keeps an element in place of the one before; gives the metadata of that. */
  put(value: unknown, tag: Tag): Tag {
    const former = this.#tag;
    this.value = value;
    this.#tag = tag;
    this.size = 1;
    return former;
  }

  take(): unknown {
    const value = this.value;
    this.value = undefined;
    this.#tag = undefined;
    this.size = 0;
    return value;
  }
}

/** Delivers the newest element whenever the delivery before has settled. */
export const latest = defineOperator<undefined, LatestState>({
  name: 'latest',
  version: 1,
  boundary: true,
  holds: true,
  create: (_params, node) => new LatestState(node),
  link:
    ({ state }) =>
    (value, tag) => {
      retain(tag);
      const overwritten = state.put(value, tag);
      state.pump.wake();
      release(overwritten);
      return undefined;
    },
  start({ state }) {
    state.pump.start();
    state.pump.wake();
  },
  stop: ({ state }) => state.pump.stop(),
  drain: ({ state }) => state.pump.drained(),
  forget({ state }) {
    const tag = state.nextTag();
    state.take();
    return tag === undefined ? [] : [tag];
  },
  snapshot: (state) => (state.size === 0 ? [] : [state.value]),
  restore(data, _params, node) {
    const state = new LatestState(node);
    for (const value of data as unknown[]) state.put(value, undefined);
    return state;
  },
});
