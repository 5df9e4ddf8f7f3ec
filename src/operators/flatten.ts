import { requireIterable } from '../graph/arguments.ts';
import { collectError, type Delivery, join, raise } from '../graph/delivery.ts';
import type { Tag } from '../graph/metadata.ts';
import { defineOperator, type Send, type Template } from '../graph/operator.ts';

/** Emits the items of each element: arrays, strings by code point, maps by entry, generators. */
export const flatten = defineOperator<undefined, undefined>({
  name: 'flatten',
  version: 1,
  calls: 3,
  create: () => undefined,
  generate: (template) => (template.tag === undefined ? plainText(template) : lastText(template)),
  link: (_node, send) => (value, tag) => flattenInto(send, value, tag),
});

function plainText(template: Template<undefined, undefined>): string {
  const item = template.local('item');
  const errors = template.local('errors');
  const items = `${template.constant(requireIterable, 'iterable')}('flatten', ${template.input})`;
  // An item that fails does not keep the rest from being delivered, nor does a generator that
  // fails keep quiet about items that failed before.
  const loop = `for (const ${item} of ${items}) {
${template.attempt(errors, template.emit(item))}
}`;
  return `let ${errors};\n${template.attempt(errors, loop)}\n${template.raise(errors)}`;
}

function lastText(template: Template<undefined, undefined>): string {
  const { input, tag } = template;
  const send = template.local('send');
  const arguments_ = `${send}, ${input}, ${tag}`;
  const outer = template.local('outer');
  // The items go out through a function, so what they leave pending comes back by it.
  return `const ${send} = (value, tag) => {
let p;
${template.send('value', { tag: 'tag' })}
return p;
};
const ${outer} = ${template.constant(flattenInto, 'flattenInto')}(${arguments_});
if (${outer} !== undefined) p = ${template.constant(join, 'join')}(p, ${outer});`;
}

/** Sends every item; the metadata goes with the last one, so that it is settled once, at the end. */
function flattenInto(send: Send, value: unknown, tag: Tag): Delivery {
  let pending: Delivery;
  let errors: unknown[] | undefined;
  const deliver = (item: unknown, itemTag: Tag) => {
    try {
      pending = join(pending, send(item, itemTag));
    } catch (error) {
      errors = collectError(errors, error);
    }
  };
  let held: [unknown] | undefined;
  try {
    for (const item of requireIterable('flatten', value)) {
      if (tag === undefined) {
        deliver(item, undefined);
        continue;
      }
      if (held !== undefined) deliver(held[0], undefined);
      held = [item];
    }
  } catch (error) {
    errors = collectError(errors, error);
  }
  if (held !== undefined) deliver(held[0], tag);
  return errors === undefined ? pending : raise(errors, pending);
}
