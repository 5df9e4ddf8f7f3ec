import { describe, requireOptions } from '../graph/arguments.ts';
import { defineOperator } from '../graph/operator.ts';
import { bindReducer, type Callback, callback, callText } from './callback.ts';

/** How `accumulate` begins and what it emits. */
export interface AccumulateParams extends Callback {
  readonly start: unknown;
  /** Without a start, the first element becomes the state. */
  readonly hasStart: boolean;
  /** The function gives `[state, result]`. */
  readonly returnsState: boolean;
  /** Emits `[state, result]`. */
  readonly withState: boolean;
}

/**
 * The state is the one element of an array: V8 keeps a number in such an array unboxed, where a
 * field of a class that other pipelines fill with objects would allocate at every write.
 */
export interface AccumulateState {
  readonly cell: [unknown];
  started: boolean;
}

/** Folds the elements into a state and emits the state, or a result, at every element. */
export const accumulate = defineOperator<AccumulateParams, AccumulateState>({
  name: 'accumulate',
  version: 1,
  create: ({ start, hasStart }) => ({ cell: [start], started: hasStart }),
  generate(template) {
    const { params, state, input } = template;
    const cell = `${template.constant(state.cell, 'cell')}[0]`;
    const result = template.local('result');
    const next = template.local('state');
    const call = callText(template, params, cell, input);
    let text = params.returnsState
      ? `const ${next} = ${template.constant(requirePair, 'pair')}(${call});
${cell} = ${next}[0];
${result} = ${params.withState ? next : `${next}[1]`};`
      : `const ${next} = ${call};
${cell} = ${next};
${result} = ${params.withState ? `[${next}, ${next}]` : next};`;
    if (!params.hasStart) {
      const object = template.constant(state, 'state');
      const first = params.withState ? `[${input}, ${input}]` : input;
      text = `if (${object}.started) {
${text}
} else {
${object}.started = true;
${cell} = ${input};
${result} = ${first};
}`;
    }
    return `let ${result};\n${text}\n${template.emit(result)}`;
  },
  link(node, send) {
    const { params, state } = node;
    const f = bindReducer(params);
    return (value, tag) => {
      if (!state.started) {
        state.started = true;
        state.cell[0] = value;
        return send(params.withState ? [value, value] : value, tag);
      }
      const next = f(state.cell[0], value);
      if (!params.returnsState) {
        state.cell[0] = next;
        return send(params.withState ? [next, next] : next, tag);
      }
      const pair = requirePair(next);
      state.cell[0] = pair[0];
      return send(params.withState ? [pair[0], pair[1]] : pair[1], tag);
    };
  },
  snapshot: (state) => ({ started: state.started, value: state.cell[0] }),
  restore(data) {
    const { started, value } = data as { started: boolean; value: unknown };
    return { cell: [value], started };
  },
});

/** Options of `accumulate`. */
export interface AccumulateOptions {
  /** State before the first element; without it the first element becomes the state. */
  readonly start?: unknown;
  /** The function gives `[state, result]` instead of the state. Default: false. */
  readonly returnsState?: boolean;
  /** Emit `[state, result]`. Default: false. */
  readonly withState?: boolean;
}

/** Checks the arguments of `accumulate`. */
export function accumulateParams(
  f: (...values: never[]) => unknown,
  options: AccumulateOptions = {},
): AccumulateParams {
  requireOptions('accumulate', options, ['start', 'returnsState', 'withState']);
  return {
    ...callback('accumulate', 'f', f, []),
    start: options.start,
    hasStart: 'start' in options,
    returnsState: options.returnsState ?? false,
    withState: options.withState ?? false,
  };
}

function requirePair(value: unknown): readonly [unknown, unknown] {
  if (Array.isArray(value) && value.length === 2) return [value[0], value[1]];
  throw new TypeError(
    `Cannot accumulate: with returnsState the function must return [state, result], got ${describe(value)}`,
  );
}
