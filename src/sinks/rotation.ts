import { readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';

/** When a file is put aside and a new one begun. */
export interface RotationOptions {
  /** Before it would be longer than so many bytes; a batch is never split. */
  readonly size?: number;
  /** Once it has been written to for so long. */
  readonly every?: Duration;
  /** How many files that were put aside are kept; the oldest are removed. Default: all. */
  readonly keep?: number;
}

/** Puts files aside: the first as `name.1`, the next as `name.2`, and so on; renamed at one go. */
export class Rotation {
  readonly #size: number;
  readonly #every: number;
  readonly #keep: number;

  /** @param operator whose option `rotate` it is, for errors */
  constructor(operator: string, options: RotationOptions) {
    requireOptions(operator, options, ['size', 'every', 'keep']);
    const { size, every, keep } = options;
    if (size !== undefined) requirePositiveInteger(operator, 'rotate.size', size);
    if (keep !== undefined) requirePositiveInteger(operator, 'rotate.keep', keep);
    this.#size = size ?? Number.POSITIVE_INFINITY;
    this.#keep = keep ?? Number.POSITIVE_INFINITY;
    this.#every = every === undefined ? Number.POSITIVE_INFINITY : parseDuration(every, operator);
  }

  /** Whether a file of so many bytes and such an age has to go before more bytes are written. */
  isDue(size: number, age: number, more: number): boolean {
    return size > 0 && (size + more > this.#size || age >= this.#every);
  }

  /** Puts the file at a path aside. */
  async putAside(path: string): Promise<void> {
    const folder = dirname(path);
    const prefix = `${basename(path)}.`;
    const numbers = (await readdir(folder))
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length)))
      .filter((number) => Number.isSafeInteger(number) && number > 0)
      .sort((a, b) => a - b);
    const next = (numbers.at(-1) ?? 0) + 1;
    await rename(path, join(folder, `${prefix}${next}`));
    for (const old of [...numbers, next].slice(0, -this.#keep)) {
      await unlink(join(folder, `${prefix}${old}`));
    }
  }
}
