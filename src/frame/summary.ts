import type { Stream } from '../stream.ts';
import { ColumnNode } from './column-node.ts';
import { toResultStream } from './crossing.ts';
import type { PlanNode } from './plan-node.ts';
import type { Table } from './table.ts';
import type { Schema } from './types.ts';

/**
 * A table that every batch brings up to date: aggregates by key (key columns first, keys in the order
 * in which they were first seen), counts of values, or one row of aggregates of several columns.
 * Sinks receive a {@link Table}.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series } from 'millrace';
 *
 * const words = new Series('utf8', { name: 'word' });
 * const counts = words.valueCounts().sinkToList();
 * words.emit(['a', 'b', 'a']);
 * assert.deepEqual(counts[0]?.toRows(), [{ word: 'a', count: 2 }, { word: 'b', count: 1 }]);
 * ```
 */
export class Summary<S extends Schema = Schema> extends ColumnNode<Table<S>> {
  readonly schema: S;
  readonly #node: PlanNode;

  /** Made by aggregates; there is no need to make one. */
  constructor(node: PlanNode) {
    super(node.graph);
    this.schema = Object.fromEntries(node.columns.map(({ name, type }) => [name, type])) as S;
    this.#node = node;
  }

  /** The results as a stream, one element per batch. */
  toStream(): Stream<Table<S>> {
    return toResultStream(this);
  }

  protected override node(): PlanNode {
    return this.#node;
  }
}
