import { lengthOf, type Rows } from './own-rows.ts';
import type { AnyAggregation } from './user-aggregate.ts';

/** What rows have come to. It never changes, as far as the user's functions leave it alone. */
export interface Held {
  readonly rows: number;
  readonly state: unknown;
  /** The rows themselves, where they leave again. */
  readonly chunks: readonly Chunk[];
}

/** Rows that came together. */
export interface Chunk {
  readonly rows: Rows;
  readonly length: number;
  /** Of `rows` alone; only where states are merged. */
  readonly state: unknown;
}

/** An aggregation at work, over rows that come and leave. */
export interface Fold {
  /** What no rows have come to. */
  readonly none: () => Held;
  /** Without its `gone` oldest rows, and with more. */
  readonly step: (held: Held, gone: number, come: Rows) => Held;
  /** The same with states as the plain data that the user's function makes of them. */
  readonly save: (held: Held) => Held;
  /** Of what `save` gave, or an equal copy of it. */
  readonly load: (saved: Held) => Held;
}

const same = (state: unknown) => state;

/** Over rows that all stay. */
export function running({ initial, onNew, save = same, load = same }: AnyAggregation): Fold {
  return {
    none: () => ({ rows: 0, state: initial(), chunks: [] }),
    step(held, _gone, come) {
      const length = lengthOf(come);
      if (length === 0) return held;
      return { rows: held.rows + length, state: onNew(held.state, come), chunks: [] };
    },
    save: ({ rows, state }) => ({ rows, state: save(state), chunks: [] }),
    load({ rows, state }) {
      return { rows, state: load(state), chunks: [] };
    },
  };
}

/** Over rows of which the oldest leave. */
export function leaving(aggregation: AnyAggregation): Fold {
  const { initial, onNew, onOld, merge, save = same, load = same } = aggregation;
  const merges = merge !== undefined && onOld === undefined;
  const chunk = (rows: Rows): Chunk => {
    const state = merges ? onNew(initial(), rows) : undefined;
    return { rows, length: lengthOf(rows), state };
  };
  const stateOf = (chunks: readonly Chunk[]) =>
    merges
      ? chunks.reduce((all, one) => merge(all, one.state), initial())
      : chunks.reduce((all, one) => onNew(all, one.rows), initial());

  return {
    none: () => ({ rows: 0, state: initial(), chunks: [] }),
    step(held, gone, come) {
      const length = lengthOf(come);
      if (gone === 0 && length === 0) return held;
      const chunks: Chunk[] = [];
      const isOver = gone >= held.rows;
      let left = gone;
      // What all rows have left is the state of none, whatever became of it on the way.
      let state = isOver ? initial() : held.state;
      for (const one of isOver ? [] : held.chunks) {
        const leaves = Math.min(left, one.length);
        left -= leaves;
        if (leaves > 0 && onOld !== undefined) state = onOld(state, one.rows.slice(0, leaves));
        if (leaves === 0) chunks.push(one);
        else if (leaves < one.length) chunks.push(chunk(one.rows.slice(leaves)));
      }
      if (length > 0) chunks.push(chunk(come));
      if (onOld === undefined) state = stateOf(chunks);
      else if (length > 0) state = onNew(state, come);
      return { rows: Math.max(0, held.rows - gone) + length, state, chunks };
    },
    save: ({ rows, state, chunks }) => ({
      rows,
      // Where there is no `onOld` the state is made of the chunks again.
      state: onOld === undefined ? undefined : save(state),
      chunks: chunks.map((one) => (merges ? { ...one, state: save(one.state) } : one)),
    }),
    load({ rows, state, chunks: saved }) {
      const chunks = saved.map((one) => (merges ? { ...one, state: load(one.state) } : one));
      return { rows, state: onOld === undefined ? stateOf(chunks) : load(state), chunks };
    },
  };
}
