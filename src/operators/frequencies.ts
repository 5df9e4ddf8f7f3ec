import { requireOneOf, requireOptions } from '../graph/arguments.ts';
import { defineOperator } from '../graph/operator.ts';
import { type FrequencyTable, Tally } from './frequency-table.ts';

/** Options of `frequencies`. */
export interface FrequenciesOptions {
  /** `all`: a table of all counts. `changes`: `[element, count]` of the one that changed. Default: `all`. */
  readonly emit?: 'all' | 'changes';
}

/** What is emitted at each element: all counts, or the one that changed. */
export interface FrequenciesParams {
  readonly emit: 'all' | 'changes';
}

/** Emits how often each distinct element has come, at every element. */
export const frequencies = defineOperator<FrequenciesParams, Tally<unknown>>({
  name: 'frequencies',
  version: 1,
  create: () => new Tally(),
  generate(template) {
    const { params, state, input } = template;
    const tally = template.constant(state, 'tally');
    return params.emit === 'all'
      ? template.emit(`${tally}.count(${input})`)
      : template.emit(`[${input}, ${tally}.increment(${input})]`);
  },
  link(node, send) {
    const { params, state } = node;
    return params.emit === 'all'
      ? (value, tag) => send(state.count(value) satisfies FrequencyTable<unknown>, tag)
      : (value, tag) => send([value, state.increment(value)], tag);
  },
  snapshot: (state) => state.toEntries(),
  restore(data) {
    const state = new Tally<unknown>();
    state.load(data as [unknown, number][]);
    return state;
  },
});

/** Checks the arguments of `frequencies`. */
export function frequenciesParams(options: FrequenciesOptions = {}): FrequenciesParams {
  requireOptions('frequencies', options, ['emit']);
  const { emit = 'all' } = options;
  requireOneOf('frequencies', 'emit', emit, ['all', 'changes']);
  return { emit };
}
