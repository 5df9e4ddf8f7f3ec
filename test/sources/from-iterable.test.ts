import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromIterable } from '../../src/sources/from-iterable.ts';

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await undefined;
    yield item;
  }
}

describe('fromIterable', () => {
  test('emits every item in order, of synchronous and asynchronous iterables', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.anything(), { maxLength: 50 }), async (items) => {
        for (const iterable of [items, new Set(items), items.values(), later(items)]) {
          const expected = iterable instanceof Set ? [...iterable] : items;
          const source = fromIterable(iterable);
          const seen = source.sinkToList();
          await source.start();
          expect(seen).toEqual(expected);
          expect(source.state).toBe('ended');
        }
      }),
      { numRuns: 50 },
    );
  });

  test('begins anew after the end, with what can be iterated again', async () => {
    const list = fromIterable([1, 2]);
    const generator = fromIterable([1, 2].values());
    const again = [list.sinkToList(), generator.sinkToList()];
    for (let i = 0; i < 2; i++) {
      await list.start();
      await generator.start();
    }
    expect(again).toEqual([
      [1, 2, 1, 2],
      [1, 2],
    ]);
  });

  test('asks for the next item only when the one before was accepted', async () => {
    let asked = 0;
    function* items() {
      for (; asked < 3; ) yield ++asked;
    }
    const releases: (() => void)[] = [];
    const source = fromIterable(items());
    source.sink(() => new Promise<void>((resolve) => releases.push(resolve)));
    const done = source.start();
    for (let i = 1; i <= 3; i++) {
      await new Promise(setImmediate);
      expect(asked).toBe(i);
      releases.shift()!();
    }
    await done;
  });

  test('stops inside an endless iterable and goes on with the next item', async () => {
    function* naturals() {
      for (let n = 0; ; n++) yield n;
    }
    const source = fromIterable(naturals());
    const seen: number[] = [];
    source.sink((n) => {
      seen.push(n);
      if (n % 5 === 4) void source.stop();
    });
    await source.start();
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    await source.start();
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('gives the event loop its turn, so that others can stop it', async () => {
    function* ones() {
      for (;;) yield 1;
    }
    const source = fromIterable(ones());
    let count = 0;
    source.sink(() => {
      count++;
    });
    const done = source.start();
    await new Promise(setImmediate);
    await source.stop();
    await done;
    expect(count).toBeGreaterThan(0);
  });

  test('stops while an item is awaited, and that item is not lost', async () => {
    let release!: (value: IteratorResult<string>) => void;
    const results = [
      new Promise<IteratorResult<string>>((resolve) => {
        release = resolve;
      }),
      Promise.resolve<IteratorResult<string>>({ done: true, value: undefined }),
    ];
    const source = fromIterable({
      [Symbol.asyncIterator]: () => ({ next: () => results.shift()! }),
    });
    const seen = source.sinkToList();
    const first = source.start();
    await new Promise(setImmediate);
    await source.stop();
    await first;
    release({ done: false, value: 'kept' });
    await source.start();
    expect(seen).toEqual(['kept']);
  });

  test('destroy ends the iteration, so that it frees what it holds', async () => {
    let freed = 0;
    async function* items() {
      try {
        for (;;) yield 1;
      } finally {
        freed++;
      }
    }
    const source = fromIterable(items());
    source.sink(() => source.destroy());
    await source.start();
    await new Promise(setImmediate);
    expect(freed).toBe(1);
    expect(source.state).toBe('stopped');
  });

  test('fails with the error of the iteration, and begins anew', async () => {
    let failures = 1;
    const source = fromIterable({
      *[Symbol.iterator]() {
        yield 'a';
        if (failures-- > 0) throw new Error('torn');
        yield 'b';
      },
    });
    const seen = source.sinkToList();
    await expect(source.start()).rejects.toThrow('torn');
    expect(source.state).toBe('failed');
    await source.start();
    expect(seen).toEqual(['a', 'a', 'b']);
  });

  test.each([
    [5, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{}, 'an instance of Object'],
  ])('refuses %j', (notIterable, shown) => {
    expect(() => fromIterable(notIterable as never)).toThrow(
      new TypeError(
        `Cannot create fromIterable: iterable must have Symbol.iterator or Symbol.asyncIterator, got ${shown}`,
      ),
    );
  });
});
