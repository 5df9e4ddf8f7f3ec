import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, type Schema, Series, type Table } from '../../src/index.ts';
import { batches, number } from './random.ts';

const rowsOf = <S extends Schema>(tables: readonly Table<S>[]) =>
  tables.flatMap((table) => table.toRows());

/** Emits batches of two frames in a random order, each frame's in its own. */
function interleave(order: readonly boolean[], left: (() => void)[], right: (() => void)[]): void {
  const [lefts, rights] = [[...left], [...right]];
  for (const isLeft of order) (isLeft ? lefts : rights).shift()?.();
  for (const emit of [...lefts, ...rights]) emit();
}

const order = fc.array(fc.boolean(), { maxLength: 12 });
const label = fc.option(fc.constantFrom('a', 'b', 'ä'));
const flag = fc.option(fc.boolean());

describe('zip', () => {
  it('pairs rows by position, however they are cut into batches', () => {
    const lefts = batches(fc.record({ x: number, k: label }));
    const rights = batches(fc.record({ y: number, ok: flag, at: fc.option(fc.nat()) }));
    fc.assert(
      fc.property(lefts, rights, order, (left, right, order) => {
        const a = new DataFrame({ x: 'f64', k: 'utf8' });
        const b = new DataFrame({ y: 'f64', ok: 'bool', at: 'timestamp' });
        const seen = a.zip(b).sinkToList();
        interleave(
          order,
          left.map((rows) => () => void a.emit(rows)),
          right.map((rows) => () => void b.emit(rows)),
        );
        const [xs, ys] = [left.flat(), right.flat()];
        const pairs = xs.slice(0, ys.length).map((row, i) => ({ ...row, ...ys[i] }));
        expect(rowsOf(seen)).toEqual(pairs);
      }),
    );
  });

  it('takes typed arrays that are written again, during delivery and after', () => {
    const sizes = fc.array(fc.nat(9), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, sizes, sizes, order, fc.boolean(), (xs, ys, zs, order, watched) => {
        const x = new DataFrame({ x: 'f64' });
        const yz = new DataFrame({ y: 'i32', z: 'i64' });
        const w = new DataFrame({ w: 'date' });
        const seen: unknown[] = [];
        const resident = {
          x: new Float64Array(10),
          y: new Int32Array(10),
          z: new BigInt64Array(10),
          w: new Int32Array(10),
        };
        const spoil = () => {
          for (const array of [resident.x, resident.y, resident.w]) array.fill(-1);
          resident.z.fill(-1n);
        };
        const named = yz.rename({ z: 'zz' }).select('zz', 'y');
        x.zip(named)
          .zip(w)
          .sink((table) => {
            seen.push(...table.toRows());
            spoil();
          });
        // A sink beside the join has the plan run in place of handing rows on.
        const sums = watched ? x.x.sum().sinkToList() : [];
        const [nx, ny, nw] = [{ n: 0 }, { n: 0 }, { n: 0 }];
        const emitter = (next: { n: number }, emit: (from: number, size: number) => void) => {
          return (size: number) => () => {
            emit(next.n, size);
            next.n += size;
            spoil();
          };
        };
        const emitX = emitter(nx, (from, size) => {
          for (let i = 0; i < size; i++) resident.x[i] = from + i + 0.5;
          x.emit({ x: resident.x.subarray(0, size) });
        });
        const emitYz = emitter(ny, (from, size) => {
          for (let i = 0; i < size; i++) {
            resident.y[i] = from + i;
            resident.z[i] = BigInt(from + i) * 10n;
          }
          yz.emit({ y: resident.y.subarray(0, size), z: resident.z.subarray(0, size) });
        });
        const emitW = emitter(nw, (from, size) => {
          for (let i = 0; i < size; i++) resident.w[i] = from + i;
          w.emit({ w: resident.w.subarray(0, size) });
        });
        const rights = ys.map(emitYz).flatMap((emit, i) => [emit, emitW(zs[i] ?? 3)]);
        interleave(order, xs.map(emitX), rights);
        const rows = Math.min(nx.n, ny.n, nw.n);
        const day = 86_400_000;
        const expected = Array.from({ length: rows }, (_, i) => ({
          x: i + 0.5,
          zz: i * 10,
          y: i,
          w: i * day,
        }));
        expect(seen).toEqual(expected);
        if (watched && nx.n > 0) expect(sums.at(-1)).toBe((nx.n * nx.n) / 2);
      }),
    );
  });

  it('takes what a sink emits into one of its inputs while rows are delivered', () => {
    const a = new Series('f64', { name: 'a' });
    const b = new Series('f64', { name: 'b' });
    const pairs: unknown[] = [];
    const values = Float64Array.of(1, 2);
    a.zip(b).sink((table) => {
      pairs.push(...table.toRows());
      if (pairs.length > 6) return;
      values.set([10 * pairs.length, 10 * pairs.length + 1]);
      a.emit(values);
      values.fill(-1);
    });
    a.emit(values);
    b.emit(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(pairs).toEqual([
      { a: 1, b: 1 },
      { a: 2, b: 2 },
      { a: 20, b: 3 },
      { a: 21, b: 4 },
      { a: 40, b: 5 },
      { a: 41, b: 6 },
      { a: 60, b: 7 },
      { a: 61, b: 8 },
    ]);
  });

  it('keeps the state of what had a sink, also where rows could be handed on', () => {
    const a = new Series('f64', { name: 'a' });
    const b = new Series('f64', { name: 'b' });
    const sum = a.sum();
    const sink = sum.sink(() => {});
    a.zip(b).sink(() => {});
    a.emit([1]);
    sink.destroy();
    a.emit(Float64Array.of(2));
    const sums = sum.sinkToList();
    a.emit([4]);
    expect(sums).toEqual([7]);
  });

  it('pairs three series and computes with them', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Series('f64', { name }));
    const all = a!.zip(b!, c!) as unknown as DataFrame<{ a: 'f64'; b: 'f64'; c: 'f64' }>;
    const sums = all.a.add(all.b).add(all.c).sum().sinkToList();
    a!.emit([1, 2]);
    b!.emit([10]);
    c!.emit([100, 200, 300]);
    b!.emit([20, 30]);
    expect(sums).toEqual([111, 333]);
  });

  it('keeps 64-bit integers and nanoseconds whole', () => {
    const a = new DataFrame({ n: 'i64' });
    const b = new DataFrame({ at: 'timestamp' });
    const seen = a.zip(b).sinkToList();
    const [big, nanoseconds] = [2n ** 60n + 1n, 1_700_000_000_123_456_789n];
    a.emit({ n: [big, null] });
    b.emit({ at: BigInt64Array.of(nanoseconds, 5n) });
    expect(seen[0]?.column('n').toArray()).toEqual([big, null]);
    expect(seen[0]?.column('at').values[0]).toBe(nanoseconds);
  });

  it('keeps dates and durations, beside missing ones and as matches', () => {
    const a = new DataFrame({ x: 'f64' });
    const b = new DataFrame({ day: 'date', took: 'duration' });
    const rows = [
      { day: Date.UTC(2001, 2, 4), took: 1500 },
      { day: null, took: null },
    ];
    const zipped = a.zip(b).drop('x').sinkToList();
    const latest = a.joinLatest(b).drop('x').sinkToList();
    b.emit(rows);
    b.emit(rows.slice(0, 1));
    a.emit({ x: [1, 2] });
    expect(rowsOf(zipped)).toEqual(rows);
    expect(rowsOf(latest)).toEqual([rows[0], rows[0]]);
  });

  it('holds back whoever is too far ahead', async () => {
    const a = new DataFrame({ x: 'f64' });
    const b = new DataFrame({ y: 'f64' });
    a.zip(b, { maxRows: 2 }).sink(() => {});
    expect(a.emit({ x: [1, 2] })).toBeUndefined();
    let hasRoom = false;
    const waiting = a.emit({ x: [3] })?.then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    b.emit({ y: [1] });
    await waiting;
    expect(hasRoom).toBe(true);
  });

  it('waits for a slow sink', async () => {
    const a = new DataFrame({ x: 'f64' });
    const b = new DataFrame({ y: 'f64' });
    let finish = () => {};
    a.zip(b).sink(() => new Promise<void>((resolve) => (finish = resolve)));
    expect(a.emit({ x: [1] })).toBeUndefined();
    const emitted = b.emit({ y: [1] });
    expect(emitted).toBeInstanceOf(Promise);
    finish();
    await emitted;
  });

  it('ends when both have ended, drops rows without a partner, and starts anew', () => {
    const a = new DataFrame({ x: 'f64', at: 'timestamp' });
    const b = new DataFrame({ y: 'f64' });
    const both = a.zip(b);
    const days = both.partition('1d', { on: 'at' }).groupBy('y').x.sum().sinkToList();
    const seen = both.select('x', 'y').sinkToList();
    a.emit({ x: [1, 2, 3], at: [0, 0, 0] });
    b.emit({ y: [1] });
    b.end();
    a.emit({ x: [4], at: [0] });
    a.end();
    expect(rowsOf(seen)).toEqual([{ x: 1, y: 1 }]);
    b.emit({ y: [7, 8] });
    a.emit({ x: [5, 6], at: [0, 0] });
    expect(rowsOf(seen).slice(1)).toEqual([
      { x: 5, y: 7 },
      { x: 6, y: 8 },
    ]);
    expect(days.flatMap((table) => table.column('x').toArray())).toEqual([1]);
  });

  it('joins the results of other nodes, and a frame with its own aggregates', () => {
    const a = new DataFrame({ x: 'f64' });
    const b = new DataFrame({ y: 'f64' });
    const seen = a.filter(a.x.gt(1)).zip(b.y.rolling(2).sum()).sinkToList();
    b.emit({ y: [1, 2] });
    a.emit({ x: [1, 2, 3] });
    expect(rowsOf(seen)).toEqual([
      { x: 2, y: null },
      { x: 3, y: 3 },
    ]);
  });

  it('refuses columns of one name, and what has no rows', () => {
    const a = new DataFrame({ x: 'f64' });
    expect(() => a.zip(new DataFrame({ x: 'i64' }))).toThrow(
      "Cannot create zip: columns must have different names, got 'x' twice; rename one",
    );
    expect(() => a.zip(a.x.sum() as never)).toThrow(TypeError);
    expect(() => a.zip([1] as never)).toThrow(
      'Cannot create zip: expected a frame or a series, got [ 1 ]',
    );
    expect(() => a.zip(new DataFrame({ y: 'f64' }), { maxRows: -1 })).toThrow(RangeError);
    const b = new DataFrame({ y: 'f64' });
    expect(() => a.zip(b).emit({ x: [1], y: [1] })).toThrow(TypeError);
  });
});

describe('joinLatest', () => {
  it('takes the last row of each key at the time, against a map', () => {
    const lefts = batches(fc.record({ k: label, x: number }));
    const rights = batches(fc.record({ k: label, y: number, ok: flag }));
    fc.assert(
      fc.property(lefts, rights, order, (left, right, order) => {
        const a = new DataFrame({ k: 'utf8', x: 'f64' });
        const b = new DataFrame({ k: 'utf8', y: 'f64', ok: 'bool' });
        const seen = a.joinLatest(b, { on: 'k' }).sinkToList();
        const latest = new Map<string, unknown>();
        const expected: unknown[] = [];
        interleave(
          order,
          left.map((rows) => () => {
            a.emit(rows);
            for (const row of rows) {
              const match = row.k === null ? undefined : latest.get(row.k);
              expected.push({
                ...row,
                ...((match as object | undefined) ?? { y: null, ok: null }),
              });
            }
          }),
          right.map((rows) => () => {
            b.emit(rows);
            for (const { k, ...row } of rows) if (k !== null) latest.set(k, row);
          }),
        );
        expect(rowsOf(seen)).toEqual(expected);
      }),
    );
  });

  it('takes the last row of all without keys, and of several keys', () => {
    const a = new DataFrame({ x: 'f64' });
    const rates = new DataFrame({ rate: 'f64' });
    const seen = a.joinLatest(rates).sinkToList();
    a.emit({ x: [1] });
    rates.emit({ rate: [2, 3] });
    a.emit({ x: [4] });
    expect(rowsOf(seen)).toEqual([
      { x: 1, rate: null },
      { x: 4, rate: 3 },
    ]);
    const b = new DataFrame({ k: 'utf8', l: 'utf8', x: 'f64' });
    const c = new DataFrame({ k: 'utf8', l: 'utf8', y: 'f64' });
    const pairs = b.joinLatest(c, { on: ['k', 'l'] }).sinkToList();
    c.emit({ k: ['a', 'ab'], l: ['bc', 'c'], y: [1, 2] });
    b.emit({ k: ['ab', 'a', 'a'], l: ['c', 'bc', 'c'], x: [0, 0, 0] });
    expect(pairs[0]?.column('y').toArray()).toEqual([2, 1, null]);
  });

  it('takes the groups of a table', () => {
    const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
    const orders = new DataFrame({ symbol: 'utf8', size: 'f64' });
    const means = trades.groupBy('symbol').price.mean();
    const seen = orders.joinLatest(means, { on: 'symbol' }).sinkToList();
    trades.emit({ symbol: ['A', 'A'], price: [1, 3] });
    orders.emit({ symbol: ['A'], size: [5] });
    expect(rowsOf(seen)).toEqual([{ symbol: 'A', size: 5, price: 2 }]);
  });

  it('refuses keys that one side has not, or of another type', () => {
    const a = new DataFrame({ k: 'utf8', x: 'f64' });
    const b = new DataFrame({ k: 'i64', y: 'f64' });
    expect(() => a.joinLatest(b, { on: 'k' })).toThrow(
      "Cannot create joinLatest: 'k' must have one type on both sides, got utf8 and i64",
    );
    expect(() => a.joinLatest(b, { on: 'x' as never })).toThrow(
      "Cannot create joinLatest: on must name columns of both, got 'x', one has k, y",
    );
  });
});

describe('asofJoin', () => {
  interface Left {
    readonly at: number | null;
    readonly k: string | null;
    readonly x: number | null;
  }
  interface Right {
    readonly at: number | null;
    readonly k: string | null;
    readonly y: number | null;
  }

  /** Gives rows times that never go back. */
  function inOrder<R>(batches: { readonly step: number | null; readonly row: R }[][]) {
    let now = 0;
    return batches.map((rows) =>
      rows.map(({ step, row }) => {
        now += step ?? 0;
        return { at: step === null ? null : now, ...row };
      }),
    );
  }
  const step = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 10 });
  const lefts = batches(fc.record({ step, row: fc.record({ k: label, x: number }) })).map(inOrder);
  const rights = batches(fc.record({ step, row: fc.record({ k: label, y: number }) })).map(inOrder);

  /** Row by row, over all rows of the right side. */
  function naive(left: readonly Left[], right: readonly Right[], byKey: boolean, reach: number) {
    return left.map((row) => {
      const match = right.findLast(
        ({ at, k }) =>
          at !== null && row.at !== null && at <= row.at && (!byKey || (k !== null && k === row.k)),
      );
      const near = match !== undefined && row.at! - match.at! <= reach;
      return { ...row, y: near ? match.y : null };
    });
  }

  it('is the same whichever side comes first, against a search', () => {
    const reach = fc.constantFrom(0, 2, Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(
        lefts,
        rights,
        order,
        reach,
        fc.constantFrom('timestamp', 'f64', 'i64'),
        (left, right, order, reach, type) => {
          const a = new DataFrame({ at: type as 'f64', k: 'utf8', x: 'f64' });
          const b = new DataFrame({ at: type as 'f64', k: 'utf8', y: 'f64' });
          const tolerance = reach === Number.POSITIVE_INFINITY ? {} : { tolerance: reach };
          const seen = a.asofJoin(b, { on: 'at', by: 'k', ...tolerance }).sinkToList();
          interleave(
            order,
            left.map((rows) => () => void a.emit(rows)),
            right.map((rows) => () => void b.emit(rows)),
          );
          a.end();
          b.end();
          expect(rowsOf(seen)).toEqual(naive(left.flat(), right.flat(), true, reach));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives out a row as soon as its partner is certain', () => {
    const a = new DataFrame({ at: 'f64', x: 'f64' });
    const b = new DataFrame({ at: 'f64', y: 'f64' });
    const seen = a.asofJoin(b, { on: 'at' }).sinkToList();
    a.emit({ at: [1, 2, 5], x: [1, 2, 3] });
    b.emit({ at: [1, 2], y: [10, 20] });
    expect(rowsOf(seen)).toEqual([{ at: 1, x: 1, y: 10 }]);
    b.emit({ at: [2, 3], y: [21, 30] });
    expect(rowsOf(seen).slice(1)).toEqual([{ at: 2, x: 2, y: 21 }]);
    b.end();
    expect(rowsOf(seen).slice(2)).toEqual([{ at: 5, x: 3, y: 30 }]);
  });

  it('refuses a batch that goes back, and keeps the others', () => {
    const a = new DataFrame({ at: 'f64', x: 'f64' });
    const b = new DataFrame({ at: 'f64', y: 'f64' });
    const seen = a.asofJoin(b, { on: 'at' }).sinkToList();
    b.emit({ at: [1, 4], y: [1, 4] });
    expect(() => b.emit({ at: [5, 3], y: [5, 3] })).toThrow(
      "Cannot emit to asofJoin: 'at' of the right rows must not go back, got 3 after 5 in row 1",
    );
    expect(() => b.emit({ at: [3], y: [3] })).toThrow(RangeError);
    b.emit({ at: [9], y: [9] });
    a.emit({ at: [6], x: [6] });
    expect(rowsOf(seen)).toEqual([{ at: 6, x: 6, y: 4 }]);
  });

  it('keeps no more of the right side than rows to come may want', async () => {
    const a = new DataFrame({ at: 'f64', x: 'f64' });
    const b = new DataFrame({ at: 'f64', y: 'f64' });
    a.asofJoin(b, { on: 'at', maxRows: 10 }).sink(() => {});
    a.emit({ at: [1000], x: [0] });
    for (let at = 0; at < 1000; at += 5)
      expect(b.emit({ at: [at, at, at], y: [1, 2, 3] })).toBeUndefined();
    b.emit({ at: [1001], y: [0] });
    const ahead = Float64Array.from({ length: 11 }, (_, i) => 1002 + i);
    const waiting = b.emit({ at: ahead, y: ahead });
    expect(waiting).toBeInstanceOf(Promise);
    a.emit({ at: [1010], x: [0] });
    await waiting;
  });

  it('names what is wrong with its arguments', () => {
    const a = new DataFrame({ at: 'utf8', x: 'f64' });
    const b = new DataFrame({ at: 'utf8', y: 'f64' });
    expect(() => a.asofJoin(b, { on: 'at' })).toThrow(
      "Cannot create asofJoin: 'at' must be a timestamp or a number, got utf8",
    );
    const c = new DataFrame({ x: 'f64', z: 'f64' });
    expect(() => a.asofJoin(c, { on: 'x', tolerance: -1 })).toThrow(RangeError);
    expect(() => a.asofJoin(c, undefined as never)).toThrow(TypeError);
  });
});
