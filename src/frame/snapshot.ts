import { MillraceError } from '../errors.ts';
import { shown } from './checks.ts';

const VERSION = 1;
const HEADER_BYTES = 8;

/** The state of a graph: that of its plan, and the strings that stand behind the ids in it. */
export interface GraphState {
  readonly state: Uint8Array | null;
  readonly dictionaries: string[][];
}

/** A graph's state as bytes: version, length of the strings, the strings as JSON, the plan's state. */
export function encodeSnapshot({ state, dictionaries }: GraphState): Uint8Array {
  const strings = Buffer.from(JSON.stringify({ compiled: state !== null, dictionaries }));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(VERSION, 0);
  header.writeUInt32LE(strings.length, 4);
  return Buffer.concat([header, strings, state ?? new Uint8Array(0)]);
}

/** Reads what {@link encodeSnapshot} wrote; throws a MillraceError for anything else. */
export function decodeSnapshot(bytes: Uint8Array): GraphState {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`Cannot restore: expected the bytes of a snapshot, got ${shown(bytes)}`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = buffer.length < HEADER_BYTES ? undefined : buffer.readUInt32LE(0);
  if (version !== VERSION) {
    throw corrupt(`expected version ${VERSION}, got ${version ?? `${buffer.length} bytes`}`);
  }
  const start = HEADER_BYTES + buffer.readUInt32LE(4);
  try {
    const text = buffer.subarray(HEADER_BYTES, start).toString();
    const { compiled, dictionaries } = JSON.parse(text) as {
      compiled: boolean;
      dictionaries: string[][];
    };
    return { state: compiled ? buffer.subarray(start) : null, dictionaries };
  } catch {
    throw corrupt('its table of strings is damaged');
  }
}

function corrupt(what: string): MillraceError {
  return new MillraceError(
    'ERR_CORRUPT_SNAPSHOT',
    `Cannot restore: not a snapshot of this form, ${what}`,
  );
}
