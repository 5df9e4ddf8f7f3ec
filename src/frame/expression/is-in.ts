import { types } from 'node:util';
import { shown } from '../checks.ts';
import type { Series } from '../series.ts';
import type { ColumnType } from '../types.ts';

const MOST_VALUES = 1_000;

/** Whether a series equals one of `values`: a tree of comparisons, so that it is not deep. */
export function isIn<D extends ColumnType, N extends string>(
  series: Series<D, N>,
  values: readonly unknown[],
): Series<'bool', N> {
  if (!Array.isArray(values)) {
    throw new TypeError(`Cannot create isIn: values must be an array, got ${shown(values)}`);
  }
  if (values.length > MOST_VALUES) {
    throw new RangeError(
      `Cannot create isIn: there may be ${MOST_VALUES} values, got ${values.length}`,
    );
  }
  const conditions = Array.from(values, (value: unknown) => {
    if (
      value === null ||
      value === undefined ||
      (value instanceof Object && !types.isDate(value))
    ) {
      throw new TypeError(
        `Cannot create isIn: values must be plain and not missing, got ${shown(value)}`,
      );
    }
    return series.eq(value as never);
  });
  return conditions.length === 0 ? series.isNull().and(false) : anyOf(conditions);
}

function anyOf<N extends string>(conditions: readonly Series<'bool', N>[]): Series<'bool', N> {
  const [first, second] = conditions;
  if (second === undefined) return first!;
  const middle = conditions.length >> 1;
  return anyOf(conditions.slice(0, middle)).or(anyOf(conditions.slice(middle)));
}
