import { defineOperator } from '../graph/operator.ts';
import { bindCallback, type Callback, callback, callText } from './callback.ts';

/** A predicate, or undefined for the elements' own truth. */
export interface FilterParams {
  readonly predicate: Callback | undefined;
  /** The answer for which elements pass. */
  readonly passes: boolean;
}

/** Checks the arguments of `filter` and `remove`. */
export function filterParams(
  operator: string,
  predicate: ((...values: never[]) => unknown) | null | undefined,
  args: readonly unknown[],
  passes: boolean,
): FilterParams {
  if (predicate === null || predicate === undefined) return { predicate: undefined, passes };
  return { predicate: callback(operator, 'predicate', predicate, args), passes };
}

/** Passes the elements for which a predicate is true, or, as `remove`, false. */
export const filter = defineOperator<FilterParams, undefined>({
  name: 'filter',
  version: 1,
  create: () => undefined,
  generate(template) {
    const { predicate, passes } = template.params;
    const { input } = template;
    const test = predicate === undefined ? input : callText(template, predicate, input);
    return `if (${passes ? test : `!(${test})`}) {\n${template.emit(input)}\n}`;
  },
  link(node, send) {
    const { predicate, passes } = node.params;
    const test = predicate === undefined ? Boolean : bindCallback(predicate);
    return (value, tag) => (Boolean(test(value)) === passes ? send(value, tag) : undefined);
  },
});

/** As {@link filter}, under the name by which it was asked for. */
export const remove = defineOperator<FilterParams, undefined>({ ...filter, name: 'remove' });
