import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { toDot } from './dot.ts';
import type { Drawing, DrawingAttributes } from './drawing.ts';
import { toMermaid } from './mermaid.ts';
import { svgToPng } from './png.ts';
import { dotToSvg } from './svg.ts';

type Render = (
  drawing: Drawing,
  attributes: DrawingAttributes,
) => string | Promise<string | Uint8Array>;

const FORMATS: Readonly<Record<string, Render>> = {
  '.dot': toDot,
  '.gv': toDot,
  '.mmd': toMermaid,
  '.svg': (drawing, attributes) => dotToSvg(toDot(drawing, attributes)),
  '.png': async (drawing, attributes) => svgToPng(await dotToSvg(toDot(drawing, attributes))),
};

/**
 * Writes `drawing` to `filename` in the format of its extension: `.svg`, `.png`, `.dot` or `.mmd`.
 *
 * Rejects with a RangeError for another extension, with a MillraceError where the format needs a
 * package that is not installed, and with the file system's error.
 */
export async function visualize(
  drawing: Drawing,
  filename: string,
  attributes: DrawingAttributes = {},
): Promise<void> {
  const extension = typeof filename === 'string' ? extname(filename).toLowerCase() : '';
  const render = FORMATS[extension];
  if (render === undefined) {
    throw new RangeError(
      `Cannot visualize the graph: the file name must end in ${Object.keys(FORMATS).join(', ')}, got '${filename}'`,
    );
  }
  await writeFile(filename, await render(drawing, attributes));
}
