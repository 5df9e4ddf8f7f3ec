import { defineOperator } from '../graph/operator.ts';

/** A stream that elements are emitted into; connected downstream of others, it passes theirs on. */
export const source = defineOperator<undefined, undefined>({
  name: 'source',
  version: 1,
  create: () => undefined,
  generate: (template) => template.emit(template.input),
  link: (_node, send) => send,
});
