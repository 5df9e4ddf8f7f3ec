import { Series } from '../series.ts';
import type { ColumnType } from '../types.ts';
import type { SeriesLike } from './term.ts';
import { coalesce, greatest, least, when } from './when.ts';

/** What a query is made of: columns and plain values. */
export type Value = SeriesLike | number | bigint | string | boolean | null;

/** Methods of series that a query calls by name, with the fewest and most arguments. */
const METHODS: ReadonlyMap<string, readonly [string, number, number]> = new Map(
  (
    [
      ...['abs', 'floor', 'ceil', 'sqrt', 'log', 'exp', 'neg', 'isNan', 'isNull', 'isNotNull'],
      ...['upper', 'lower', 'trim', 'length'],
      ...['year', 'month', 'day', 'dayOfWeek', 'dayOfYear'],
      ...['hour', 'minute', 'second', 'millisecond'],
    ] as const
  )
    .map((name): [string, number, number] => [name, 0, 0])
    .concat([
      ['round', 0, 1],
      ['pow', 1, 1],
      ['floor', 0, 1],
      ['startsWith', 1, 1],
      ['endsWith', 1, 1],
      ['contains', 1, 1],
      ['replace', 2, 2],
      ['slice', 1, 2],
      ['concat', 1, Number.POSITIVE_INFINITY],
      ['fillNull', 1, 1],
      ['clip', 1, 2],
      ['cast', 1, 1],
      ['shift', 0, 1],
      ['diff', 0, 1],
      ['pctChange', 0, 1],
    ])
    .map((method) => [method[0].toLowerCase(), method]),
);

/** What a function of a query gives, its name in any case; undefined where there is none such. */
export function callFunction(name: string, args: readonly Value[]): Value | undefined {
  const [first, ...rest] = args;
  const key = name.toLowerCase();
  if (key === 'if' && first instanceof Series && rest.length === 2) {
    return when(first as never)
      .then(rest[0] as never)
      .otherwise(rest[1] as never);
  }
  if (!(first instanceof Series)) return undefined;
  if (key === 'coalesce') return coalesce(first, ...rest);
  if (key === 'least') return least(first, ...rest);
  if (key === 'greatest') return greatest(first, ...rest);
  const method = METHODS.get(key);
  if (method === undefined || rest.length < method[1] || rest.length > method[2]) return undefined;
  const series = first as unknown as Record<
    string,
    (...args: readonly unknown[]) => Series<ColumnType>
  >;
  return series[method[0]]!(...rest);
}
