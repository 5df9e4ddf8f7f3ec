import type { Sink } from '../sinks/batch-sink.ts';
import type { Stream } from '../stream.ts';
import { ColumnNode } from './column-node.ts';
import { toResultStream, toSink } from './crossing.ts';
import type { Table } from './output/table.ts';
import { PlanNode } from './plan/plan-node.ts';
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

  /**
   * Ends this branch in a sink that takes tables, such as `toParquetFiles`; it is ended with the input. A
   * stream of what became of them comes back.
   */
  to<R>(sink: Sink<Table<S>, R, unknown>): Stream<R> {
    return toSink<Table<S>, R>(this, sink);
  }

  /** The results as a stream, one element per batch. */
  toStream(): Stream<Table<S>> {
    return toResultStream(this);
  }

  /**
   * The groups that a `groupBy` with `maxGroups` or `ttl` gives up, with their last results: a table
   * for each batch that there are any, the longest idle first. Throws a TypeError for another table.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame } from 'millrace';
   *
   * const visits = new DataFrame({ user: 'utf8', pages: 'i64' });
   * const sums = visits.groupBy('user', { maxGroups: 2 }).pages.sum();
   * const gone = sums.evicted().sinkToList();
   * visits.emit({ user: ['ann', 'bob', 'ann', 'cem'], pages: [1, 2, 3, 4] });
   * assert.deepEqual(gone[0]?.toRows(), [{ user: 'bob', pages: 2 }]);
   * ```
   */
  evicted(): Summary<S> {
    const { graph, columns, spec } = this.#node;
    if (spec.maxGroups === undefined && spec.ttl === undefined) {
      throw new TypeError(
        `Cannot create evicted: only a groupBy with maxGroups or ttl gives up groups, got ${this.#node.op}`,
      );
    }
    return new Summary(new PlanNode(graph, 'table', columns, { op: 'evicted', input: this.#node }));
  }

  protected override node(): PlanNode {
    return this.#node;
  }
}
