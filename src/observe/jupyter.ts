import { MillraceError } from '../errors.ts';
import { toDot } from './dot.ts';
import type { Drawing } from './drawing.ts';
import { toMermaid } from './mermaid.ts';
import { dotToSvg } from './svg.ts';

/** A value in several forms, by MIME type; a notebook shows the richest it knows. */
export type MimeBundle = Readonly<Record<string, string>>;

/** The forms of a graph for a notebook: text, Mermaid, and SVG where its package is installed. */
export async function jupyterDisplay(text: string, drawing: Drawing): Promise<MimeBundle> {
  const bundle = { 'text/plain': text, 'text/vnd.mermaid': toMermaid(drawing) };
  try {
    return { ...bundle, 'image/svg+xml': await dotToSvg(toDot(drawing)) };
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'ERR_MISSING_PEER') return bundle;
    throw error;
  }
}
