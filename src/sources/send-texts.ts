import type { DelimitedText } from './delimited-text.ts';
import type { SourceRun } from './source.ts';

/**
 * Sends the texts that are complete; false where the source was stopped before the last. One that is
 * too long is an element that could not be made.
 */
export async function sendComplete(text: DelimitedText, run: SourceRun<string>): Promise<boolean> {
  while (!run.signal.aborted) {
    let element: string | undefined;
    try {
      element = text.next();
    } catch (error) {
      await run.fail(error);
      continue;
    }
    if (element === undefined) return true;
    const accepted = run.emit(element);
    if (accepted !== undefined) await accepted;
  }
  return false;
}

/** Sends what is left when no more bytes come. */
export async function sendLast(text: DelimitedText, run: SourceRun<string>): Promise<void> {
  const element = text.end();
  if (element !== undefined) await run.emit(element);
}
