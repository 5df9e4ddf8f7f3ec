import { checkOptions } from '../checks.ts';
import type { PlanNode } from '../plan/plan-node.ts';
import { checkColumns } from './check-columns.ts';
import { columnsBeside, inputOf, type JoinInput, joinedFrame } from './joined.ts';
import { columnsBut, columnsOf, keyReader, type RowValues, rowReader } from './matched-rows.ts';

/** Options of `joinLatest`. */
export interface JoinLatestOptions<P extends string = string> {
  /** Columns of both frames: a row's partner is the last one with the same values in them. */
  readonly on?: P | readonly P[];
}

/** Every row of `left` with the row of `right` that came last, or last with its key. */
export function joinLatest(
  left: PlanNode,
  right: PlanNode,
  options: JoinLatestOptions | undefined,
): unknown {
  const operator = 'joinLatest';
  checkOptions(operator, options, ['on']);
  const keys = checkColumns(operator, 'on', options?.on, left, right);
  const added = columnsBut(right, keys);
  const columns = columnsBeside(operator, left.columns, added);
  return joinedFrame(operator, columns, (emit, end) => {
    const latest = new Map<unknown, RowValues>();
    const inputs: JoinInput[] = [
      {
        node: left,
        receive(rows) {
          const keyOf = keyReader(rows, keys);
          const matches = Array.from({ length: rows.numRows }, (_, row) => latest.get(keyOf(row)));
          return emit([...rows.columns.map(inputOf), ...columnsOf(matches, added)]);
        },
        ended: end,
      },
      {
        node: right,
        receive(rows) {
          const keyOf = keyReader(rows, keys);
          const read = rowReader(rows, added);
          for (let row = 0; row < rows.numRows; row++) {
            const key = keyOf(row);
            if (key !== undefined) latest.set(key, read(row));
          }
          return undefined;
        },
        ended: () => undefined,
      },
    ];
    return {
      inputs,
      snapshot: () => new Map(latest),
      restore(data) {
        latest.clear();
        for (const [key, values] of data as typeof latest) latest.set(key, values);
      },
    };
  });
}
