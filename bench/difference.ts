/** The first way in which an answer differs from the expected one, or undefined where it does not. */
export function difference(
  actual: unknown,
  expected: unknown,
  path = 'answer',
): string | undefined {
  if (typeof expected === 'number') {
    // Engines add in different orders.
    const close =
      typeof actual === 'number' &&
      Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
    return close ? undefined : `${path} is ${String(actual)}, not ${expected}`;
  }
  if (expected instanceof Map) {
    return difference(sorted(actual as Iterable<[unknown, unknown]>), sorted(expected), path);
  }
  if (Array.isArray(expected) || expected instanceof Float64Array) {
    const values = actual as ArrayLike<unknown>;
    if (values?.length !== expected.length) {
      return `${path} has ${values?.length} elements, not ${expected.length}`;
    }
    for (let i = 0; i < expected.length; i++) {
      const found = difference(values[i], expected[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof expected === 'object' && expected !== null) {
    for (const [key, value] of Object.entries(expected)) {
      const found = difference(
        (actual as Record<string, unknown> | undefined)?.[key],
        value,
        `${path}.${key}`,
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return Object.is(actual, expected)
    ? undefined
    : `${path} is ${String(actual)}, not ${String(expected)}`;
}

function sorted(pairs: Iterable<[unknown, unknown]>): [unknown, unknown][] {
  return [...pairs].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}
