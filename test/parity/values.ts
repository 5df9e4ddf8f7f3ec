import fc from 'fast-check';
import { expect } from 'vitest';
import { close, number } from '../frame/random.ts';
import type { ParityType } from './polars.ts';

/** A value, or null where it is missing. */
export type Value = number | string | boolean | null;

const missing = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });

const whole = (least: number, most: number) =>
  missing(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -50, max: 50 }) },
      { weight: 1, arbitrary: fc.integer({ min: least, max: most }) },
    ),
  );

/** How many inputs a property is tried with: a query of polars takes far longer than a batch. */
export const RUNS = { numRuns: 30 };

/** Values of each type, missing ones, extremes and such as break naive kernels among them. */
export const VALUES = {
  f64: number,
  f32: number.map((value) => (value === null ? null : Math.fround(value))),
  i32: whole(-(2 ** 31), 2 ** 31 - 1),
  // No sum of some hundred leaves what is exact as a number, which is what polars hands out.
  i64: whole(-(2 ** 44), 2 ** 44),
  bool: missing(fc.boolean()),
  utf8: missing(fc.constantFrom('', 'a', 'A', 'ab', 'ä', 'é', '😀', ' b ', 'zz', 'ß', 'ab.b')),
} satisfies Record<ParityType, fc.Arbitrary<Value>>;

export const NUMERIC = ['f64', 'f32', 'i32', 'i64'] as const;
export const ALL_TYPES = Object.keys(VALUES) as ParityType[];

/** Numbers without NaN and infinities: what both sides compute alike without a rule of their own. */
export const finite: fc.Arbitrary<number | null> = number.map((value) =>
  Number.isFinite(value) ? value : null,
);

/** Rows, some of them 1e9 away from 0, where sums of squares lose every digit. */
export function shifted(value: fc.Arbitrary<number | null>): fc.Arbitrary<number | null> {
  return value.map((x) => (x === null ? null : x + 1e9));
}

/** Batches: any number, of no row, of one and of many. */
export function batchesOf<T>(row: fc.Arbitrary<T>): fc.Arbitrary<T[][]> {
  const batch = fc.oneof(
    fc.array(row, { maxLength: 25 }),
    fc.array(row, { maxLength: 1 }),
    fc.array(row, { maxLength: 3 }),
  );
  return fc.array(batch, { maxLength: 6 });
}

/** Batches of floats near 0, or of such as lie 1e9 away. */
export const floats: fc.Arbitrary<(number | null)[][]> = fc.oneof(
  batchesOf(VALUES.f64),
  batchesOf(shifted(VALUES.f64)),
  batchesOf(shifted(finite)),
);

export const batchesOfType = (type: ParityType): fc.Arbitrary<Value[][]> =>
  type === 'f64' ? floats : batchesOf<Value>(VALUES[type]);

export const isNaNValue = (value: unknown): boolean =>
  typeof value === 'number' && Number.isNaN(value);
export const hasNaN = (values: readonly unknown[]): boolean => values.some(isNaNValue);
export const hasInfinity = (values: readonly unknown[]): boolean =>
  values.some((value) => typeof value === 'number' && Math.abs(value) === Number.POSITIVE_INFINITY);
export const present = <T>(values: readonly (T | null)[]): T[] =>
  values.filter((value): value is T => value !== null);

/** The rows up to the end of each batch. */
export function prefixes<T>(input: readonly (readonly T[])[]): T[][] {
  return input.map((_, i) => input.slice(0, i + 1).flat());
}

/** That two lists of results are the same, but for the order in which floats were added. */
export function same(actual: readonly unknown[], expected: readonly unknown[], about = ''): void {
  expect(actual.length, about).toBe(expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i];
    if (!close(value, wanted)) expect({ i, value }, about).toEqual({ i, value: wanted });
  });
}

/** The same of rows. */
export function sameRows(
  actual: readonly (readonly unknown[])[],
  expected: readonly (readonly unknown[])[],
  about = '',
): void {
  expect(actual.length, about).toBe(expected.length);
  actual.forEach((row, i) => {
    same(row, expected[i]!, `row ${i} ${about}`);
  });
}
