/**
 * Counts the words in the messages of a Kafka topic, on both planes, until it has seen so many messages:
 *
 *     npm run demo kafka-words kafka://user:password@host:9092 topic 1000
 *
 * batches → decode → split → flatten twice → frequencies → sink, as in the literature of streamz; and,
 * beside it, the words of each batch as a column that Rust counts.
 */
import { fromKafkaBatched } from 'millrace';

const [url, topic, count] = process.argv.slice(2);
if (url === undefined || topic === undefined || !(Number(count) > 0)) {
  throw new RangeError('Usage: npm run demo kafka-words <url> <topic> <number of messages>');
}

const batches = fromKafkaBatched(topic, {
  url,
  group: `kafka-words-${process.pid}`,
  pollInterval: '50ms',
  decode: (value) => value.toString('utf8'),
});
const lines = batches.map((batch) => batch.map(({ value }) => value ?? ''));
const words = lines.map((texts) => texts.map(wordsOf));

// Elements: one word after the other.
let frequencies: Iterable<readonly [string, number]> = [];
words
  .flatten()
  .flatten()
  .frequencies()
  .sink((counts) => {
    frequencies = counts;
  });

// Columns: all words of a batch at once.
let table: readonly { word: string | null; count: number }[] = [];
words
  .map((all) => all.flat().map((word) => ({ word })))
  .filter((rows) => rows.length > 0)
  .toDataFrame({ word: 'utf8' })
  .word.valueCounts()
  .toStream()
  .sink((counts) => {
    table = counts.toRows().map((row) => ({ word: row.word, count: Number(row.count) }));
  });

let messages = 0;
const done = new Promise<void>((resolve) => {
  lines.sink((texts) => {
    messages += texts.length;
    if (messages >= Number(count)) resolve();
  });
});

void batches.start();
await done;
await batches.stop();
show('elements', [...frequencies]);
show(
  'columns',
  table.map(({ word, count }) => [word ?? '', count]),
);

/** The words of a text in lower case: letters, with apostrophes between them. */
function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}+(?:['’]\p{L}+)*/gu) ?? [];
}

/** The five most frequent words, those that are equal in their own order. */
function show(plane: string, counts: (readonly [string, number])[]): void {
  const top = counts.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 5);
  console.log(`${plane}: ${top.map(([word, n]) => `${word} ${n}`).join(', ')}`);
}
