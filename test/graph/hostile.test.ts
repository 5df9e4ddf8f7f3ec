import { expect, it } from 'vitest';
import {
  Acknowledgement,
  CustomNode,
  fromIterable,
  LowWaterMark,
  Stream,
  VirtualClock,
} from '../../src/index.ts';
import { acknowledgements, deferred, describeForms, timedSource, turn } from './forms.ts';

// Programs that do what no one should, and that must not crash, wedge or lose anything for it.

/** Runs something, and gives the exceptions that nobody caught meanwhile. */
async function uncaught(run: () => unknown): Promise<unknown[]> {
  const found: unknown[] = [];
  const note = (error: unknown) => void found.push(error);
  const former = process.listeners('uncaughtException');
  const formerRejections = process.listeners('unhandledRejection');
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  try {
    await run();
    await turn();
    await turn();
  } finally {
    process.removeAllListeners('uncaughtException');
    process.removeAllListeners('unhandledRejection');
    for (const listener of former) process.on('uncaughtException', listener);
    for (const listener of formerRejections) process.on('unhandledRejection', listener);
  }
  return found;
}

describeForms('an acknowledgement that throws', () => {
  const acknowledge = () => {
    throw new Error('acknowledged');
  };

  it('goes to onError, and nobody is kept from anything', async () => {
    const { clock, source, errors, failures } = timedSource();
    const seen = [
      source.sinkToList(),
      source.buffer(1).sinkToList(),
      source.delay(1).sinkToList(),
      source.mapAsync(async (x) => x).sinkToList(),
      source.rateLimit(1).sinkToList(),
      source.latest().sinkToList(),
    ];
    const emitted = (async () => {
      for (const x of [1, 2, 3]) await source.emit(x, { acknowledge });
    })();
    await clock.advance(100);
    await emitted;
    await source.end();
    expect(seen).toEqual(seen.map(() => [1, 2, 3]));
    expect(errors.map(String)).toEqual(Array(3).fill('Error: acknowledged'));
    expect(failures.map(({ element }) => element)).toEqual([1, 2, 3]);
  });

  it('is an uncaught exception where it is one of a reference of your own', async () => {
    const source = new Stream<number>();
    const seen = source.buffer(3).sinkToList();
    const fails = () => {
      throw new Error('reference');
    };
    const found = await uncaught(() => {
      source.emit(1, { metadata: [{ ref: new Acknowledgement(acknowledge) }] });
      source.emit(2, { metadata: [{ ref: { retain: fails, release: fails, fail: fails } }] });
      source.emit(3);
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(found.length).toBeGreaterThan(2);
    expect(found.map(String)).toContain('Error: acknowledged');
  });
});

describeForms('what is thrown', () => {
  it.each([undefined, null])(
    'is an error for acknowledgements, also if it is %s',
    async (nothing) => {
      const source = new Stream<number>({ onError: () => undefined });
      source
        .filter((x) => x === 1)
        .sink(() => {
          throw nothing;
        });
      source.filter((x) => x === 2).sink(() => Promise.reject(nothing));
      source.filter((x) => x === 3).mapAsync(() => Promise.reject(nothing));
      const log: unknown[] = [];
      for (const x of [1, 2, 3]) {
        const acknowledge = (error?: unknown) => void log.push(error);
        await Promise.resolve()
          .then(() => source.emit(x, { acknowledge }))
          .catch((error) => expect(error).toBe(nothing));
      }
      await turn();
      expect(log.map(String)).toEqual(
        Array(3).fill(`MillraceError: Cannot deliver an element: ${nothing} was thrown`),
      );
    },
  );

  it('may be frozen', () => {
    const source = new Stream<number>();
    const error = Object.freeze(new Error('frozen'));
    source.sink(() => {
      throw error;
    });
    expect(() => source.emit(1)).toThrow(error);
    source.sink(() => {
      throw error;
    });
    expect(() => source.emit(1)).toThrow(AggregateError);
  });
});

describeForms('a thenable', () => {
  const thenables = {
    throws: {
      then() {
        throw new Error('then');
      },
    },
    'throws when read': {
      get then(): never {
        throw new Error('then');
      },
    },
    rejects: {
      then(_resolve: unknown, reject: (error: unknown) => void) {
        reject(new Error('then'));
        reject(new Error('again'));
      },
    },
  };

  it.each(Object.entries(thenables))('that %s is an error of the element', async (_, thenable) => {
    const { source, errors } = timedSource();
    const give = (x: number) => (x === 1 ? thenable : undefined) as unknown as Promise<number>;
    source.sink(give);
    source.mapAsync(give).sinkToList();
    source
      .map((x) => x)
      .sink(give)
      .onError('skip');
    const emit = async (x: number) => source.emit(x);
    await expect(emit(1)).rejects.toThrow('then');
    await turn();
    await emit(2);
    await emit(3);
    await source.end();
    expect(errors.map(String)).toEqual(['Error: then']);
  });
});

describeForms('a callback that changes the graph', () => {
  it('may destroy what is running', async () => {
    for (const target of ['source', 'map', 'sink', 'buffer', 'mapAsync'] as const) {
      const { source, errors } = timedSource();
      const seen: number[] = [];
      const map = source.map((x) => x);
      const buffer = map.buffer(3);
      const mapAsync = buffer.mapAsync(async (x) => x);
      const sink: Stream<unknown> = mapAsync.sink((x) => {
        seen.push(x);
        if (x === 2) ({ source, map, sink, buffer, mapAsync })[target].destroy();
      });
      const { log, options } = acknowledgements();
      for (const x of [1, 2, 3]) await source.emit(x, options(x));
      for (let i = 0; i < 9; i++) await turn();
      expect(seen.slice(0, 2)).toEqual([1, 2]);
      expect(log.map(([x]) => x).sort()).toEqual([1, 2, 3]);
      expect(errors).toEqual([]);
    }
  });

  it('may take away and add branches, while others are to be served', () => {
    const source = new Stream<number>();
    const late = new Stream<number>();
    const seen = late.sinkToList();
    const first = source.map((x) => {
      if (x === 1) other.destroy();
      if (x === 2) source.connect(late);
      if (x === 3) source.disconnect(first);
      return x;
    });
    const passed = first.sinkToList();
    const other = source.map((x) => x);
    source.emitMany([1, 2, 3, 4]);
    expect(passed).toEqual([1, 2, 3]);
    expect(seen).toEqual([3, 4]);
  });

  it('may edit a join while it emits', () => {
    for (const join of ['zip', 'combineLatest', 'zipLatest'] as const) {
      const left = new Stream<number>();
      const right = new Stream<number>();
      const third = new Stream<number>();
      const joined: Stream<readonly number[]> =
        join === 'zip'
          ? left.zip(right)
          : join === 'combineLatest'
            ? left.combineLatest(right)
            : left.zipLatest(right);
      const seen: (readonly number[])[] = [];
      joined.sink((x) => {
        seen.push(x);
        if (seen.length === 1) third.connect(joined);
        if (seen.length === 2) right.disconnect(joined);
      });
      right.emit(0);
      left.emit(1);
      third.emit(10);
      right.emit(2);
      left.emit(3);
      third.emit(11);
      left.emit(4);
      expect(seen.length).toBeGreaterThanOrEqual(2);
      expect(seen.at(-1)?.length).toBe(2);
    }
  });

  it('may restore and set policies', () => {
    const source = new Stream<number>();
    const sums = source.accumulate((sum, x) => sum + x);
    const start = sums.snapshot()!;
    const seen: number[] = [];
    const sink = sums.sink((x) => {
      seen.push(x);
      if (x > 5) sums.restore(start);
      sink.onError(x % 2 === 0 ? 'skip' : 'fail');
      if (x === 9) throw new Error('nine');
    });
    source.emitMany([1, 3, 5, 7, 8]);
    expect(seen).toEqual([1, 4, 9, 7, 8]);
  });

  it('may emit while it is called', () => {
    const source = new Stream<number>();
    const pairs = source.partition(2);
    const seen: unknown[] = [];
    pairs.sink((pair) => {
      seen.push(pair);
      if (seen.length < 3) source.emitMany([8, 9]);
    });
    source
      .slidingWindow(2)
      .filter((window) => window.length === 3)
      .sink(() => {});
    source.emitMany([1, 2, 3, 4]);
    expect(seen).toEqual([
      [1, 2],
      [8, 9],
      [8, 9],
      [3, 4],
    ]);
  });
});

describeForms('values that are none', () => {
  it('go through every operator as others do', async () => {
    const { clock, source, errors } = timedSource<unknown>();
    const other = new Stream<unknown>();
    const nothings = [undefined, null, undefined];
    const each = [
      source.map((x) => x),
      source.accumulate((_, x) => x),
      source.slice(0),
      source.buffer(3),
      source.delay(1),
      source.mapAsync((x) => x, { parallelism: 3 }),
      source.union(),
      source.starmap.call(source.map((x) => [x]) as never, ((x: unknown) => x) as never),
      source.partition(3).flatten(),
      source.slidingWindow(1).flatten(),
      source.timedWindow(1).flatten(),
      source.combineLatest(other, { emitOn: source }).pluck(0),
      source.zip(other).pluck(0),
      source.zipLatest(other).pluck(0),
    ].map((stream) => (stream as Stream<unknown>).sinkToList());
    const distinct = [
      source.unique(),
      source.unique({ hashable: false }),
      source.partitionUnique(2).flatten().slice(0, 2),
      source.timedWindowUnique(1).flatten(),
      source
        .frequencies({ emit: 'changes' })
        .filter(([, n]) => n === 1)
        .pluck(0),
    ].map((stream) => (stream as Stream<unknown>).sinkToList());
    const newest = source.latest().sinkToList();
    other.emit(undefined);
    for (const x of nothings) {
      await source.emit(x);
      other.emit(null);
    }
    await clock.advance(5);
    await source.end();
    expect(each).toEqual(each.map(() => nothings));
    expect(distinct).toEqual(distinct.map(() => [undefined, null]));
    expect(newest.at(-1)).toBe(undefined);
    expect(errors).toEqual([]);
  });

  it('may be holes of an array', () => {
    const source = new Stream<unknown>();
    const seen = source.sinkToList();
    const flat = source.filter(Array.isArray).flatten().sinkToList();
    // biome-ignore lint/suspicious/noSparseArray: it is the point
    source.emitMany([1, , 3]);
    // biome-ignore lint/suspicious/noSparseArray: it is the point
    source.emit([, 2]);
    expect(seen.slice(0, 3)).toEqual([1, undefined, 3]);
    expect(0 in seen && 1 in seen).toBe(true);
    expect(flat).toEqual([undefined, 2]);
    const distinct = source.unique({ hashable: false }).sinkToList();
    // biome-ignore lint/suspicious/noSparseArray: it is the point
    source.emitMany([[], [,], [undefined]]);
    expect(distinct.length).toBe(2);
  });

  it('may be symbols, proxies and objects without a prototype', () => {
    const source = new Stream<unknown>();
    const bare = Object.create(null);
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
        has() {
          throw new Error('trap');
        },
      },
    );
    const values = [Symbol('s'), bare, Object.freeze([1]), hostile];
    const seen = source.sinkToList();
    const counted = source.frequencies({ emit: 'changes' }).sinkToList();
    source.emitMany(values);
    expect(seen.length).toBe(4);
    expect(counted.length).toBe(4);
    const numbers = source.flatten.call(source as never);
    numbers.sinkToList();
    for (const x of [values[0], bare]) {
      expect(() => source.emit(x)).toThrow(/Cannot flatten: elements must be iterable/);
    }
    expect(() => source.emit(hostile)).toThrow('trap');
    for (const x of [bare, Symbol('s'), 3, null]) {
      expect(() => source.emitMany(x as never)).toThrow(/Cannot emitMany: values must be iterable/);
      expect(() => new Stream<number>().transform(x as never)).toThrow(/transformOne/);
      expect(
        () =>
          new (class Mine extends CustomNode<1, 1> {
            update() {}
          })(x),
      ).toThrow(/Mine/);
    }
    const mark = new LowWaterMark<unknown>({ commit: () => {} });
    expect(() => mark.acknowledge(Symbol('s'))).toThrow(RangeError);
    expect(() => mark.acknowledge(bare)).toThrow(RangeError);
  });
});

describeForms('large numbers', () => {
  it('of elements in an array, a set, or an element', () => {
    const source = new Stream<unknown>();
    let n = 0;
    source.sink(() => void n++);
    const many = Array.from({ length: 150_000 }, (_, i) => i);
    source.emitMany(many);
    source.emitMany(new Set(many));
    const lists = new Stream<number[]>();
    lists.flatten().sink(() => void n++);
    lists.emit(many);
    expect(n).toBe(450_000);
  });

  it('of promises and errors of one element', async () => {
    const source = new Stream<number[]>();
    source.sink(async () => undefined);
    source.flatten().sink(async () => undefined);
    const many = Array.from({ length: 150_000 }, (_, i) => i);
    await source.emit(many);
    const failing = new Stream<number[]>();
    failing.sink(async () => undefined);
    const error = new Error('each');
    failing.flatten().sink(() => {
      throw error;
    });
    await expect(failing.emit(many)).rejects.toThrow('150000 branches failed');
  });

  it('of objects of metadata, and of elements that are given up', async () => {
    const { source, errors } = timedSource();
    let acknowledged = 0;
    const acknowledge = () => void acknowledged++;
    const n = 150_000;
    source
      .partition(n)
      .partition(1)
      .sink(() => {});
    source.mapAsync(() => new Promise(() => undefined));
    source.buffer(1).sink(() => new Promise(() => undefined));
    for (let i = 0; i < n; i++) void source.emit(i, { acknowledge });
    await turn();
    source.destroy();
    await turn();
    expect(acknowledged).toBe(n - 1); // one is in the sink that never ends
    expect(errors).toEqual([]);
  });

  it('of branches', () => {
    const source = new Stream<number>();
    let n = 0;
    for (let i = 0; i < 3000; i++) source.sink(() => void n++);
    source.emit(1);
    expect(n).toBe(3000);
  });
});

describeForms('iterators', () => {
  it('that throw when they are closed do not hide the error', () => {
    const source = new Stream<number>();
    source.sink((x) => {
      if (x === 2) throw new Error('two');
    });
    const values = () => ({
      i: 0,
      [Symbol.iterator]() {
        return this;
      },
      next() {
        return { done: false, value: ++this.i };
      },
      return(): never {
        throw new Error('return');
      },
    });
    expect(() => source.emitMany(values())).toThrow('two');
  });

  it('that throw when a source is destroyed go to onError', async () => {
    const errors: unknown[] = [];
    const values = {
      i: 0,
      [Symbol.iterator]() {
        return this;
      },
      next() {
        return { done: false, value: ++this.i };
      },
      return(): never {
        throw new Error('return');
      },
    };
    const source = fromIterable(values, { onError: (error) => void errors.push(error) });
    source.sink((x) => {
      if (x === 3) source.destroy();
    });
    const found = await uncaught(async () => {
      await source.start();
      await turn();
    });
    expect(found).toEqual([]);
    expect(errors.map(String)).toEqual(['Error: return']);
  });

  it('that throw while an element is taken apart fail that element only', () => {
    const source = new Stream<Iterable<number>>();
    const seen = source.flatten().sinkToList();
    expect(() =>
      source.emit(
        (function* () {
          yield 1;
          throw new Error('generator');
        })(),
      ),
    ).toThrow('generator');
    source.emit([2]);
    expect(seen).toEqual([1, 2]);
  });

  it('with getters that throw fail at that element', () => {
    const source = new Stream<number>();
    const seen = source.sinkToList();
    const values = [1, 2, 3];
    Object.defineProperty(values, 1, {
      get() {
        throw new Error('getter');
      },
    });
    expect(() => source.emitMany(values)).toThrow('getter');
    source.emit(4);
    expect(seen).toEqual([1, 4]);
  });
});

describeForms('objects of others', () => {
  it('an observer that throws at the end does not keep the rest from ending', async () => {
    const source = new Stream<number>();
    const complete = () => {
      throw new Error('complete');
    };
    source.toObservable().subscribe({ complete });
    source.toObservable().subscribe({ complete });
    const parts = source.partition(2).sinkToList();
    source.emit(1);
    const found = await uncaught(async () => {
      await expect(source.end()).rejects.toThrow('2 branches failed');
    });
    expect(found).toEqual([]);
    expect(parts).toEqual([[1]]);
    expect(() => source.emit(2)).toThrow('has ended');
  });

  it('an observer that throws when it is destroyed does not keep the rest alive', () => {
    const { clock, source, errors } = timedSource();
    source.toObservable().subscribe({
      complete() {
        throw new Error('complete');
      },
    });
    source.timedWindow('1s');
    source.destroy();
    expect(clock.pending).toBe(0);
    expect(errors.map(String)).toEqual(['Error: complete']);
  });

  it('a node of yours that fails after it has sent something loses neither', async () => {
    class Twice extends CustomNode<number, number> {
      protected override update(x: number): void {
        this.push(x);
        throw new Error('after');
      }
    }
    const source = new Stream<number>();
    const gate = deferred();
    new Twice(source).sink(() => gate.promise);
    const found = await uncaught(async () => {
      const emitted = source.emit(1);
      expect(emitted).toBeInstanceOf(Promise);
      gate.reject(new Error('sink'));
      await expect(emitted).rejects.toThrow('2 branches failed');
    });
    expect(found).toEqual([]);
  });

  it('a stream may be frozen', () => {
    const source = Object.freeze(new Stream<number>());
    const seen = Object.freeze(source.map((x) => x + 1)).sinkToList();
    source.emit(1);
    source.emitMany([2, 3]);
    const more = source.sinkToList();
    source.emit(4);
    expect([seen, more]).toEqual([[2, 3, 4, 5], [4]]);
    source.destroy();
    expect(() => source.emit(5)).toThrow('destroyed');
  });

  it('a batch gives a callback the element only', () => {
    const source = new Stream<string[]>();
    const seen = source
      .toBatch()
      .map(Number.parseInt as (x: string) => number)
      .toStream();
    const list = seen.sinkToList();
    const kept = source.toBatch().filter((...all: unknown[]) => all.length === 1);
    const pluck = kept.pluck('length').toStream().sinkToList();
    source.emit(['10', '10', '10']);
    expect(list).toEqual([10, 10, 10]);
    expect(pluck).toEqual([2, 2, 2]);
    const bad = new Stream<{ a?: number }[]>();
    bad.toBatch().pluck('a').toStream();
    expect(() => bad.emit([{}])).toThrow(RangeError);
  });
});

describeForms('options of a stream', () => {
  it.each([
    [null, /options must be an object, got null/],
    [{ name: 3 }, /name must be text, got 3/],
    [{ clock: {} }, /clock must have now, wallTime, setTimeout and clearTimeout, got an instance/],
    [{ clock: null }, /clock must have/],
    [{ onError: 'skip' }, /onError must be a function, got "skip"/],
    [{ loop: 1 }, /"loop" is not an option/],
  ])('%j are refused', (options, message) => {
    expect(() => new Stream(options as never)).toThrow(message);
    expect(() => new Stream(options as never)).toThrow(TypeError);
  });

  it('take a clock of any kind', () => {
    expect(new Stream({ clock: new VirtualClock(), name: 'x', onError: () => {} }).name).toBe('x');
  });
});
