import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';

const number = fc.option(
  fc.oneof(
    fc.double(),
    fc.constantFrom(0, -0, 1e9 + 0.5, Infinity, -Infinity, NaN),
    fc.integer({ min: -3, max: 3 }),
  ),
);

/** What a condition yields for every row, the rows given in batches of `size`. */
function run<R>(
  build: (x: Series<'f64'>) => { sink(f: (c: Iterable<R | null>) => unknown): unknown },
  rows: readonly (number | null)[],
  size: number,
): (R | null)[] {
  const x = new Series('f64');
  const seen: (R | null)[] = [];
  build(x).sink((column) => void seen.push(...column));
  for (let at = 0; at < rows.length; at += size) x.emit(rows.slice(at, at + size));
  return seen;
}

const lift =
  <R>(f: (x: number) => R) =>
  (x: number | null) =>
    x === null ? null : f(x);

test('functions of floats match those of JavaScript, however the rows are split', () => {
  fc.assert(
    fc.property(fc.array(number), fc.integer({ min: 1, max: 9 }), (rows, size) => {
      expect(run((x) => x.floor(), rows, size)).toEqual(rows.map(lift(Math.floor)));
      expect(run((x) => x.ceil(), rows, size)).toEqual(rows.map(lift(Math.ceil)));
      expect(run((x) => x.sqrt(), rows, size)).toEqual(rows.map(lift(Math.sqrt)));
      expect(run((x) => x.isNan(), rows, size)).toEqual(rows.map(lift(Number.isNaN)));
      expect(run((x) => x.isBetween(-1, 2), rows, size)).toEqual(
        rows.map(lift((x) => x >= -1 && x <= 2)),
      );
      expect(run((x) => x.isIn([0, 2, -3]), rows, size)).toEqual(
        rows.map(lift((x) => x === 0 || x === 2 || x === -3)),
      );
      for (const [name, twin] of [
        ['log', Math.log],
        ['exp', Math.exp],
      ] as const) {
        const got = run<number>((x) => x[name](), rows, size);
        rows.forEach((x, row) => {
          const wanted = x === null ? null : twin(x);
          if (wanted === null || !Number.isFinite(wanted)) expect(got[row]).toBe(wanted);
          else
            expect(Math.abs(got[row]! - wanted)).toBeLessThanOrEqual(
              1e-14 * Math.abs(wanted) + 5e-324,
            );
        });
      }
    }),
  );
});

test('integers are their own floor and ceil, and their roots are f64', () => {
  const x = new Series('i64');
  const seen: unknown[] = [];
  for (const series of [x.floor(), x.ceil(), x.sqrt()]) {
    series.sink((column) => void seen.push([column.type, ...column]));
  }
  x.emit([4, null]);
  expect(seen).toEqual([
    ['i64', 4, null],
    ['i64', 4, null],
    ['f64', 2, null],
  ]);
});

test('isIn takes text, times, no values, and a thousand of them', () => {
  const frame = new DataFrame({ name: 'utf8', at: 'timestamp', n: 'i32' });
  const seen: unknown[] = [];
  const thousand = Array.from({ length: 1000 }, (_, i) => i);
  for (const series of [
    frame.name.isIn(['a', 'c']),
    frame.at.isIn([new Date(5), 7]),
    frame.n.isIn([]),
    frame.n.isIn(thousand),
  ]) {
    series.sink((column) => void seen.push([...column]));
  }
  frame.emit({ name: ['a', 'b', null], at: [5, 6, 7], n: [999, 1000, null] });
  expect(seen).toEqual([
    [true, false, null],
    [true, false, true],
    [false, false, false],
    [true, false, null],
  ]);
});

test('lists that do not fit are refused', () => {
  const x = new Series('f64');
  expect(() => x.isIn([null] as never)).toThrow(
    new TypeError('Cannot create isIn: values must be plain and not missing, got null'),
  );
  expect(() => x.isIn([x] as never)).toThrow(TypeError);
  expect(() => x.isIn('abc' as never)).toThrow(TypeError);
  expect(() => x.isIn(Array(1001).fill(1))).toThrow(RangeError);
  expect(() => new Series('utf8').sqrt()).toThrow(TypeError);
  expect(() => new Series('timestamp').floor()).toThrow();
});

test('queries know lists and ranges', () => {
  const kept = (query: string) => {
    const frame = new DataFrame({ x: 'f64', name: 'utf8' });
    const rows: unknown[] = [];
    frame.query(query).sink((table) => void rows.push(...table.column('x')));
    frame.emit({ x: [1, 2, 3, -1, null], name: ['a', 'b', 'c', 'd', 'a'] });
    return rows;
  };
  expect(kept('x in (1, -1)')).toEqual([1, -1]);
  expect(kept('x not in (1, -1)')).toEqual([2, 3]);
  expect(kept("name in ('a') or x = 3")).toEqual([1, 3, null]);
  expect(kept('x between 1 and 2 and name = "b"')).toEqual([2]);
  expect(kept('not x between 1 and 2')).toEqual([3, -1]);
  expect(kept('x + 1 not between 1 and 3')).toEqual([3, -1]);
  for (const bad of [
    'x in 1',
    'x in ()',
    'x in (1',
    'x in (1,)',
    'x in (x)',
    'x between 1',
    'x not 1',
    '1 in (1)',
  ]) {
    expect(() => kept(bad), bad).toThrow(SyntaxError);
  }
});

test('quotients and powers of f32 are f32, and their values rounded to it', () => {
  const single = fc.option(fc.float());
  fc.assert(
    fc.property(fc.array(fc.record({ a: single, b: single })), fc.nat(9), (rows, size) => {
      const frame = new DataFrame({ a: 'f32', b: 'f32' });
      const quotients = frame.a.div(frame.b);
      const halves = frame.a.div(3);
      const powers = frame.a.pow(2);
      for (const { type } of [quotients, halves, powers]) expect(type).toBe('f32');
      const seen: (number | null)[][] = [[], [], []];
      [quotients, halves, powers].forEach((series, i) => {
        series.sink((column) => {
          expect(column.values).toBeInstanceOf(Float32Array);
          seen[i]!.push(...column);
        });
      });
      for (let at = 0; at < rows.length; at += size + 1) frame.emit(rows.slice(at, at + size + 1));
      const expected = (f: (a: number, b: number | null) => number | null) =>
        rows.map(({ a, b }) => (a === null ? null : f(a, b)));
      expect(seen).toEqual([
        expected((a, b) => (b === null ? null : Math.fround(a / b))),
        expected((a) => Math.fround(a / 3)),
        expected((a) => Math.fround(a * a)),
      ]);
    }),
  );
});
