import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../../errors.ts';
import { findFilesSync, isPattern, parseGlob } from '../../sources/glob.ts';
import { shown } from '../checks.ts';

/**
 * Files to read: a path, a `file:` URL, or several of them, read one after the other. A path may be a
 * pattern with `*`, `?`, `[a-z]`, `{a,b}` and `**` as `filenames` takes it, whose files are read in the
 * order of their names.
 */
export type FilePaths = string | URL | readonly (string | URL)[];

/**
 * Bytes as they come: a Node `Readable` such as `process.stdin`, a socket, the body of an HTTP request or
 * response, a web `ReadableStream`, or any asynchronous iterable of byte arrays. Text counts as UTF-8.
 */
export type ByteStream = AsyncIterable<Uint8Array | string>;

/** What is read, as it was told to. */
export type Origin =
  | { readonly files: readonly string[]; readonly name: string }
  | { readonly stream: ByteStream; readonly name: string };

/** Finds out what is to be read. */
export function originOf(operator: string, source: unknown): Origin {
  if (isByteStream(source)) return { stream: source, name: 'stream' };
  const listed: readonly unknown[] = Array.isArray(source) ? source : [source];
  const files = listed.flatMap((path) => filesOf(operator, path));
  if (files.length === 0) {
    throw new TypeError(`Cannot create ${operator}: there must be at least one path, got []`);
  }
  return { files, name: basename(files[0]!) };
}

function isByteStream(source: unknown): source is ByteStream {
  return (
    typeof source === 'object' &&
    source !== null &&
    typeof (source as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function'
  );
}

function filesOf(operator: string, path: unknown): readonly string[] {
  if (path instanceof URL) return [fileURLToPath(path)];
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(
      `Cannot create ${operator}: the path must be a string, a file: URL or a stream of bytes, got ${shown(path)}`,
    );
  }
  if (!isPattern(path) || existsSync(path)) return [path];
  const found = findFilesSync(parseGlob(path));
  if (found.length > 0) return found;
  throw new MillraceError('ERR_IO', `Cannot read ${path}: no file matches`);
}

/** A chunk of a stream as bytes. */
export function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError(
    `Cannot read a stream: its chunks must be bytes or text, got ${shown(chunk)}`,
  );
}
