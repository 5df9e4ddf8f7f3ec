import { defineOperator } from '../graph/operator.ts';

/** Passes on the elements of all its inputs as they come. */
export const union = defineOperator<undefined, undefined>({
  name: 'union',
  version: 1,
  create: () => undefined,
  generate: (template) => template.emit(template.input),
  link: (_node, send) => send,
});
