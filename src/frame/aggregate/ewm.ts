import { checkOptions, shown } from '../checks.ts';
import { checkOperand, seriesNode, type Term } from '../expression/term.ts';
import { PlanNode } from '../plan/plan-node.ts';
import { type Series, seriesOf } from '../series.ts';
import { isNumeric } from '../types.ts';

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

/** Options of the weighted variance. */
export interface EwmSpreadOptions {
  /** Whether to leave out the correction (Σw)² / ((Σw)² − Σw²). Default false, as for a sample. */
  readonly bias?: boolean;
}

/**
 * What `ewm(...)` returns: one result for every row, each row weighing `1 - alpha` times the next. A
 * missing value ages the weights before it, and the result before it is repeated. An infinity or NaN
 * stays in every later result. Constant cost per row; no rows are kept.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { Series } from 'millrace';
 *
 * const prices = new Series('f64');
 * const means = prices.ewm({ alpha: 0.5 }).mean().sinkToList();
 * const spreads = prices.ewm({ alpha: 0.5 }).var({ bias: true }).sinkToList();
 * prices.emit([1, 4]);
 * assert.deepEqual(means[0]?.toArray(), [1, 3]);
 * assert.deepEqual(spreads[0]?.toArray(), [0, 2]);
 * ```
 */
export interface WeightedMean<N extends string> {
  /** The mean; missing before the first value. */
  mean(): Series<'f64', N>;
  /** The variance; missing while there is one value, unless `bias` is set. */
  var(options?: EwmSpreadOptions): Series<'f64', N>;
  /** The square root of the variance. */
  std(options?: EwmSpreadOptions): Series<'f64', N>;
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
  const input = seriesNode(term);
  const result = (fn: 'mean' | 'var' | 'std', bias = false): Series<'f64', N> => {
    const { graph, domain, name: column } = term;
    const spec = { op: 'ewm', input, alpha: alpha(value), fn, bias, as: column };
    const node = new PlanNode(graph, 'series', [{ name: column, type: 'f64' }], spec, domain);
    return seriesOf({ graph, domain, expr: { of: node }, name: column, type: 'f64' });
  };
  return {
    mean: () => result('mean'),
    var: (given) => result('var', checkBias('var', given)),
    std: (given) => result('std', checkBias('std', given)),
  };
}

function checkBias(fn: string, options: EwmSpreadOptions = {}): boolean {
  checkOptions(`ewm.${fn}`, options, ['bias']);
  const { bias = false } = options;
  if (typeof bias !== 'boolean') {
    throw new TypeError(`Cannot create ewm.${fn}: bias must be true or false, got ${shown(bias)}`);
  }
  return bias;
}
