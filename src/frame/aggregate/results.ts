import type { DataFrame } from '../data-frame.ts';
import type { Scalar } from '../scalar.ts';
import type { Series } from '../series.ts';
import type { Summary } from '../summary.ts';
import type { ColumnType, Merge, Schema } from '../types.ts';

/** What an aggregating operator yields: rows, one value per batch, or a keyed table per batch. */
export type Shape = 'rows' | 'scalar' | 'keyed';

/** What an aggregate of one column is, by shape; `K` are the key columns. */
export interface ColumnResults<D extends ColumnType, N extends string, K extends Schema> {
  rows: Series<D, N>;
  scalar: Scalar<D>;
  keyed: Summary<Merge<K, { [P in N]: D }>>;
}

/** What aggregates of several columns are, by shape; `K` are the key columns. */
export interface FrameResults<S extends Schema, K extends Schema> {
  rows: DataFrame<S>;
  scalar: Summary<S>;
  keyed: Summary<Merge<K, S>>;
}

/** What a function of the user's over whole windows of a column yields, by shape. */
export interface AppliedResults<D extends ColumnType, N extends string, K extends Schema> {
  rows: Series<D, N>;
  scalar: Series<D, N>;
  keyed: DataFrame<Merge<K, { [P in N]: D }>>;
}
