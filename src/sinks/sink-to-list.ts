import { defineOperator } from '../graph/operator.ts';

/** Ends a branch in an array. The array is the user's to empty: it grows with every element. */
export const sinkToList = defineOperator<unknown[], undefined>({
  name: 'sinkToList',
  version: 1,
  create: () => undefined,
  generate: ({ params, input, constant }) => `${constant(params, 'list')}.push(${input});`,
  link: ({ params }) => {
    return (value) => {
      params.push(value);
      return undefined;
    };
  },
});
