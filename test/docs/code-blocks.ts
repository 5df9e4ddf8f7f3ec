/** A fenced block of a Markdown file or of the doc comments of a source file. */
export interface CodeBlock {
  /** The file, relative to the root of the checkout. */
  readonly file: string;
  /** The line of the block's first line of code, from 1. */
  readonly line: number;
  /** What follows the opening fence: the language, and words such as `no-run`. */
  readonly info: readonly string[];
  readonly code: string;
  /** The text of a `text` block that follows the block with nothing but blank lines between. */
  readonly output?: string;
}

const LANGUAGES = new Set(['ts', 'js', 'typescript', 'javascript']);

/** The TypeScript and JavaScript blocks of a text; of a source file those in its doc comments. */
export function codeBlocks(file: string, text: string): CodeBlock[] {
  const lines = file.endsWith('.md') ? text.split('\n') : docCommentLines(text);
  const blocks: CodeBlock[] = [];
  for (let start = 0; start < lines.length; start++) {
    const info = openingFence(lines[start]!);
    if (info === undefined) continue;
    const end = closingFence(lines, start + 1);
    if (end === -1) throw new Error(`${file}:${start + 1}: the code block is never closed`);
    if (LANGUAGES.has(info[0] ?? '')) {
      const code = lines.slice(start + 1, end).join('\n');
      const output = outputBlock(lines, end + 1);
      blocks.push({ file, line: start + 2, info, code, ...(output !== undefined && { output }) });
    }
    start = end;
  }
  return blocks;
}

// Keeps every line in its place, so that a block knows its line; what is no doc comment is blank.
function docCommentLines(text: string): string[] {
  let inside = false;
  return text.split('\n').map((line) => {
    if (!inside && /^\s*\/\*\*/.test(line)) inside = !line.includes('*/');
    else if (inside && line.includes('*/')) inside = false;
    else if (inside) return line.replace(/^\s*\* ?/, '');
    return '';
  });
}

function openingFence(line: string): string[] | undefined {
  const info = /^\s*```(.*)$/.exec(line)?.[1];
  return info?.split(/\s+/).filter(Boolean);
}

function closingFence(lines: readonly string[], from: number): number {
  return lines.findIndex((line, index) => index >= from && /^\s*```\s*$/.test(line));
}

function outputBlock(lines: readonly string[], from: number): string | undefined {
  const start = lines.findIndex((line, index) => index >= from && line.trim() !== '');
  if (start === -1 || openingFence(lines[start]!)?.[0] !== 'text') return undefined;
  return lines.slice(start + 1, closingFence(lines, start + 1)).join('\n');
}
