import { defineOperator } from '../graph/operator.ts';
import { bindCallback, type Callback, callText } from './callback.ts';

/** Emits what a function makes of each element, `undefined` included. */
export const map = defineOperator<Callback, undefined>({
  name: 'map',
  version: 1,
  create: () => undefined,
  generate: (template) => template.emit(callText(template, template.params, template.input)),
  link(node, send) {
    const f = bindCallback(node.params);
    return (value, tag) => send(f(value), tag);
  },
});
