import type { Stream } from '../stream.ts';
import type { ColumnNode } from './column-node.ts';
import type { PlanNode } from './plan/plan-node.ts';
import type { ColumnType } from './types.ts';

/** A series that JavaScript fills. */
export type DerivedSeries = ColumnNode<unknown> & {
  emit(values: readonly unknown[]): Promise<void> | undefined;
};

/** What results of user-defined functions come out of. */
export interface Makers {
  /** A series of its own graph. */
  series(type: ColumnType, name: string): DerivedSeries;
  /** The frame that shows a node. */
  frame(node: PlanNode): unknown;
  stream(): Stream<unknown>;
}

let makers: Makers | undefined;

/**
 * Says how streams and series are made. Importing them where aggregates are would form a circle that
 * cannot be loaded, so whoever knows both tells of them here.
 */
export function setMakers(given: Makers): void {
  makers = given;
}

/** What {@link setMakers} was told. */
export function derived(): Makers {
  return makers!;
}
