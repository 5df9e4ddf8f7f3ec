import { gather, isThenable } from '../graph/delivery.ts';
import { defineOperator } from '../graph/operator.ts';
import { bindCallback, type Callback, callText } from '../operators/callback.ts';

/** Ends a branch: calls a function with each element, and waits for what it returns. */
export const sink = defineOperator<Callback, undefined>({
  name: 'sink',
  version: 1,
  create: () => undefined,
  generate(template) {
    const result = template.local('result');
    return `const ${result} = ${callText(template, template.params, template.input)};
${template.gatherResult(result)}`;
  },
  link(node) {
    const f = bindCallback(node.params);
    return (value) => {
      const result = f(value);
      return isThenable(result) ? gather(undefined, result) : undefined;
    };
  },
});
