/**
 * nodejs-polars as a second opinion on the column plane. It is a package of the bench, which
 * `npm test` installs on the machines it has a binary for; without it there is nothing to hold
 * against, and the tests are skipped.
 */
import { createRequire } from 'node:module';
import { describe, type SuiteAPI } from 'vitest';

type Polars = typeof import('../../bench/polars.ts').default;

// The tests run beside others, and the columns are short.
process.env.POLARS_MAX_THREADS ??= '1';

function installed(): boolean {
  try {
    createRequire(new URL('../../bench/polars.ts', import.meta.url)).resolve('nodejs-polars');
    return true;
  } catch {
    return false;
  }
}

/** polars; not to be used outside of {@link withPolars}. */
export const pl = (
  installed() ? (await import('../../bench/polars.ts')).default : undefined
) as Polars;

export type Expr = ReturnType<Polars['col']>;
export type PolarsFrame = ReturnType<Polars['DataFrame']>;

/** `describe`, where polars is installed. */
export const withPolars = (pl === undefined ? describe.skip : describe) as SuiteAPI;

export type ParityType = 'f64' | 'f32' | 'i32' | 'i64' | 'bool' | 'utf8';

/** Our types as those of polars. */
const TYPES = {
  f64: 'Float64',
  f32: 'Float32',
  i32: 'Int32',
  i64: 'Int64',
  bool: 'Bool',
  utf8: 'Utf8',
} as const satisfies Record<ParityType, keyof Polars>;

/** Rows as a frame of polars. */
export function polarsFrame(
  schema: Readonly<Record<string, ParityType>>,
  rows: readonly Readonly<Record<string, unknown>>[],
): PolarsFrame {
  const columns = Object.entries(schema).map(([name, type]) =>
    pl.Series(
      name,
      rows.map((row) => row[name] ?? null),
      pl[TYPES[type]],
    ),
  );
  return pl.DataFrame(Object.fromEntries(columns.map((column) => [column.name, column])));
}

/** Values as a frame of one column, `x`. */
export function polarsColumn(type: ParityType, values: readonly unknown[]): PolarsFrame {
  return polarsFrame(
    { x: type },
    values.map((x) => ({ x })),
  );
}

/** The values of a column; whole numbers as numbers. */
export function valuesOf(frame: PolarsFrame, name = 'x'): unknown[] {
  return frame.getColumn(name).toArray().map(plain);
}

/** The rows of a frame as lists of values. */
export function rowsOf(frame: PolarsFrame): unknown[][] {
  return (frame.toRecords() as Record<string, unknown>[]).map((row) =>
    Object.values(row).map(plain),
  );
}

function plain(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === 'bigint' ? Number(value) : value;
}
