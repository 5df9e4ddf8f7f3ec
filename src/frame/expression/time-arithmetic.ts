import { types } from 'node:util';
import { type Duration, parseDuration } from '../../time/duration.ts';
import { shown } from '../checks.ts';
import { dayOf, isTime } from '../input/column-writer.ts';
import type { Expr } from '../plan/plan-node.ts';
import { type ColumnType, isNumeric, isTimeType } from '../types.ts';

type TimeLiteral = Extract<Expr, { lit: unknown }> & { readonly type: ColumnType };

const SPANS = new Set(['add', 'sub', 'mod']);

/** The type of arithmetic with times; undefined where there is none. */
export function spanType(op: string, left: ColumnType, right: ColumnType): ColumnType | undefined {
  if (op === 'sub' && isTimeType(left) && isTimeType(right)) return 'duration';
  if ((op === 'add' || op === 'sub') && isTimeType(left) && right === 'duration') {
    return 'timestamp';
  }
  if (op === 'add' && left === 'duration' && isTimeType(right)) return 'timestamp';
  if (left === 'duration' && right === 'duration') {
    return SPANS.has(op) ? 'duration' : op === 'div' ? 'f64' : undefined;
  }
  if (left === 'duration' && isNumeric(right) && (op === 'mul' || op === 'div')) return 'duration';
  return op === 'mul' && right === 'duration' && isNumeric(left) ? 'duration' : undefined;
}

/**
 * A plain value beside times of type `beside`: in sums a span or a Date, in comparisons and choices a
 * value of that type. Undefined for a factor of a span, which is an ordinary number.
 */
export function timeLiteral(
  op: string,
  beside: ColumnType,
  value: unknown,
): TimeLiteral | undefined {
  const isSum = SPANS.has(op);
  if (beside === 'duration' && !isSum && (op === 'mul' || op === 'div')) {
    return typeof value === 'number' || typeof value === 'bigint' ? undefined : span(op, value);
  }
  if (isSum && types.isDate(value)) return point(op, value);
  if (isSum || beside === 'duration') return span(op, value);
  return beside === 'date' ? day(op, value) : point(op, value);
}

function day(op: string, value: unknown): TimeLiteral {
  const days = dayOf(value);
  if (days === undefined) {
    throw new TypeError(
      `Cannot create ${op}: a date must be milliseconds or a Date, got ${shown(value)}`,
    );
  }
  return { lit: days, type: 'date' };
}

function point(op: string, value: unknown): TimeLiteral {
  if (typeof value === 'bigint') return { lit: String(value), type: 'timestamp' };
  const milliseconds = types.isDate(value) ? value.getTime() : value;
  if (!isTime(milliseconds)) {
    throw new TypeError(
      `Cannot create ${op}: a time must be whole milliseconds, a Date or bigint nanoseconds, got ${shown(value)}`,
    );
  }
  return { lit: String(BigInt(milliseconds) * 1_000_000n), type: 'timestamp' };
}

function span(op: string, value: unknown): TimeLiteral {
  if (typeof value === 'bigint') return { lit: String(value), type: 'duration' };
  const milliseconds = typeof value === 'number' ? value : parseDuration(value as Duration, op);
  const whole = Math.floor(milliseconds);
  if (!isTime(whole)) {
    throw new TypeError(
      `Cannot create ${op}: a span must be milliseconds, a duration such as '5m' or bigint nanoseconds, got ${shown(value)}`,
    );
  }
  const rest = BigInt(Math.round((milliseconds - whole) * 1e6));
  return { lit: String(BigInt(whole) * 1_000_000n + rest), type: 'duration' };
}
