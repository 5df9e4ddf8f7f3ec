import { checkCount, checkOptions, checkType, shown } from '../checks.ts';
import { ColumnNode } from '../column-node.ts';
import type { Column } from '../output/column.ts';
import { PlanNode } from '../plan/plan-node.ts';
import type { Series } from '../series.ts';
import type { ColumnType, InputOf, IntegerType, TimeType, ValueOf } from '../types.ts';
import { isInteger, isNumeric, isTemporal, isTimeType } from '../types.ts';
import { mapValues } from './map-values.ts';
import {
  apply,
  checkDomain,
  checkOperand,
  combine,
  isTerm,
  meet,
  type OperatorOptions,
  type PlainOperand,
  type SeriesLike,
  seriesNode,
  TERM,
  type Term,
} from './term.ts';
import { wrapTerm } from './wrap-term.ts';

/** The type of the difference of two values of a column. */
export type DiffOf<D extends ColumnType> = D extends IntegerType
  ? 'i64'
  : D extends TimeType
    ? 'duration'
    : D;

/** The type of the ratio of two values of a column. */
export type RatioOf<D extends ColumnType> = D extends 'f32' ? 'f32' : 'f64';

/** Options of `cast`. */
export interface CastOptions {
  /** Whether a value that does not fit is an error. Default true; else it becomes missing. */
  readonly strict?: boolean;
}

/**
 * What a {@link Series} computes value by value beside arithmetic, comparison and logic: casts, text,
 * parts of dates, bounds, and what looks at rows before. All of it runs in Rust, but for `map`.
 */
export abstract class SeriesFunctions<D extends ColumnType, N extends string> extends ColumnNode<
  Column<D>
> {
  abstract readonly [TERM]: Term;

  /**
   * The values as ones of another type. Numbers are cut to whole ones, text is read as a number, as
   * true or false, or as a time in ISO 8601; anything becomes text, numbers as JavaScript writes them
   * and times in ISO 8601. A timestamp or duration goes to and from `i64` as nanoseconds, a date to
   * and from integers as days since 1970.
   *
   * A value that does not fit is an error when it comes, with code `ERR_CONVERSION`, its row and the
   * value; with `strict: false` it becomes missing. Throws a TypeError where there is no such cast.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const texts = new Series('utf8');
   * const numbers = texts.cast('i32', { strict: false }).sinkToList();
   * texts.emit(['12', 'x', null]);
   * assert.deepEqual([...numbers[0]!], [12, null, null]);
   * ```
   */
  cast<E extends ColumnType>(type: E, options: CastOptions = {}): Series<E, N> {
    const to = checkType('cast', type);
    checkOptions('cast', options, ['strict']);
    const term = this[TERM];
    if (!hasCast(term.type, to)) {
      throw new TypeError(
        `Cannot create cast: column '${term.name}' (${term.type}) has no cast to ${to}`,
      );
    }
    return this.#apply('cast', to as E, { to, strict: options.strict ?? true });
  }

  /** The text in upper case, by Unicode's rules for all languages. */
  upper(): Series<'utf8', N> {
    return this.#text('upper', 'utf8');
  }

  /** The text in lower case. */
  lower(): Series<'utf8', N> {
    return this.#text('lower', 'utf8');
  }

  /** The text without white space at either end. */
  trim(): Series<'utf8', N> {
    return this.#text('trim', 'utf8');
  }

  /** How many characters (Unicode code points) the text has, as i32. */
  length(): Series<'i32', N> {
    return this.#text('length', 'i32');
  }

  /** Whether the text starts with `part`. */
  startsWith(part: string): Series<'bool', N> {
    return this.#text('startsWith', 'bool', [checkText('startsWith', 'part', part)]);
  }

  /** Whether the text ends with `part`. */
  endsWith(part: string): Series<'bool', N> {
    return this.#text('endsWith', 'bool', [checkText('endsWith', 'part', part)]);
  }

  /** Whether `part` stands anywhere in the text. */
  contains(part: string): Series<'bool', N> {
    return this.#text('contains', 'bool', [checkText('contains', 'part', part)]);
  }

  /** The text with `by` in every place where `part` stands; neither is a pattern. */
  replace(part: string, by: string): Series<'utf8', N> {
    const texts = [checkText('replace', 'part', part), checkText('replace', 'by', by)];
    return this.#text('replace', 'utf8', texts);
  }

  /**
   * The characters (Unicode code points) from `start` up to but without `end`, by default to the end
   * of the text; negative places count from its end.
   */
  slice(start: number, end?: number): Series<'utf8', N> {
    const places = end === undefined ? [start] : [start, end];
    for (const place of places) {
      if (!Number.isSafeInteger(place)) {
        throw new RangeError(
          `Cannot create slice: start and end must be integers, got ${shown(place)}`,
        );
      }
    }
    return this.#text('slice', 'utf8', places);
  }

  /** The text followed by others: series of text, or plain strings. Missing where one of them is. */
  concat(...others: (SeriesLike<'utf8'> | string)[]): Series<'utf8', N> {
    checkOperand('concat', this[TERM], isText, 'text');
    const term = this[TERM];
    const args = others.map((other) => {
      const part = operandOf(other);
      if (!isTerm(part)) return { lit: checkText('concat', 'each part', part) };
      checkOperand('concat', part, isText, 'text');
      checkDomain('concat', term, part);
      return part.expr;
    });
    const expr = { op: 'concat', args: [term.expr, ...args] };
    return wrapTerm({ ...term, expr, type: 'utf8' }) as Series<'utf8', N>;
  }

  /** The year of a timestamp or date in UTC, as i32. */
  year(): Series<'i32', N> {
    return this.#part('year', isTimeType);
  }

  /** The month, 1 to 12. */
  month(): Series<'i32', N> {
    return this.#part('month', isTimeType);
  }

  /** The day of the month, 1 to 31. */
  day(): Series<'i32', N> {
    return this.#part('day', isTimeType);
  }

  /** The day of the week, 1 for Monday to 7 for Sunday, as in ISO 8601. */
  dayOfWeek(): Series<'i32', N> {
    return this.#part('dayOfWeek', isTimeType);
  }

  /** The day of the year, 1 to 366. */
  dayOfYear(): Series<'i32', N> {
    return this.#part('dayOfYear', isTimeType);
  }

  /** The hour of a timestamp in UTC, 0 to 23. */
  hour(): Series<'i32', N> {
    return this.#part('hour', isTimestamp);
  }

  /** The minute, 0 to 59. */
  minute(): Series<'i32', N> {
    return this.#part('minute', isTimestamp);
  }

  /** The second, 0 to 59. */
  second(): Series<'i32', N> {
    return this.#part('second', isTimestamp);
  }

  /** The millisecond, 0 to 999. */
  millisecond(): Series<'i32', N> {
    return this.#part('millisecond', isTimestamp);
  }

  /** Whether the value is there. Never missing itself. */
  isNotNull(): Series<'bool', N> {
    const isNull = apply('isNull', this[TERM], 'bool');
    return wrapTerm(apply('not', isNull, 'bool')) as Series<'bool', N>;
  }

  /**
   * The value, but at least `low` and at most `high`, which are series or plain values; `null` and
   * missing bounds bound nothing. What is missing or NaN stays so. Throws a TypeError for a bound that
   * is no value of the column's type.
   */
  clip(low: Bound<D>, high?: Bound<D>): Series<D, N> {
    return wrapTerm(
      this.#bounded(this.#bounded(this[TERM], 'clipMin', low), 'clipMax', high),
    ) as Series<D, N>;
  }

  /**
   * The value `n` rows before (default 1); missing in the first `n` rows. Keeps `n` rows.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const prices = new Series('f64');
   * const changes = prices.sub(prices.shift()).sinkToList();
   * prices.emit([1, 4]);
   * prices.emit([6]);
   * assert.deepEqual(changes.flatMap((column) => [...column]), [null, 3, 2]);
   * ```
   */
  shift(n = 1): Series<D, N> {
    return wrapTerm(shifted('shift', this[TERM], n)) as Series<D, N>;
  }

  /**
   * The value less the value `n` rows before (default 1): of integers exactly, as i64, of times a
   * duration. Missing where either is.
   */
  diff(n = 1): Series<DiffOf<D>, N> {
    const term = this[TERM];
    const fits = (type: ColumnType) => isNumeric(type) || isTemporal(type);
    checkOperand('diff', term, fits, 'numbers or times');
    const wide = isInteger(term.type)
      ? apply('cast', term, 'i64', { to: 'i64', strict: true })
      : term;
    return wrapTerm(combine('sub', wide, shifted('diff', wide, n))) as Series<DiffOf<D>, N>;
  }

  /** The change from the value `n` rows before (default 1), as a part of that: 0.5 for 2 to 3. */
  pctChange(n = 1): Series<RatioOf<D>, N> {
    const term = this[TERM];
    checkOperand('pctChange', term, isNumeric, 'numeric');
    const ratio = combine('div', term, shifted('pctChange', term, n));
    return wrapTerm(combine('sub', ratio, 1)) as Series<RatioOf<D>, N>;
  }

  /**
   * What a function of JavaScript makes of each value that is there, as a series of `type`; missing
   * stays missing, and so does what it returns `null` or `undefined` for.
   *
   * It runs outside of the plan: each batch comes up from Rust, through one call of `f` per value, and
   * goes down again into a plan of its own, which costs many times what an expression does. The result
   * is a source of its own, which ends with this one and does not go together with other columns of
   * it; a frame's `map` keeps columns together.
   *
   * What `f` throws reaches the emitter as an error that names the row of the batch, with the thrown
   * one as its `cause`; nothing of that batch is delivered.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const words = new Series('utf8');
   * const sizes = words.map((word) => word.split(' ').length, 'i32').sinkToList();
   * words.emit(['a b c', null, 'd']);
   * assert.deepEqual([...sizes[0]!], [3, null, 1]);
   * ```
   */
  map<E extends ColumnType>(f: (value: ValueOf<D>) => InputOf<E>, type: E): Series<E, N> {
    return mapValues(this as unknown as Series<D, N>, f, type);
  }

  #bounded(term: Term, op: string, bound: unknown): Term {
    if (bound === null || bound === undefined) return term;
    const { right, type } = meet('clip', term, operandOf(bound));
    if (type !== term.type) {
      throw new TypeError(
        `Cannot create clip: a bound of '${term.name}' must be ${term.type}, got one that makes it ${type}`,
      );
    }
    return { ...term, expr: { op, args: [term.expr, right] } };
  }

  #part(op: string, fits: (type: ColumnType) => boolean): Series<'i32', N> {
    const wanted = fits === isTimestamp ? 'a timestamp' : 'a timestamp or a date';
    checkOperand(op, this[TERM], fits, wanted);
    return this.#apply(op, 'i32');
  }

  #text<E extends ColumnType>(
    op: string,
    type: E,
    values: readonly (string | number)[] = [],
  ): Series<E, N> {
    const term = this[TERM];
    checkOperand(op, term, isText, 'text');
    const args = [term.expr, ...values.map((lit) => ({ lit }))];
    return wrapTerm({ ...term, expr: { op, args }, type }) as Series<E, N>;
  }

  #apply<E extends ColumnType>(op: string, type: E, options?: OperatorOptions): Series<E, N> {
    return wrapTerm(apply(op, this[TERM], type, options)) as Series<E, N>;
  }
}

/** What may bound a series of type `D`; `null` bounds nothing. */
export type Bound<D extends ColumnType> =
  | SeriesLike<D>
  | (D extends 'utf8' | 'bool' ? never : InputOf<D>);

/** The term of a series, or the plain value that is given. */
export function operandOf(value: unknown): Term | PlainOperand {
  if (typeof value === 'object' && value !== null && TERM in value)
    return (value as SeriesLike)[TERM];
  return value as PlainOperand;
}

/** The node that shows the rows of `term` by an operator that keeps rows from batch to batch. */
export function rowsBefore(term: Term, spec: Readonly<Record<string, unknown>>): Term {
  const { graph, domain, name, type } = term;
  const input = seriesNode(term);
  const node = new PlanNode(graph, 'series', [{ name, type }], { ...spec, input }, domain);
  return { graph, domain, expr: { of: node }, name, type };
}

function shifted(operator: string, term: Term, n: number): Term {
  return rowsBefore(term, { op: 'shift', n: checkCount(operator, 'n', n) });
}

function isText(type: ColumnType): boolean {
  return type === 'utf8';
}

function isTimestamp(type: ColumnType): boolean {
  return type === 'timestamp';
}

function checkText(operator: string, name: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`Cannot create ${operator}: ${name} must be a string, got ${shown(value)}`);
  }
  return value;
}

/** Whether the plan has a cast between two types. */
function hasCast(from: ColumnType, to: ColumnType): boolean {
  if (from === to || to === 'utf8') return true;
  if (from === 'utf8') return to !== 'duration';
  const pair = (type: ColumnType) => isNumeric(type) || type === 'bool';
  if (pair(from) && pair(to)) return true;
  return [`${from} ${to}`, `${to} ${from}`].some((both) => TIME_CASTS.has(both));
}

const TIME_CASTS: ReadonlySet<string> = new Set([
  'timestamp i64',
  'duration i64',
  'date i32',
  'date i64',
  'date timestamp',
]);
