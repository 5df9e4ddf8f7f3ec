import type { TypedArray } from '../../native/plan.ts';
import { isOwnArray } from '../input/column-input.ts';
import type { Expr, Key, PlanNode } from '../plan/plan-node.ts';
import { columnFrom } from './column.ts';
import { Table } from './table.ts';

/**
 * A node that shows columns of its input as they are, so that a batch can be handed on without a run
 * of the plan.
 */
export interface Passage {
  readonly node: PlanNode;
  /** Which column of the input each of the node's columns is. */
  readonly from: readonly number[];
}

/** Tells how a node passes its input on; undefined where it computes, or text or flags come in. */
export function passage(node: PlanNode): Passage | undefined {
  const { input } = node.graph;
  if (input.columns.some(({ type }) => type === 'utf8' || type === 'bool')) return undefined;
  if (node === input) return { node, from: input.columns.map((_, c) => c) };
  const from = shownBy(node).map((expr) =>
    expr !== undefined && 'of' in expr && expr.of === input
      ? input.columns.findIndex(({ name }) => name === expr.col)
      : -1,
  );
  return from.length > 0 && from.every((c) => c >= 0) ? { node, from } : undefined;
}

/** The expressions of a node that computes row by row. */
function shownBy({ op, spec }: PlanNode): (Expr | undefined)[] {
  if (op === 'project') return [spec.expr as Expr];
  return op === 'frame' ? (spec.columns as readonly Key[]).map(({ expr }) => expr) : [];
}

/**
 * What the node yields for a batch, as columns over these very buffers; undefined where the plan has
 * to make it, as of values that are missing or not in the form in which results are.
 */
export function handOn(
  { node, from }: Passage,
  rows: number,
  buffers: ReadonlyArray<TypedArray | null>,
): Table | undefined {
  const columns = [];
  for (let c = 0; c < from.length; c++) {
    const { name, type } = node.columns[c]!;
    const values = buffers[2 * from[c]!];
    if (!values || !isOwnArray(type, values) || buffers[2 * from[c]! + 1] !== null) {
      return undefined;
    }
    columns.push(columnFrom(name, type, rows, values, null));
  }
  return new Table(rows, columns);
}

/** The same rows in memory of their own; their columns are typed arrays without a missing value. */
export function copyOf(rows: Table): Table {
  const columns = rows.columns.map(({ name, type, length, values }) =>
    columnFrom(name, type, length, (values as Float64Array).slice(), null),
  );
  return new Table(rows.numRows, columns);
}

/** Copies of rows that take each other's place, as in {@link copyOf} but without fresh memory for each. */
export class Copier {
  #arrays: Float64Array[] = [];

  copy(rows: Table): Table {
    const columns = rows.columns.map(({ name, type, length, values }, c) => {
      // All classes of typed arrays have what is used here of this one.
      const from = values as Float64Array;
      let array = this.#arrays[c];
      if (array === undefined || array.length < length) {
        array = new (from.constructor as Float64ArrayConstructor)(length);
        this.#arrays[c] = array;
      }
      array.set(from);
      return columnFrom(name, type, length, array.subarray(0, length), null);
    });
    return new Table(rows.numRows, columns);
  }
}
