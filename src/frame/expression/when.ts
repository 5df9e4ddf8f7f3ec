import { types } from 'node:util';
import { shown } from '../checks.ts';
import type { Expr } from '../plan/plan-node.ts';
import type { Arithmetic, Series } from '../series.ts';
import type { ColumnType, Promoted } from '../types.ts';
import { operandOf } from './series-functions.ts';
import {
  apply,
  checkDomain,
  checkOperand,
  isTerm,
  meet,
  type PlainValue,
  type SeriesLike,
  type Term,
} from './term.ts';
import { timeLiteral } from './time-arithmetic.ts';
import { wrapTerm } from './wrap-term.ts';

/** What a branch may yield: a series with the same rows, or a plain value. */
export type Choice = SeriesLike | PlainValue;

/** The type of a branch, or of several plain ones. */
export type ChoiceType<V> =
  Exclude<V, null> extends infer W
    ? W extends SeriesLike<infer D>
      ? D
      : W extends string
        ? 'utf8'
        : W extends boolean
          ? 'bool'
          : W extends Date
            ? 'timestamp'
            : W extends bigint
              ? 'i64'
              : 'f64'
    : never;

/** Two branches as one: a series of the type in which they meet, or both plain values. */
export type Chosen<A, B> =
  A extends SeriesLike<infer D>
    ? SeriesLike<
        B extends SeriesLike<infer E>
          ? Promoted<D, E>
          : B extends number | bigint
            ? Arithmetic<D, B>
            : D
      >
    : B extends SeriesLike
      ? Chosen<B, A>
      : A | B;

interface Branch {
  readonly condition: Term;
  readonly value: unknown;
}

/**
 * Begins a choice between values by conditions: `when(condition).then(value).otherwise(other)`.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series, when } from 'millrace';
 *
 * const prices = new Series('f64');
 * const sizes = when(prices.lt(10)).then('small').when(prices.lt(100)).then('large').otherwise('huge');
 * const seen = sizes.sinkToList();
 * prices.emit([5, 50, 500]);
 * assert.deepEqual([...seen[0]!], ['small', 'large', 'huge']);
 * ```
 */
export function when(condition: SeriesLike<'bool'>): When<never> {
  return new When([], condition);
}

/** A condition that waits for the value it chooses. */
export class When<V> {
  readonly #before: readonly Branch[];
  readonly #condition: Term;

  /** Made by {@link when}; there is no need to make one. */
  constructor(before: readonly Branch[], condition: unknown) {
    const term = operandOf(condition);
    if (!isTerm(term)) {
      throw new TypeError(
        `Cannot create when: expected a series of conditions, got ${shown(condition)}`,
      );
    }
    checkOperand('when', term, (type) => type === 'bool', 'bool');
    if (before[0] !== undefined) checkDomain('when', before[0].condition, term);
    this.#before = before;
    this.#condition = term;
  }

  /** The value where the condition is true: a series with the same rows, or a plain value. */
  then<const B extends Choice>(value: B): Then<[V] extends [never] ? B : Chosen<V, B>> {
    return new Then([...this.#before, { condition: this.#condition, value }]);
  }
}

/** Values chosen by conditions, which wait for what is left. */
export class Then<V> {
  readonly #branches: readonly Branch[];

  /** Made by {@link When.then}; there is no need to make one. */
  constructor(branches: readonly Branch[]) {
    this.#branches = branches;
  }

  /** A further condition, for rows for which none before was true. */
  when(condition: SeriesLike<'bool'>): When<V> {
    return new When<V>(this.#branches, condition);
  }

  /**
   * The value where no condition was true, a missing one counting as not true. The series has the name
   * of the first value that is a series, else of the first condition, and the type in which all values
   * meet. Throws a TypeError for values that have no common type, or other rows than the conditions.
   */
  otherwise<const B extends Choice>(other: B): Series<ChoiceType<Chosen<V, B>>> {
    return wrapTerm(choose(this.#branches, other)) as Series<ChoiceType<Chosen<V, B>>>;
  }
}

function choose(branches: readonly Branch[], other: unknown): Term {
  const values = [...branches.map(({ value }) => value), other].map(operandOf);
  const first = branches[0]!.condition;
  const series = values.find(isTerm);
  if (series !== undefined) checkDomain('when', first, series);
  let common: Term = series ?? { ...first, type: plainType(values) };
  for (const value of values) common = { ...common, type: meet('when', common, value).type };
  const { type } = common;
  let expr = valueExpr(values.at(-1), type);
  branches.toReversed().forEach(({ condition }, i) => {
    const value = valueExpr(values[branches.length - 1 - i], type);
    expr = { op: 'if', args: [condition.expr, value, expr] };
  });
  return { ...common, name: (series ?? first).name, expr, type };
}

/** A branch as an expression of the type in which all meet. */
function valueExpr(value: unknown, type: ColumnType): Expr {
  if (isTerm(value)) {
    return value.type === type ? value.expr : apply('cast', value, type, { to: type }).expr;
  }
  if (value === null || value === undefined) return { lit: null };
  const time =
    types.isDate(value) || type === 'date' || type === 'timestamp' || type === 'duration';
  if (time) return timeLiteral('when', type, value)!;
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    return { lit: String(value).replace('Infinity', 'inf'), type };
  }
  return { lit: Object.is(value, -0) ? '-0' : (value as number | string | boolean), type };
}

/** The type of plain values that stand without a series. */
function plainType(values: readonly unknown[]): ColumnType {
  const value = values.find((one) => one !== null && one !== undefined);
  if (typeof value === 'string') return 'utf8';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'i64';
  if (typeof value === 'number') return 'f64';
  if (types.isDate(value)) return 'timestamp';
  throw new TypeError(
    `Cannot create when: expected a series, number, bigint, string, boolean or Date, got ${shown(value)}`,
  );
}

/** The first of the values that is there. */
export function coalesce<D extends ColumnType, N extends string>(
  first: SeriesLike<D, N>,
  ...others: (SeriesLike | PlainValue)[]
): Series<D, N> {
  return folded('coalesce', 'fillNull', first, others);
}

/**
 * The least of the values of each row, those that are missing left aside; NaN where one is NaN. Takes
 * numbers and times.
 */
export function least<D extends ColumnType, N extends string>(
  first: SeriesLike<D, N>,
  ...others: (SeriesLike | PlainValue)[]
): Series<D, N> {
  return folded('least', 'least', first, others);
}

/** The greatest of the values of each row, as {@link least}. */
export function greatest<D extends ColumnType, N extends string>(
  first: SeriesLike<D, N>,
  ...others: (SeriesLike | PlainValue)[]
): Series<D, N> {
  return folded('greatest', 'greatest', first, others);
}

function folded<D extends ColumnType, N extends string>(
  operator: string,
  op: string,
  first: SeriesLike<D, N>,
  others: readonly unknown[],
): Series<D, N> {
  const term = operandOf(first);
  if (!isTerm(term)) {
    throw new TypeError(`Cannot create ${operator}: expected a series first, got ${shown(first)}`);
  }
  let all: Term = term;
  for (const other of others) {
    const { right, type } = meet(operator, all, operandOf(other));
    all = { ...all, expr: { op, args: [all.expr, right] }, type };
  }
  return wrapTerm(all) as Series<D, N>;
}
