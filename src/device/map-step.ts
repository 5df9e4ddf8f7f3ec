import { checkCount, checkFunction, checkOptions, shown } from '../frame/checks.ts';
import { type SeriesLike, TERM, type Term } from '../frame/expression/term.ts';
import { wrapTerm } from '../frame/expression/wrap-term.ts';
import { ColumnSource } from '../frame/input/column-source.ts';
import type { Expr, PlanNode } from '../frame/plan/plan-node.ts';
import type { Series } from '../frame/series.ts';
import type { StepSpec } from './chains.ts';

/**
 * What `Kernels.map` takes: an expression of f32, or a list of them. Quotients of f32 are declared as f64
 * and are f32 all the same.
 */
export type Elements = SeriesLike<'f32' | 'f64'> | readonly SeriesLike<'f32' | 'f64'>[];

/** Makes expressions of columns: one, or a list of them. */
export type Elementwise<T extends Elements> = (...columns: readonly Series<'f32'>[]) => T;

/** Options of `Kernels.map`. */
export interface MapOptions {
  /** How many columns come in, from 1 to 64; default 1. */
  readonly columns?: number;
}

/** The step that computes what `f` makes of as many columns, and whether it is a list. */
export function mapStep(f: unknown, options: MapOptions): { step: StepSpec; isList: boolean } {
  checkFunction('map', f);
  checkOptions('map', options, ['columns']);
  const count = checkCount('map', 'columns', options.columns ?? 1);
  if (count > 64) {
    throw new RangeError(`Cannot create map: columns must be from 1 to 64, got ${count}`);
  }
  const columns = Array.from({ length: count }, (_, c) => ({
    name: `c${c}`,
    type: 'f32' as const,
  }));
  const { graph } = new ColumnSource('map', columns);
  const given = columns.map(({ name, type }) =>
    wrapTerm({ graph, domain: graph.input, expr: { col: name, of: graph.input }, name, type }),
  );
  const made: unknown = (f as (...columns: unknown[]) => unknown)(...given);
  const isList = Array.isArray(made);
  const exprs = (isList ? made : [made]).map((one: unknown) => {
    const term = termOf(one);
    if (term.type !== 'f32') {
      throw new TypeError(`Cannot create map: an expression must yield f32, got ${term.type}`);
    }
    return writtenExpr(term.expr, (node, column) => {
      if (node !== graph.input) {
        throw new TypeError(
          `Cannot create map: an expression must read the columns it is given, row by row, got what ${node.op} yields`,
        );
      }
      return { col: column!, of: 0 };
    });
  });
  return { step: { op: 'map', columns: columns.map(({ name }) => name), exprs }, isList };
}

/** An expression as kernels read it, with what `column` gives in place of each column of a node. */
export function writtenExpr(
  expr: Expr,
  column: (node: PlanNode, name: string | undefined) => unknown,
): unknown {
  if ('lit' in expr) return expr;
  if ('op' in expr) return { ...expr, args: expr.args.map((arg) => writtenExpr(arg, column)) };
  return column(expr.of, expr.col);
}

function termOf(value: unknown): Term {
  if (typeof value === 'object' && value !== null && TERM in value) {
    return (value as SeriesLike)[TERM];
  }
  throw new TypeError(
    `Cannot create map: expected an expression such as x.mul(2), or a list of them, got ${shown(value)}`,
  );
}
