import { checkOptions, shown } from './checks.ts';
import { PlanNode } from './plan-node.ts';
import { type Series, seriesOf } from './series.ts';
import { checkOperand, seriesNode, type Term } from './term.ts';
import { isNumeric } from './types.ts';

/**
 * How fast weights fall, by exactly one of: the smoothing factor `alpha` (above 0, at most 1), the
 * centre of mass `com` (0 or more; alpha = 1 / (1 + com)), the `span` (1 or more;
 * alpha = 2 / (span + 1)), or the `halflife` in rows (above 0; alpha = 1 - 2^(-1 / halflife)).
 */
export interface EwmOptions {
  readonly alpha?: number;
  readonly com?: number;
  readonly span?: number;
  readonly halflife?: number;
}

interface Parameter {
  readonly valid: (value: number) => boolean;
  readonly wanted: string;
  readonly alpha: (value: number) => number;
}

const PARAMETERS: Readonly<Record<keyof EwmOptions, Parameter>> = {
  alpha: { valid: (x) => x > 0 && x <= 1, wanted: 'above 0 and at most 1', alpha: (x) => x },
  com: { valid: (x) => x >= 0, wanted: '0 or more', alpha: (x) => 1 / (1 + x) },
  span: { valid: (x) => x >= 1, wanted: '1 or more', alpha: (x) => 2 / (x + 1) },
  halflife: { valid: (x) => x > 0, wanted: 'above 0', alpha: (x) => 1 - 2 ** (-1 / x) },
};

/** What `ewm(...)` returns. */
export interface WeightedMean<N extends string> {
  /**
   * The mean in which each row weighs `1 - alpha` times the next; a missing value weighs nothing, and
   * the mean before it is repeated.
   */
  mean(): Series<'f64', N>;
}

/** Exponentially weighted aggregates of a column. */
export function ewm<N extends string>(term: Term, options: EwmOptions): WeightedMean<N> {
  const names = Object.keys(PARAMETERS) as (keyof EwmOptions)[];
  checkOptions('ewm', options ?? null, names);
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `Cannot create ewm: give exactly one of ${names.join(', ')}, got ${given.join(', ') || 'none'}`,
    );
  }
  const name = given[0]!;
  const value = options[name];
  const { valid, wanted, alpha } = PARAMETERS[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || !valid(value)) {
    throw new RangeError(`Cannot create ewm: ${name} must be ${wanted}, got ${shown(value)}`);
  }
  checkOperand('ewm', term, isNumeric, 'numeric');
  const spec = { op: 'ewm', input: seriesNode(term), alpha: alpha(value), as: term.name };
  return {
    mean: () => {
      const { graph, domain, name: column } = term;
      const node = new PlanNode(graph, 'series', [{ name: column, type: 'f64' }], spec, domain);
      return seriesOf({ graph, domain, expr: { of: node }, name: column, type: 'f64' });
    },
  };
}
