import { derived } from '../derive.ts';
import { both, ColumnSource } from '../input/column-source.ts';
import { type Column, DAY } from '../output/column.ts';
import { Table } from '../output/table.ts';
import type { PlanColumn, PlanNode } from '../plan/plan-node.ts';
import type { ColumnType } from '../types.ts';

export type Settled = Promise<void> | undefined;

/** One of the inputs of a join: what it does with a batch of rows, and when these have ended. */
export interface JoinInput {
  readonly node: PlanNode;
  /** Whether `receive` copies what it keeps of rows that are borrowed. Without it none are. */
  readonly borrows?: boolean;
  /**
   * A promise that is returned holds back whoever emitted the rows, to whom they belong where
   * `isBorrowed` says so.
   */
  receive(rows: Table, isBorrowed: boolean): Settled;
  ended(): Settled;
}

/** What a join is made of: its inputs, and the state that they share, as plain data. */
export interface Join {
  readonly inputs: readonly JoinInput[];
  snapshot(): unknown;
  /** Takes up what `snapshot` gave. */
  restore(data: unknown): void;
}

/**
 * Makes a frame of its own graph out of rows of others. What the inputs receive goes out through
 * `emit`, as whole columns in the order of `columns`.
 */
export function joinedFrame(
  operator: string,
  columns: readonly PlanColumn[],
  connect: (emit: (columns: readonly unknown[]) => Settled, end: () => Settled) => Join,
): unknown {
  const source = new ColumnSource(operator, columns);
  const join = connect(
    (values) => source.columns(values),
    () => source.end(),
  );
  for (const input of join.inputs) {
    source.graph.feedFrom(input.node, {
      receive: (rows, isBorrowed) => input.receive(tableOf(rows as Column | Table), isBorrowed),
      ended: () => input.ended(),
      borrows: input.borrows ?? false,
    });
  }
  source.graph.keep({
    operator,
    snapshot: () => join.snapshot(),
    restore: (data) => join.restore(data),
  });
  return derived().frame(source.graph.input);
}

/** The columns of several nodes beside each other; throws a TypeError where two have one name. */
export function columnsBeside(
  operator: string,
  ...parts: readonly (readonly PlanColumn[])[]
): PlanColumn[] {
  const all = parts.flat();
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) {
      throw new TypeError(
        `Cannot create ${operator}: columns must have different names, got '${name}' twice; rename one`,
      );
    }
    names.add(name);
  }
  return all;
}

/** Both outcomes, of which the second may only begin after the first did not throw. */
export function after(first: Settled, second: () => Settled): Settled {
  return both(first, second());
}

/** Rows as a table, also where they are of one column. */
export function tableOf(rows: Column | Table): Table {
  return rows instanceof Table ? rows : new Table(rows.length, [rows]);
}

/** The values of a column as a source takes them; nothing is copied where none is missing. */
export function inputOf(column: Column): unknown {
  if (column.nullCount === 0 && column.type !== 'bool') return column.values;
  const read = rawReader(column);
  return Array.from({ length: column.length }, (_, row) => read(row));
}

/** Reads values as a source takes them again, without a loss: times as nanoseconds. */
export function rawReader(column: Column): (row: number) => unknown {
  const values = column.values as ArrayLike<unknown>;
  const { validity } = column;
  const present = presentReader(column.type, values);
  if (validity === null) return present;
  return (row) => ((validity[row >> 3]! >> (row & 7)) & 1 ? present(row) : null);
}

function presentReader(type: ColumnType, values: ArrayLike<unknown>): (row: number) => unknown {
  if (type === 'bool') return (row) => values[row] === 1;
  // A single date comes in as milliseconds, a typed array of them holds days.
  if (type === 'date') return (row) => (values[row] as number) * DAY;
  return (row) => values[row];
}
