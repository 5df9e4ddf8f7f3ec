import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/stream.ts';

/** Calls a method with arguments that its types forbid. */
function call(method: string, ...values: unknown[]): () => unknown {
  const stream = new Stream<number>() as unknown as Record<string, (...all: unknown[]) => unknown>;
  return () => stream[method]!(...values);
}

describe('arguments', () => {
  it.each([
    ['map', [3], TypeError, 'Cannot create map: f must be a function, got 3'],
    ['starmap', ['f'], TypeError, 'Cannot create starmap: f must be a function, got "f"'],
    ['filter', [1], TypeError, 'Cannot create filter: predicate must be a function, got 1'],
    ['remove', [], TypeError, 'Cannot create remove: predicate must be a function, got undefined'],
    [
      'sink',
      [{}],
      TypeError,
      'Cannot create sink: f must be a function, got an instance of Object',
    ],
    ['accumulate', [null], TypeError, 'Cannot create accumulate: f must be a function, got null'],
    [
      'accumulate',
      [Math.max, { begin: 1 }],
      TypeError,
      'Cannot create accumulate: "begin" is not an option, wanted start, returnsState, withState',
    ],
    [
      'slidingWindow',
      [0],
      RangeError,
      'Cannot create slidingWindow: n must be a positive integer, got 0',
    ],
    [
      'slidingWindow',
      [-1],
      RangeError,
      'Cannot create slidingWindow: n must be a positive integer, got -1',
    ],
    [
      'slidingWindow',
      [1.5],
      RangeError,
      'Cannot create slidingWindow: n must be a positive integer, got 1.5',
    ],
    [
      'slidingWindow',
      ['2'],
      RangeError,
      'Cannot create slidingWindow: n must be a positive integer, got "2"',
    ],
    [
      'partition',
      [Number.NaN],
      RangeError,
      'Cannot create partition: n must be a positive integer, got NaN',
    ],
    [
      'partition',
      [2, { key: 5n }],
      TypeError,
      'Cannot create partition: key must be a function or the name of a property, got 5n',
    ],
    [
      'partitionUnique',
      [2, { keep: 'middle' }],
      RangeError,
      'Cannot create partitionUnique: keep must be "first" or "last", got "middle"',
    ],
    [
      'slice',
      [-1],
      RangeError,
      'Cannot create slice: start must be an integer of 0 or more, got -1',
    ],
    [
      'slice',
      [0, -2],
      RangeError,
      'Cannot create slice: end must be an integer of 0 or more, got -2',
    ],
    ['slice', [0, 2, 0], RangeError, 'Cannot create slice: step must be a positive integer, got 0'],
    [
      'pluck',
      [{}],
      TypeError,
      'Cannot create pluck: pick must be a property name, an index, or a list of them, got an instance of Object',
    ],
    [
      'unique',
      [{ maxsize: 0 }],
      RangeError,
      'Cannot create unique: maxsize must be a positive integer, got 0',
    ],
    [
      'frequencies',
      [{ emit: 'some' }],
      RangeError,
      'Cannot create frequencies: emit must be "all" or "changes", got "some"',
    ],
    [
      'zip',
      [{ maxsize: 0 }],
      RangeError,
      'Cannot create zip: maxsize must be a positive integer, got 0',
    ],
    ['union', [3], TypeError, 'Cannot union: a Stream is wanted, got 3'],
    ['combineLatest', [3], TypeError, 'Cannot combineLatest: a Stream is wanted, got 3'],
    [
      'combineLatest',
      [{ emitOn: 1 }],
      RangeError,
      'Cannot create combineLatest: emitOn must be among its 1 streams, or a position from 0 to 0, got 1',
    ],
    ['zipLatest', ['x'], TypeError, 'Cannot zipLatest: a Stream is wanted, got "x"'],
    [
      'collect',
      [{ cache: 3 }],
      TypeError,
      'Cannot create collect: cache must be an array, or iterable with push and clear, got 3',
    ],
    ['connect', [{}], TypeError, 'Cannot connect: a Stream is wanted, got an instance of Object'],
    ['emitMany', [3], TypeError, 'Cannot emitMany: values must be iterable, got 3'],
  ])('%s, row %#, says what is wrong', (method, values, kind, message) => {
    expect(call(method, ...values)).toThrow(kind as ErrorConstructor);
    expect(call(method, ...values)).toThrow(message);
  });

  it('an element that an operator cannot take apart is named, and the graph goes on', () => {
    const source = new Stream<unknown>();
    const items = (source as Stream<number[]>).flatten().sinkToList();
    expect(() => source.emit(5)).toThrow('Cannot flatten: elements must be iterable, got 5');
    source.emit([1]);
    expect(items).toEqual([1]);
    const picked = new Stream<{ a?: number }>();
    picked.pluck('a').sinkToList();
    expect(() => picked.emit({})).toThrow(
      'Cannot pluck "a": there is none in an instance of Object',
    );
    const spread = new Stream<number[]>();
    spread.starmap((a: number) => a).sinkToList();
    expect(() => spread.emit(null as never)).toThrow(
      'Cannot starmap: elements must be iterable, got null',
    );
  });
});
