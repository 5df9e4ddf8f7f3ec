import { describe } from '../graph/arguments.ts';

/**
 * A string that two values share exactly if they have the same content: primitives as in a `Map`
 * (−0 is 0, NaN is NaN), arrays in order (a hole is `undefined`), plain objects by their properties
 * in any order, sets and maps in any order, dates, and buffers by their bytes. Functions, symbols and
 * instances of other classes have no content to compare.
 *
 * Takes time in the size of the value.
 */
export function canonicalKey(value: unknown): string {
  return encode(value, []);
}

function encode(value: unknown, within: readonly object[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      return value === null ? 'null' : encodeObject(value, within);
    default:
      throw incomparable(value);
  }
}

function encodeObject(value: object, within: readonly object[]): string {
  if (within.includes(value)) {
    throw new TypeError(`Cannot compare by content: ${describe(value)} contains itself`);
  }
  const inside = [...within, value];
  if (Array.isArray(value)) return `[${Array.from(value, (item) => encode(item, inside)).join()}]`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Set) {
    return `Set{${[...value]
      .map((item) => encode(item, inside))
      .sort()
      .join()}}`;
  }
  if (value instanceof Map) {
    const entries = [...value].map(
      ([key, item]) => `${encode(key, inside)}:${encode(item, inside)}`,
    );
    return `Map{${entries.sort().join()}}`;
  }
  if (ArrayBuffer.isView(value)) return encodeView(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw incomparable(value);
  const entries = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${encode(item, inside)}`,
  );
  return `{${entries.sort().join()}}`;
}

function encodeView(view: ArrayBufferView): string {
  const { buffer, byteOffset, byteLength } = view;
  const bytes = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return `${view.constructor.name}(${bytes})`;
}

function incomparable(value: unknown): TypeError {
  return new TypeError(
    `Cannot compare by content: ${describe(value)} has none, wanted plain data or a key`,
  );
}
