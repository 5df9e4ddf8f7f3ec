import { checkFunction, checkType, shown } from '../checks.ts';
import { planNodeOf } from '../column-node.ts';
import type { Column } from '../output/column.ts';
import { Series } from '../series.ts';
import type { ColumnType, InputOf, ValueOf } from '../types.ts';

/** A series fed with what a function makes of the values of another. */
export function mapValues<D extends ColumnType, N extends string, E extends ColumnType>(
  series: Series<D, N>,
  f: (value: ValueOf<D>) => InputOf<E>,
  type: E,
): Series<E, N> {
  checkFunction('map', f);
  checkType('map', type);
  const mapped = new Series<E, N>(type, { name: series.name });
  planNodeOf(mapped).graph.feedFrom(planNodeOf(series), {
    receive(result) {
      const column = result as Column<D>;
      const values = new Array<InputOf<E>>(column.length);
      let row = 0;
      for (const value of column) {
        values[row] = value === null ? null : call(series.name, f, value, row);
        row++;
      }
      return mapped.emit(values);
    },
    ended: () => mapped.end(),
    reuse: true,
  });
  return mapped;
}

/** Calls a user's function; what it throws then says which row it was given. */
export function call<T, R>(name: string, f: (value: T) => R, value: T, row: number): R {
  try {
    return f(value);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : shown(cause);
    throw new Error(
      `Cannot map '${name}': the function threw for ${shown(value)} in row ${row}: ${message}`,
      { cause },
    );
  }
}
