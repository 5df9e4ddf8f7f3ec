import assert from 'node:assert/strict';
import { format, inspect } from 'node:util';
import type { CodeBlock } from './code-blocks.ts';

const EXPECTATION = /\/\/ => ?(.*)$/;

/**
 * The text of a module that runs an example, written so that every line keeps the number it has in
 * its file. `millrace` is imported from the sources, at `entry`.
 *
 * An example states what it expects by assertions, by `// => text` comments, or by a `text` block
 * after it. Where it logs, the comments are its log, line by line; where it does not, each comment
 * ends a line that is one expression, and is that expression's value as `console.log` shows it.
 */
export function exampleModule(block: CodeBlock, entry: string, helper: string): string {
  const code = block.code.replaceAll(/(['"])millrace\1/g, `'${entry}'`);
  const head = `import { expectValue as __expectValue } from '${helper}'; void __expectValue;`;
  const body = logs(block) ? code : code.split('\n').map(expectationCall).join('\n');
  return `${head}${'\n'.repeat(block.line - 1)}${body}\nexport {};\n`;
}

/** What an example is to log, or undefined where it does not say. */
export function expectedLog(block: CodeBlock): string[] | undefined {
  if (block.output !== undefined) return block.output.split('\n');
  if (!logs(block)) return undefined;
  const comments = block.code
    .split('\n')
    .flatMap((line) => EXPECTATION.exec(line)?.[1]?.trim() ?? []);
  return comments.length > 0 ? comments : undefined;
}

/** Runs `body` with `console.log` recorded, and returns the lines logged. */
export async function recordLog(body: () => Promise<unknown>): Promise<string[]> {
  const original = console.log;
  const lines: string[] = [];
  console.log = (...values: unknown[]) => {
    lines.push(...format(...values).split('\n'));
  };
  try {
    await body();
  } finally {
    console.log = original;
  }
  return lines.map((line) => line.trimEnd());
}

/** Called by example modules: fails unless the value is shown as the comment says. */
export function expectValue(value: unknown, text: string): void {
  assert.equal(typeof value === 'string' && value === text ? text : inspect(value), text);
}

function logs(block: CodeBlock): boolean {
  return block.code.includes('console.log');
}

function expectationCall(line: string): string {
  const text = EXPECTATION.exec(line)?.[1]?.trim();
  if (text === undefined) return line;
  const expression = line.replace(EXPECTATION, '').trim().replace(/;$/, '');
  assert.notEqual(expression, '', `a "// => ${text}" stands on a line without an expression`);
  return `;__expectValue(${expression}, ${JSON.stringify(text)});`;
}
