import { requireIterable } from '../graph/arguments.ts';
import { defineOperator } from '../graph/operator.ts';
import type { Callback } from './callback.ts';

/** Emits what a function makes of the items of each element, spread over its parameters. */
export const starmap = defineOperator<Callback, undefined>({
  name: 'starmap',
  version: 1,
  create: () => undefined,
  generate(template) {
    const { f, args } = template.params;
    const items = `${template.constant(requireIterable, 'iterable')}('starmap', ${template.input})`;
    const further = args.map((value) => template.constant(value, 'argument'));
    const call = `${template.constant(f, 'f')}(${[`...${items}`, ...further].join(', ')})`;
    return template.emit(call);
  },
  link(node, send) {
    const f = node.params.f as (...values: unknown[]) => unknown;
    const { args } = node.params;
    return (value, tag) => send(f(...requireIterable('starmap', value), ...args), tag);
  },
});
