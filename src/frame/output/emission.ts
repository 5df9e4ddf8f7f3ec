import type { ColumnDescription, Plan } from '../../native/plan.ts';
import type { ColumnType } from '../types.ts';
import { Column, DAY, milliseconds, narrow } from './column.ts';
import { Table } from './table.ts';

/** Numbers per column in an emission record. */
const STRIDE = 4;

/** One result of a plan: which sink it is for, what it is, and where the next record begins. */
export interface Emission {
  readonly sink: number;
  readonly value: unknown;
  readonly next: number;
}

/** Reads the emission record at index `at` of the plan's control numbers. */
export function readEmission(plan: Plan, at: number): Emission {
  const sink = plan.control[at]!;
  const { kind, columns } = plan.sinks[sink]!;
  const next = at + 2 + STRIDE * columns.length;
  if (kind === 'series') return { sink, value: readColumn(plan, columns[0]!, at, at + 2), next };
  if (kind === 'scalar') return { sink, value: readScalar(plan, columns[0]!, at), next };
  const read: Column[] = [];
  for (let c = 0; c < columns.length; c++) {
    read.push(readColumn(plan, columns[c]!, at, at + 2 + STRIDE * c));
  }
  return { sink, value: new Table(plan.control[at + 1]!, read), next };
}

function readColumn(plan: Plan, column: ColumnDescription, record: number, at: number): Column {
  const { control } = plan;
  return new Column(
    column.name,
    column.type as ColumnType,
    control[record + 1]!,
    control[at + 2]!,
    {
      buffer: plan.memory,
      values: control[at]!,
      validity: control[at + 1]!,
      text: control[at + 3]!,
      strings: column.dictionary === null ? null : stringsOf(plan, column.dictionary),
    },
  );
}

function stringsOf(plan: Plan, dictionary: number): readonly string[] {
  plan.dictionaries[dictionary] ??= [];
  return plan.dictionaries[dictionary]!;
}

function readScalar(plan: Plan, column: ColumnDescription, record: number): unknown {
  if (column.type === 'utf8') return readColumn(plan, column, record, record + 2).at(0);
  const value = plan.control[record + 2]!;
  const form = plan.control[record + 3]!;
  if (form === 0) return null;
  if (column.type === 'bool') return value !== 0;
  if (column.type === 'timestamp' || column.type === 'duration') {
    return milliseconds(form === 2 ? new BigInt64Array(plan.memory, value, 1)[0]! : BigInt(value));
  }
  if (column.type === 'date') return value * DAY;
  if (form === 1) return value;
  const Words = column.type === 'u64' ? BigUint64Array : BigInt64Array;
  return narrow(new Words(plan.memory, value, 1)[0]!);
}
