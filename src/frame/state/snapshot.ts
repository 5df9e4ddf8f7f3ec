import { crc32 } from 'node:zlib';
import { MillraceError } from '../../errors.ts';
import { shown } from '../checks.ts';
import { decodePlain, encodePlain } from './plain-data.ts';

const VERSION = 2;
const HEADER_BYTES = 8;

/** The state of a graph: that of its plan, and the strings that stand behind the ids in it. */
export interface GraphState {
  readonly state: Uint8Array | null;
  readonly dictionaries: readonly (readonly string[])[];
  /** What is kept in JavaScript beside the plan, in the order in which it was made. */
  readonly parts: readonly PartState[];
}

/** The state of one operator that works in JavaScript. */
export interface PartState {
  readonly operator: string;
  readonly data: unknown;
}

/** The states of connected graphs as bytes: version, checksum, the states. */
export function encodeSnapshot(graphs: readonly GraphState[]): Uint8Array {
  const body = encodePlain(graphs);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(VERSION, 0);
  header.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([header, body]);
}

/** Reads what {@link encodeSnapshot} wrote; throws a MillraceError for anything else. */
export function decodeSnapshot(bytes: Uint8Array): readonly GraphState[] {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`Cannot restore: expected the bytes of a snapshot, got ${shown(bytes)}`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = buffer.length < HEADER_BYTES ? undefined : buffer.readUInt32LE(0);
  if (version !== VERSION) {
    throw corrupt(`expected version ${VERSION}, got ${version ?? `${buffer.length} bytes`}`);
  }
  const body = buffer.subarray(HEADER_BYTES);
  if (crc32(body) !== buffer.readUInt32LE(4)) throw corrupt('its checksum is another');
  try {
    return decodePlain(body) as readonly GraphState[];
  } catch (error) {
    throw corrupt((error as Error).message);
  }
}

/** An error about a snapshot that does not fit. */
export function corrupt(what: string): MillraceError {
  return new MillraceError(
    'ERR_CORRUPT_SNAPSHOT',
    `Cannot restore: not a snapshot of this form, ${what}`,
  );
}
