import { describe } from '../graph/arguments.ts';
import { defineOperator } from '../graph/operator.ts';
import { propertyOf } from './key.ts';

/** The one property to pick, or several. */
export type PluckParams = PropertyKey | readonly PropertyKey[];

/** Emits a property of each element, or an array of several of its properties. */
export const pluck = defineOperator<PluckParams, undefined>({
  name: 'pluck',
  version: 1,
  create: () => undefined,
  generate(template) {
    const { params, input } = template;
    const property = template.constant(propertyOf, 'propertyOf');
    const read = (key: PropertyKey, name: string): string => {
      const k = template.constant(key, 'key');
      // Reading in place sees one shape of element only; what is missing is told apart afterwards.
      const isMissing = `${input} === null || ${input} === undefined || (${name} = ${input}[${k}]) === undefined`;
      return `let ${name};\nif (${isMissing}) ${name} = ${property}('pluck', ${input}, ${k});`;
    };
    const keys = isList(params) ? params : [params];
    const names = keys.map(() => template.local('picked'));
    const reads = keys.map((key, i) => read(key, names[i]!));
    const picked = isList(params) ? `[${names.join(', ')}]` : names[0]!;
    return [...reads, template.emit(picked)].join('\n');
  },
  link({ params }, send) {
    if (!isList(params)) return (value, tag) => send(propertyOf('pluck', value, params), tag);
    return (value, tag) =>
      send(
        params.map((key) => propertyOf('pluck', value, key)),
        tag,
      );
  },
});

/** Checks the arguments of `pluck`. */
export function pluckParams(pick: unknown): PluckParams {
  if (Array.isArray(pick) && pick.every(isKey)) return [...pick];
  if (isKey(pick)) return pick;
  throw new TypeError(
    `Cannot create pluck: pick must be a property name, an index, or a list of them, got ${describe(pick)}`,
  );
}

function isKey(value: unknown): value is PropertyKey {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'symbol';
}

function isList(params: PluckParams): params is readonly PropertyKey[] {
  return Array.isArray(params);
}
