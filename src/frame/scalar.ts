import type { Stream } from '../stream.ts';
import { ColumnNode } from './column-node.ts';
import { toResultStream } from './crossing.ts';
import type { PlanNode } from './plan/plan-node.ts';
import type { ColumnType, ValueOf } from './types.ts';

/**
 * One value that every batch brings up to date: an aggregate over all rows so far, or over a window.
 * Sinks receive it as a plain value, `null` where it is not defined, as the mean of nothing.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series } from 'millrace';
 *
 * const prices = new Series('f64');
 * const means = prices.mean().sinkToList();
 * prices.emit([1, 2]);
 * prices.emit([6]);
 * assert.deepEqual(means, [1.5, 3]);
 * ```
 */
export class Scalar<D extends ColumnType = ColumnType> extends ColumnNode<ValueOf<D> | null> {
  readonly type: D;
  readonly #node: PlanNode;

  /** Made by aggregates; there is no need to make one. */
  constructor(node: PlanNode) {
    super(node.graph);
    this.type = node.columns[0]!.type as D;
    this.#node = node;
  }

  /** The results as a stream, one element per batch. */
  toStream(): Stream<ValueOf<D> | null> {
    return toResultStream(this);
  }

  protected override node(): PlanNode {
    return this.#node;
  }
}
