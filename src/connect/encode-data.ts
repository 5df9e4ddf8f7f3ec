import { describe } from '../graph/arguments.ts';

/**
 * The bytes of a message: those of a buffer as they are (not copied), a text in UTF-8, all else as JSON.
 * Throws a TypeError for what JSON has no text for.
 */
export function encodeData(element: unknown): Buffer {
  if (typeof element === 'string') return Buffer.from(element);
  if (element instanceof Uint8Array) {
    return Buffer.from(element.buffer, element.byteOffset, element.byteLength);
  }
  const text = JSON.stringify(element) as string | undefined;
  if (text === undefined) {
    throw new TypeError(`Cannot encode a message: JSON has no text for ${describe(element)}`);
  }
  return Buffer.from(text);
}
