import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';

/** What is emitted at a time, and in which form; a flush where there is nothing. */
const steps = fc.array(
  fc.record({
    form: fc.constantFrom('one', 'rows', 'columns', 'typed', 'words', 'flush'),
    count: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 12 },
);

/** How many elements a sink emits into its own source for each batch; in all at most as many. */
const echo = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  each: fc.nat(3),
  most: fc.nat(12),
});

/** Emits numbers, one after another, and has the sink emit some more; those that arrived, and those sent. */
class Echo {
  readonly sent: number[] = [];
  readonly seen: number[] = [];
  readonly #each: number;
  #left: number;

  constructor(each: number, most: number) {
    this.#each = each;
    this.#left = most;
  }

  next(): number {
    this.sent.push(this.sent.length);
    return this.sent.length - 1;
  }

  receive(numbers: Iterable<number>, one: (x: number) => void): void {
    this.seen.push(...numbers);
    for (let i = 0; i < this.#each && this.#left > 0; i++) {
      this.#left--;
      one(this.next());
    }
  }
}

const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('a sink that emits into its own source while rows before a batch are delivered', () => {
  it('loses and doubles nothing of a frame', () => {
    fc.assert(
      fc.property(steps, echo, (all, { batch, each, most }) => {
        const frame = new DataFrame({ k: 'utf8', x: 'f64' }, { batch });
        const echoes = new Echo(each, most);
        const row = (x: number) => ({ k: `key ${x}`, x });
        frame.sink((table) => {
          for (const { k, x } of table) expect(k).toBe(`key ${x}`);
          const numbers = table.toRows().map(({ x }) => x!);
          echoes.receive(numbers, (x) => void frame.emit(row(x)));
        });
        for (const { form, count } of all) {
          const numbers = () => Array.from({ length: count }, () => echoes.next());
          if (form === 'flush') void frame.flush();
          else if (form === 'one') for (const x of numbers()) void frame.emit(row(x));
          else if (form === 'rows') void frame.emit(numbers().map(row));
          else {
            const x = numbers();
            const k = x.map((one) => `key ${one}`);
            void frame.emit({ k, x: form === 'columns' ? x : Float64Array.from(x) });
          }
        }
        while (echoes.seen.length < echoes.sent.length) void frame.flush();
        expect(ascending(echoes.seen)).toEqual(echoes.sent);
      }),
    );
  });

  it('loses and doubles nothing of numbers', () => {
    fc.assert(
      fc.property(steps, echo, (all, { batch, each, most }) => {
        const series = new Series('f64', { batch });
        const echoes = new Echo(each, most);
        series.sink((column) => {
          echoes.receive(column.toArray() as number[], (x) => void series.emit(x));
        });
        for (const { form, count } of all) {
          const numbers = () => Array.from({ length: count }, () => echoes.next());
          if (form === 'flush') void series.flush();
          else if (form === 'one') for (const x of numbers()) void series.emit(x);
          else void series.emit(form === 'typed' ? Float64Array.from(numbers()) : numbers());
        }
        while (echoes.seen.length < echoes.sent.length) void series.flush();
        expect(ascending(echoes.seen)).toEqual(echoes.sent);
      }),
    );
  });

  it('loses and doubles nothing of words', () => {
    fc.assert(
      fc.property(steps, echo, fc.boolean(), (all, { batch, each, most }, isKeyed) => {
        const series = new Series('utf8', { batch });
        const echoes = new Echo(each, most);
        // Keys have a dictionary.
        if (isKeyed) series.frequencies().sink(() => {});
        series.sink((column) => {
          echoes.receive(column.toArray().map(Number), (x) => void series.emit(`${x}`));
        });
        for (const { form, count } of all) {
          const texts = () => Array.from({ length: count }, () => `${echoes.next()}`);
          if (form === 'flush') void series.flush();
          else if (form === 'one') for (const text of texts()) void series.emit(text);
          else if (form === 'words') {
            void series.emitWords(
              Buffer.from(
                texts()
                  .map((text) => `${text} `)
                  .join(''),
              ),
            );
          } else void series.emit(texts());
        }
        while (echoes.seen.length < echoes.sent.length) void series.flush();
        expect(ascending(echoes.seen)).toEqual(echoes.sent);
      }),
    );
  });
});
