import fc from 'fast-check';

/** Numbers that break naive kernels: missing, NaN, infinities, −0 and plain ones. */
export const number: fc.Arbitrary<number | null> = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8) },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -0, 0, 1e9, 1e-9) },
  { weight: 1, arbitrary: fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);

/** Batches of rows: any number of them, empty ones included. */
export function batches<T>(row: fc.Arbitrary<T>): fc.Arbitrary<T[][]> {
  return fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 6 });
}

/** Whether two results are the same but for the order in which floats were added. */
export function close(actual: unknown, expected: unknown): boolean {
  if (typeof actual !== 'number' || typeof expected !== 'number') return actual === expected;
  if (Object.is(actual, expected) || actual === expected) return true;
  return Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
}
