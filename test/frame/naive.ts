/** Twins of the native aggregates: from scratch, one obvious line each. */

type Numbers = readonly (number | null)[];

const there = (values: Numbers) => values.filter((value): value is number => value !== null);

/** The sum of what is there; 0 of nothing. */
export function sum(values: Numbers): number {
  return there(values).reduce((total, value) => total + value, 0);
}

/** How many values are there. */
export function count(values: Numbers): number {
  return there(values).length;
}

/** The mean of what is there; null of nothing. */
export function mean(values: Numbers): number | null {
  return count(values) === 0 ? null : sum(values) / count(values);
}

/** The variance of what is there; null of too little. */
export function variance(values: Numbers, ddof = 1): number | null {
  const n = count(values);
  if (n <= ddof) return null;
  const centre = mean(values)!;
  return sum(there(values).map((value) => (value - centre) ** 2)) / (n - ddof);
}

/** The least value; NaN if one is there, as in IEEE 754's minimum; null of nothing. */
export function min(values: Numbers): number | null {
  return count(values) === 0 ? null : Math.min(...there(values));
}

/** The greatest value; NaN if one is there; null of nothing. */
export function max(values: Numbers): number | null {
  return count(values) === 0 ? null : Math.max(...there(values));
}

/** The value at the share `q` of the sorted ones, between two on a line; NaN if one is there. */
export function quantile(values: Numbers, q = 0.5): number | null {
  const sorted = there(values).sort((a, b) => a - b);
  if (sorted.length === 0 || sorted.some(Number.isNaN)) return sorted.length === 0 ? null : NaN;
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  if (low === high) return low;
  const part = at - Math.floor(at);
  return Number.isFinite(high - low) ? low + (high - low) * part : low * (1 - part) + high * part;
}

/** What `f` makes of the last `n` values at every place, where `minPeriods` of them are there. */
export function rolling(
  values: Numbers,
  n: number,
  minPeriods: number,
  f: (window: Numbers) => number | null,
): (number | null)[] {
  return values.map((_, end) => {
    const window = values.slice(Math.max(0, end + 1 - n), end + 1);
    return count(window) < minPeriods ? null : f(window);
  });
}

/** The variance of weights `(1 - alpha) ** age` after every row, corrected for a sample. */
export function weightedVariance(values: Numbers, alpha: number): (number | null)[] {
  return values.map((_, end) => {
    const terms = values
      .slice(0, end + 1)
      .flatMap((value, i) => (value === null ? [] : [[(1 - alpha) ** (end - i), value] as const]));
    if (terms.length < 2) return null;
    const weigh = (f: (weight: number, value: number) => number) =>
      terms.reduce((total, [weight, value]) => total + f(weight, value), 0);
    const weights = weigh((weight) => weight);
    const centre = weigh((weight, value) => weight * value) / weights;
    const squares = weigh((weight, value) => weight * (value - centre) ** 2);
    return (squares * weights) / (weights ** 2 - weigh((weight) => weight ** 2));
  });
}
