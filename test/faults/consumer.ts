import { open } from 'node:fs/promises';
import { sourceOf } from './sources.ts';

/**
 * Run as a process of its own, and killed: it reads a broker's messages and writes each as a line to a
 * file, several at a time and in no particular order, as fast as its disk lets it.
 */
const [broker, url, name, file] = process.argv.slice(2) as [string, string, string, string];
const sink = await open(file, 'a');

sourceOf(broker, url, name)
  .buffer(64)
  .mapAsync(
    async (text) => {
      await new Promise((resolve) => setTimeout(resolve, 10 * Math.random()));
      await sink.write(`${text}\n`);
      await sink.datasync();
    },
    { parallelism: 8, ordered: false },
  );
