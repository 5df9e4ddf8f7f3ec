import { expect, it } from 'vitest';
import { Stream } from '../../src/stream.ts';
import { deferred, describeForms, turn } from './forms.ts';

function failOn(wanted: number, message = `failed on ${wanted}`) {
  return (x: number) => {
    if (x === wanted) throw new Error(message);
    return x;
  };
}

describeForms('delivery', () => {
  it('one failing branch throws its own error, several an AggregateError without nesting', () => {
    const source = new Stream<number>();
    const inner = source.map((x) => x);
    inner.sink(failOn(1, 'a'));
    inner.sink(failOn(1, 'b'));
    source.sink(failOn(1, 'c'));
    source.sink(failOn(2, 'd'));
    const seen = source.sinkToList();
    expect(() => source.emit(1)).toThrow(AggregateError);
    try {
      source.emit(1);
    } catch (error) {
      const { errors } = error as AggregateError;
      expect(errors.map((one: Error) => one.message)).toEqual(['a', 'b', 'c']);
    }
    expect(() => source.emit(2)).toThrow(new Error('d'));
    expect(seen).toEqual([1, 1, 2]);
  });

  it("a user's own AggregateError is one error", () => {
    const source = new Stream<number>();
    const own = new AggregateError([new Error('x'), new Error('y')], 'mine');
    source.sink(() => {
      throw own;
    });
    source.sink(failOn(1));
    try {
      source.emit(1);
      expect.unreachable();
    } catch (error) {
      expect((error as AggregateError).errors[0]).toBe(own);
    }
  });

  it('flatten delivers the rest of the items, also past a generator that fails', () => {
    const source = new Stream<Iterable<number>>();
    const items = source.flatten();
    items.sink(failOn(2));
    const seen = items.sinkToList();
    function* broken() {
      yield 2;
      yield 3;
      throw new Error('generator');
    }
    expect(() => source.emit([1, 2, 3])).toThrow('failed on 2');
    try {
      source.emit(broken());
      expect.unreachable();
    } catch (error) {
      const { errors } = error as AggregateError;
      expect(errors.map((one: Error) => one.message)).toEqual(['failed on 2', 'generator']);
    }
    expect(seen).toEqual([1, 2, 3, 2, 3]);
  });

  it('a promise settles after every branch, and rejects with what failed meanwhile', async () => {
    const source = new Stream<number>();
    const slow = deferred();
    const log: string[] = [];
    source.sink(() => slow.promise.then(() => log.push('slow')));
    source.sink(failOn(1));
    const accepted = source.emit(1);
    const outcome = accepted!.then(
      () => log.push('resolved'),
      (error: Error) => log.push(error.message),
    );
    await turn();
    expect(log).toEqual([]);
    slow.resolve();
    await outcome;
    expect(log).toEqual(['slow', 'failed on 1']);
  });

  it('several rejections make an AggregateError', async () => {
    const source = new Stream<number>();
    source.sink(() => Promise.reject(new Error('a')));
    source.sink(() => Promise.reject(new Error('b')));
    await expect(source.emit(1)).rejects.toThrow(AggregateError);
  });

  it('emit returns nothing where everything was synchronous, whatever a sink returns', () => {
    const source = new Stream<number>();
    const results: unknown[] = [1, 'x', null, undefined, {}, [], new Map(), () => 1];
    for (const result of results) source.sink(() => result);
    expect(source.emit(1)).toBeUndefined();
    expect(source.emitMany([1, 2])).toBeUndefined();
  });

  it('any thenable is waited for, and its value is not what emit resolves to', async () => {
    const source = new Stream<number>();
    source.sink(() => ({ then: (resolve: (x: number) => void) => resolve(5) }));
    const accepted = source.emit(1);
    expect(accepted).toBeInstanceOf(Promise);
    expect(await accepted).toBeUndefined();
  });

  it.each([
    ['array', (xs: number[]): Iterable<number> => xs],
    ['set', (xs: number[]): Iterable<number> => new Set(xs)],
    ['typed array', (xs: number[]): Iterable<number> => Float64Array.from(xs)],
  ])('emitMany stops at the element that fails (%s)', (_name, iterable) => {
    const source = new Stream<number>();
    const seen = source.map(failOn(2)).sinkToList();
    expect(() => source.emitMany(iterable([1, 2, 3]))).toThrow('failed on 2');
    expect(seen).toEqual([1]);
  });

  it('emitMany closes an iterator that it does not finish', () => {
    const source = new Stream<number>();
    source.sink(failOn(1));
    let isClosed = false;
    function* values() {
      try {
        yield 1;
        yield 2;
      } finally {
        isClosed = true;
      }
    }
    expect(() => source.emitMany(values())).toThrow('failed on 1');
    expect(isClosed).toBe(true);
  });

  it.each([
    ['array', (xs: number[]): Iterable<number> => xs],
    ['set', (xs: number[]): Iterable<number> => new Set(xs)],
  ])('emitMany waits for each element before the next (%s)', async (_name, iterable) => {
    const source = new Stream<number>();
    const log: string[] = [];
    source.sink(async (x) => {
      log.push(`begin ${x}`);
      await turn();
      log.push(`end ${x}`);
      if (x === 3) throw new Error('failed on 3');
    });
    await expect(source.emitMany(iterable([1, 2, 3, 4]))).rejects.toThrow('failed on 3');
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('state is that of the elements that came through, after a callback threw', () => {
    const source = new Stream<number>();
    const sums = source.accumulate((sum, x) => sum + failOn(2)(x), { start: 0 }).sinkToList();
    const windows = source.slidingWindow(2, { returnPartial: false });
    windows.sink(([, x]) => void failOn(2)(x!));
    const seen = windows.sinkToList();
    for (const x of [1, 2, 3]) {
      try {
        source.emit(x);
      } catch (error) {
        expect(x).toBe(2);
        expect(error).toBeInstanceOf(AggregateError);
      }
    }
    expect(sums).toEqual([1, 4]);
    expect(seen).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  it('emitting from a callback delivers at once, depth first', () => {
    const source = new Stream<number>();
    const seen: string[] = [];
    source.sink((x) => {
      seen.push(`a${x}`);
      if (x < 3) source.emit(x + 1);
    });
    source.sink((x) => void seen.push(`b${x}`));
    source.emit(1);
    expect(seen).toEqual(['a1', 'a2', 'a3', 'b3', 'b2', 'b1']);
  });

  it('connecting and disconnecting from a callback counts from the next element on', () => {
    const source = new Stream<number>();
    const late = new Stream<number>();
    const seen: string[] = [];
    late.sink((x) => void seen.push(`late ${x}`));
    source.sink((x) => {
      if (x === 1) source.connect(late);
      if (x === 3) source.disconnect(late);
    });
    source.sink((x) => void seen.push(`first ${x}`));
    source.emitMany([1, 2, 3, 4]);
    expect(seen).toEqual(['first 1', 'first 2', 'late 2', 'first 3', 'late 3', 'first 4']);
  });

  it('any stream can be emitted into, for what is downstream of it', () => {
    const source = new Stream<number>();
    const doubled = source.map((x) => 2 * x);
    const seen = doubled.sinkToList();
    source.emit(1);
    doubled.emit(5);
    source.emit(2);
    doubled.emitMany([6, 7]);
    expect(seen).toEqual([2, 5, 4, 6, 7]);
  });

  it('an emit that was taken from a stream follows the graph as it changes', () => {
    const source = new Stream<number>();
    source.emit(0);
    const { emit } = source;
    const seen = source.sinkToList();
    emit(1);
    source.sink(() => {});
    emit(2);
    expect(seen).toEqual([1, 2]);
  });

  it("a subclass's own emit is left alone", () => {
    class Doubling extends Stream<number> {
      override emit(x: number): Promise<void> | undefined {
        return super.emit(2 * x);
      }
    }
    const source = new Doubling();
    const seen = source.sinkToList();
    source.emit(1);
    source.emit(2);
    expect(seen).toEqual([2, 4]);
  });

  it('a chain of 2,000 nodes and a fork of 500 branches go through', () => {
    const source = new Stream<number>();
    let end: Stream<number> = source;
    for (let i = 0; i < 2000; i++) end = end.map((x) => x + 1);
    let total = 0;
    for (let i = 0; i < 500; i++) {
      end.sink((x) => {
        total += x;
      });
    }
    source.emitMany([0, 1]);
    expect(total).toBe(500 * 2000 + 500 * 2001);
  });

  it('a loop can be cut from inside, and an error in it does not end it', () => {
    const source = new Stream<number>();
    const next = source.map((x) => x + 1);
    const turns: number[] = [];
    next.sink((x) => {
      turns.push(x);
      if (x === 5) next.disconnect(source);
      if (x === 3) throw new Error('third');
    });
    next.connect(source);
    expect(() => source.emit(0)).toThrow('third');
    expect(turns).toEqual([1, 2, 3, 4, 5]);
    expect(() => source.emit(10)).not.toThrow();
    expect(turns.at(-1)).toBe(11);
  });

  it('a diamond delivers by both ways, each in its turn', () => {
    const source = new Stream<number>();
    const left = source.map((x) => `l${x}`);
    const right = source.map((x) => `r${x}`);
    const joined = new Stream<string>();
    left.connect(joined);
    right.connect(joined);
    const seen = joined.map((x) => x.toUpperCase()).sinkToList();
    source.emitMany([1, 2]);
    expect(seen).toEqual(['L1', 'R1', 'L2', 'R2']);
  });
});

describeForms('names', () => {
  it('what users name things never becomes code', () => {
    const source = new Stream<number>({ name: '*/ throw 1 //\n`\\' });
    const seen = source.map((x) => x).sinkToList();
    source.emit(1);
    expect(seen).toEqual([1]);
    expect(source.node.unit?.text ?? '').not.toContain('throw 1');
  });
});

it('stack traces name the pipeline and its operators', () => {
  const source = new Stream<number>({ name: 'ticks' });
  source
    .map(failOn(1))
    .filter()
    .sink(() => {});
  try {
    source.emit(1);
    expect.unreachable();
  } catch (error) {
    expect((error as Error).stack).toContain('millrace/ticks/map-filter-sink#');
  }
});
