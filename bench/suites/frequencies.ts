import { randoms, type Suite } from '../suite.ts';

/** Word `i` of `distinct`, as separate strings: no engine may profit from comparing pointers. */
function words(n: number, distinct: number): string[] {
  return Array.from(randoms(n), (x) => `word-${Math.floor(x * distinct).toString(36)}`);
}

function count<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function wordCount(name: string, distinct: number): Suite<'wordCount'> {
  return {
    name: `word-count-${name}`,
    title: `word count over 1e6 strings, ${distinct.toLocaleString('en')} distinct`,
    work: 'wordCount',
    task: (size) => ({ words: size === 'full' ? words(1e6, distinct) : words(5000, 100) }),
    expected: ({ words }) => count(words),
    elements: ({ words }) => words.length,
    engines: ['millrace', 'hand'],
    targets: [{ rival: 'hand-written loop', times: 1 / 1.5 }],
  };
}

function byteWords(name: string, distinct: number, times: number): Suite<'byteWords'> {
  return {
    name: `byte-words-${name}`,
    title: `word count from UTF-8 bytes, 1e6 words, ${distinct.toLocaleString('en')} distinct`,
    work: 'byteWords',
    task: (size) => {
      const all = size === 'full' ? words(1e6, distinct) : words(5000, 100);
      return { text: Buffer.from(all.join(' ')), chunk: size === 'full' ? 1 << 18 : 1000 };
    },
    expected: ({ text }) => count(Buffer.from(text).toString().split(' ')),
    elements: ({ text }) => Buffer.from(text).toString().split(' ').length,
    engines: ['millrace', 'hand'],
    targets: [{ rival: 'hand-written loop', times }],
  };
}

function integers(n: number, distinct: number): Int32Array {
  return Int32Array.from(randoms(n), (x) => Math.floor(x * distinct));
}

function valueCounts(
  name: string,
  distinct: number,
  targets: Suite<'valueCounts'>['targets'],
): Suite<'valueCounts'> {
  return {
    name: `value-counts-${name}`,
    title: `frequencies of 1e7 integers, ${distinct.toLocaleString('en')} distinct`,
    work: 'valueCounts',
    task: (size) => ({
      values: integers(size === 'full' ? 1e7 : 20_000, distinct),
      batch: 8192,
      times: 1,
    }),
    expected: ({ values }) => count(values),
    elements: ({ values }) => values.length,
    engines: ['millrace', 'hand', 'polars'],
    targets,
  };
}

export const wordCount1k = wordCount('1k', 1000);
export const wordCount100k = wordCount('100k', 100_000);
export const byteWords1k = byteWords('1k', 1000, 6.5);
export const byteWords100k = byteWords('100k', 100_000, 5);
export const valueCounts1k = valueCounts('1k', 1000, []);
export const valueCounts100k = valueCounts('100k', 100_000, [
  { rival: 'hand-written loop', times: 3 },
]);

/** As a loop of JavaScript is at its best: all that it reads and writes stays in the cache. */
export const residentCounts: Suite<'valueCounts'> = {
  name: 'value-counts-resident',
  title: 'frequencies of integers, 1,000 distinct, one resident batch of 8,192',
  work: 'valueCounts',
  task: (size) => ({
    values: integers(8192, 1000),
    batch: 8192,
    times: size === 'full' ? 1000 : 3,
  }),
  expected: ({ values, times }) =>
    new Map(Array.from(count(values), ([value, met]) => [value, met * times])),
  elements: ({ values, times }) => values.length * times,
  engines: ['millrace', 'hand'],
  targets: [{ rival: 'hand-written loop', times: 20 }],
};

export const wordSnapshots: Suite<'wordSnapshots'> = {
  name: 'word-snapshots',
  title: 'word count, 1,000 distinct, a stable snapshot at every element',
  work: 'wordSnapshots',
  task: (size) =>
    size === 'full'
      ? { words: words(20_000, 1000), keep: 10_000 }
      : { words: words(500, 100), keep: 200 },
  expected: ({ words, keep }) => ({ kept: count(words.slice(0, keep)), last: count(words) }),
  elements: ({ words }) => words.length,
  engines: ['millrace', 'rxjs'],
  targets: [{ rival: 'RxJS', times: 50 }],
};
