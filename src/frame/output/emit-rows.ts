import type { Metadata } from '../../graph/metadata.ts';
import type { Stream } from '../../stream.ts';
import { settling } from './settling.ts';

/** Emits what was computed of rows, one after another; each holds on to the reference of these rows. */
export function emitRows<T>(stream: Stream<T>, rows: Iterable<T>): Promise<void> | undefined {
  const ref = settling();
  return ref === undefined ? stream.emitMany(rows) : emitAll(stream, rows, [{ ref }]);
}

/** Emits all rows, also after one that fails; each holds on to the reference in its metadata. */
async function emitAll<T>(stream: Stream<T>, rows: Iterable<T>, metadata: Metadata): Promise<void> {
  const errors: unknown[] = [];
  for (const row of rows) {
    try {
      const accepted = stream.emit(row, { metadata });
      if (accepted !== undefined) await accepted;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
