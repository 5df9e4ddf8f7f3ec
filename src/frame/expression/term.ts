import type { Duration } from '../../time/duration.ts';
import { shown } from '../checks.ts';
import type { Graph } from '../plan/graph.ts';
import { type Expr, PlanNode } from '../plan/plan-node.ts';
import {
  type ColumnType,
  type IntegerType,
  isFloat,
  isInteger,
  isNumeric,
  isTemporal,
  isTimeType,
} from '../types.ts';
import { spanType, timeLiteral } from './time-arithmetic.ts';

/** An expression with what is known of it: the operand that {@link combine} and its kin work on. */
export interface Term {
  readonly graph: Graph;
  readonly domain: PlanNode;
  readonly expr: Expr;
  readonly type: ColumnType;
  readonly name: string;
}

/** The key of a series' expression: for the frame layer only. */
export const TERM: unique symbol = Symbol('term');

/** Any series of a type in `D`: what expressions take. */
export interface SeriesLike<D extends ColumnType = ColumnType, N extends string = string> {
  readonly [TERM]: Term;
  readonly type: D;
  readonly name: N;
}

/** What expressions take beside a series: a plain value. */
export type PlainValue = number | bigint | string | boolean | Date | null;

/** What expressions take beside a series of times: a plain value, or a span in any form. */
export type PlainOperand = PlainValue | Duration;

const ARITHMETIC = new Set(['add', 'sub', 'mul', 'mod']);
/** Operators of two values of one kind, whose result is of their common type. */
const SAME_KIND = new Set(['fillNull', 'coalesce', 'least', 'greatest', 'clip', 'when']);
const COMPARISONS = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);

/**
 * `left op right`, where `right` is a term or a plain value. Throws a TypeError for types that do not
 * go together and for operands whose rows are not the same.
 */
export function combine(op: string, left: Term, right: Term | PlainOperand): Term {
  const operand = isTerm(right) ? right : literal(op, left, right);
  if (isTerm(operand)) checkDomain(op, left, operand);
  const type = resultType(op, left, operand);
  return { ...left, expr: { op, args: [left.expr, operand.expr] }, type };
}

/**
 * Two operands of one kind and the type in which they meet; at least one must be a term. Throws as
 * {@link combine} does.
 */
export function meet(
  op: string,
  left: Term | PlainOperand,
  right: Term | PlainOperand,
): { left: Expr; right: Expr; type: ColumnType } {
  if (isTerm(left)) {
    const operand = isTerm(right) ? right : literal(op, left, right);
    if (isTerm(operand)) checkDomain(op, left, operand);
    return { left: left.expr, right: operand.expr, type: resultType(op, left, operand) };
  }
  const { left: b, right: a, type } = meet(op, right as Term, left);
  return { left: a, right: b, type };
}

/** `left op right`, where the plain value stands on the left. */
export function combineReversed(op: string, left: PlainValue, right: Term): Term {
  const operand = literal(op, right, left);
  const type = resultType(op, right, operand);
  return { ...right, expr: { op, args: [operand.expr, right.expr] }, type };
}

/** Arguments of operators that are no expressions. */
export type OperatorOptions = Omit<Extract<Expr, { op: string }>, 'op' | 'args'>;

/** `op(operand)`, with the arguments the plan knows for it. */
export function apply(
  op: string,
  operand: Term,
  type: ColumnType,
  options: OperatorOptions = {},
): Term {
  return { ...operand, expr: { op, args: [operand.expr], ...options }, type };
}

/** Throws a TypeError unless the term is of a type that `accepts` takes. */
export function checkOperand(
  op: string,
  operand: { type: ColumnType; name?: string },
  accepts: (type: ColumnType) => boolean,
  wanted: string,
): void {
  if (!accepts(operand.type)) {
    const name = operand.name === undefined ? 'value' : `column '${operand.name}'`;
    throw new TypeError(`Cannot create ${op}: ${name} must be ${wanted}, got ${operand.type}`);
  }
}

/** The node that yields the term as a series of its own: itself where it is one already. */
export function seriesNode(term: Term): PlanNode {
  const { expr } = term;
  if ('of' in expr && expr.of.kind === 'series') return expr.of;
  return new PlanNode(
    term.graph,
    'series',
    [{ name: term.name, type: term.type }],
    { op: 'project', expr },
    term.domain,
  );
}

/** Throws a TypeError where two terms have not the same rows. */
export function checkDomain(op: string, left: Term, right: Term): void {
  if (left.graph !== right.graph) {
    throw new TypeError(
      `Cannot create ${op}: '${left.name}' and '${right.name}' come from different sources, so their rows do not match; emit both as columns of one DataFrame`,
    );
  }
  if (left.domain !== right.domain) {
    throw new TypeError(
      `Cannot create ${op}: '${left.name}' has the rows of ${left.domain.op} and '${right.name}' those of ${right.domain.op}; apply the same filter or window to both`,
    );
  }
}

/** Whether a value is a term rather than a plain operand. */
export function isTerm(value: unknown): value is Term {
  return typeof value === 'object' && value !== null && 'expr' in value && 'graph' in value;
}

interface Constant {
  readonly expr: Expr;
  readonly type: ColumnType | null;
  readonly value: PlainValue;
}

/** A plain value as an operand beside `left`, whose type decides how a time is read. */
function literal(op: string, left: Term, given: PlainOperand): Constant {
  if (given === null) return { expr: { lit: null }, type: null, value: null };
  if (isTemporal(left.type)) {
    const constant = timeLiteral(op, left.type, given);
    if (constant !== undefined) return { expr: constant, type: constant.type, value: null };
  }
  const value = given as PlainValue;
  if (typeof value === 'number') return { expr: numberLiteral(left, value), type: 'f64', value };
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
      throw new RangeError(`Cannot create ${op}: ${value}n does not fit into 64 bits`);
    }
    const type = BigInt.asIntN(64, value) === value ? 'i64' : 'u64';
    return { expr: { lit: String(value), type }, type, value };
  }
  if (typeof value === 'string') return { expr: { lit: value }, type: 'utf8', value };
  if (typeof value === 'boolean') return { expr: { lit: value }, type: 'bool', value };
  throw new TypeError(
    `Cannot create ${op}: expected a series, number, bigint, string, boolean, Date or null beside '${left.name}' (${left.type}), got ${shown(value)}`,
  );
}

/** A number as JSON carries it: what JSON has no form for goes as text. */
function numberLiteral(left: Term, value: number): Expr {
  const negativeZero = Object.is(value, -0) && isFloat(left.type);
  if (Number.isFinite(value) && !negativeZero) return { lit: value };
  return { lit: negativeZero ? '-0' : String(value).replace('Infinity', 'inf'), type: 'f64' };
}

function resultType(op: string, left: Term, right: Term | Constant): ColumnType {
  const type = right.type ?? left.type;
  const isArithmetic = ARITHMETIC.has(op) || op === 'div' || op === 'pow';
  if (isArithmetic && (isTemporal(left.type) || isTemporal(type))) {
    const result = right.type === null ? left.type : spanType(op, left.type, type);
    if (result !== undefined) return result;
  }
  if (ARITHMETIC.has(op) || op === 'div' || op === 'pow') {
    checkOperand(op, left, isNumeric, 'numeric');
    checkOperand(op, { ...right, type }, isNumeric, 'numeric');
    const common = commonType(left.type, right);
    return ARITHMETIC.has(op) || common === 'f32' ? common : 'f64';
  }
  if (COMPARISONS.has(op)) {
    checkSameKind(op, left, right, type);
    return 'bool';
  }
  if (op === 'least' || op === 'greatest' || op === 'clip') {
    checkOperand(op, left, isOrdered, 'numbers or times');
    checkOperand(op, { ...right, type }, isOrdered, 'numbers or times');
  }
  if (SAME_KIND.has(op)) {
    checkSameKind(op, left, right, type);
    if (left.type === 'date' && type === 'timestamp') return 'timestamp';
    return isNumeric(left.type) ? commonType(left.type, right) : left.type;
  }
  checkOperand(op, left, isBool, 'bool');
  checkOperand(op, { ...right, type }, isBool, 'bool');
  return 'bool';
}

function isOrdered(type: ColumnType): boolean {
  return isNumeric(type) || isTemporal(type);
}

function isBool(type: ColumnType): boolean {
  return type === 'bool';
}

function checkSameKind(op: string, left: Term, right: Term | Constant, type: ColumnType): void {
  if (left.type === type || (isNumeric(left.type) && isNumeric(type))) return;
  if (isTimeType(left.type) && isTimeType(type)) return;
  const other = isTerm(right) ? `column '${right.name}' (${type})` : `a value of type ${type}`;
  throw new TypeError(
    `Cannot create ${op}: column '${left.name}' (${left.type}) does not go with ${other}`,
  );
}

/**
 * The type in which two numbers meet, as in the native plan: of two columns the same or the wider of
 * their kind; a plain value takes the type of the column where it fits.
 */
function commonType(left: ColumnType, right: Term | Constant): ColumnType {
  if (isTerm(right)) return commonColumnType(left, right.type);
  const { value } = right;
  if (value === null || isFloat(left) || !isInteger(left)) return left;
  if (typeof value === 'number' && !Number.isInteger(value)) return 'f64';
  const whole = BigInt(value as number | bigint);
  if (fits(left, whole)) return left;
  return left !== 'u64' && fits('i64', whole) ? 'i64' : 'f64';
}

function fits(type: IntegerType, value: bigint): boolean {
  const bits = Number(type.slice(1));
  return (
    (type.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)) === value
  );
}

function commonColumnType(left: ColumnType, right: ColumnType): ColumnType {
  if (left === right) return left;
  if (isFloat(left) || isFloat(right)) return 'f64';
  if (left[0] !== right[0]) return 'i64';
  return Number(left.slice(1)) >= Number(right.slice(1)) ? left : right;
}
