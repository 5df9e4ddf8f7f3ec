import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';

interface Row {
  at: number;
  k: string | null;
  x: number | null;
}

const row = fc.record({
  at: fc.integer({ min: 0, max: 60 }),
  k: fc.option(fc.constantFrom('a', 'b')),
  x: fc.option(fc.integer({ min: -9, max: 9 })),
});
const rows = fc.array(row, { maxLength: 50 });
const cuts = fc.array(fc.nat(50), { maxLength: 6 });

/** Rows whose times rise, each moved by up to some milliseconds. */
const given = fc.record({
  rows: rows.map((all) => all.map((one, i) => ({ ...one, at: i * 5 + one.at }))),
  cuts,
  lateness: fc.constantFrom(0, 10, 40, 1000),
});

function split<T>(all: readonly T[], at: readonly number[]): T[][] {
  const ends = [...at.map((end) => Math.min(end, all.length)), all.length].sort((a, b) => a - b);
  return ends.map((end, i) => all.slice(ends[i - 1] ?? 0, end));
}

/** One row after the other: those in time by their times, those that are late, and the mark after each. */
function naive(all: readonly Row[], lateness: number, maxRows = Infinity) {
  let mark = Number.NEGATIVE_INFINITY;
  let waiting: Row[] = [];
  const inTime: Row[] = [];
  const late: Row[] = [];
  const marks: number[] = [];
  for (const one of all) {
    if (one.at < mark) late.push(one);
    else {
      inTime.push(one);
      waiting.push(one);
      mark = Math.max(mark, one.at - lateness);
      waiting = waiting.filter(({ at }) => at > mark);
      while (waiting.length > maxRows) {
        mark = Math.min(...waiting.map(({ at }) => at));
        waiting = waiting.filter(({ at }) => at > mark);
      }
    }
    marks.push(mark);
  }
  return { sorted: [...inTime].sort((a, b) => a.at - b.at), late, marks };
}

const readings = () => new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' });
const flat = <T>(tables: readonly { toRows(): T[] }[]) => tables.flatMap((table) => table.toRows());

describe('reorder', () => {
  it('gives rows by time as soon as none before them can come, whatever the batches', () => {
    const bound = fc.constantFrom(1, 3, 1000);
    fc.assert(
      fc.property(given, bound, ({ rows, cuts, lateness }, maxRows) => {
        const source = readings();
        const ordered = source.reorder({ lateness, maxRows });
        const seen = ordered.sinkToList();
        const late = ordered.late().sinkToList();
        const twin = naive(rows, lateness, maxRows);
        let sent = 0;
        for (const batch of split(rows, cuts)) {
          source.emit(batch);
          sent += batch.length;
          const mark = twin.marks[sent - 1] ?? Number.NEGATIVE_INFINITY;
          const soFar = naive(rows.slice(0, sent), lateness, maxRows).sorted;
          expect(flat(seen)).toEqual(soFar.filter(({ at }) => at <= mark));
        }
        source.end();
        expect(flat(seen)).toEqual(twin.sorted);
        expect(flat(late)).toEqual(twin.late);
        expect(source.lateRows).toBe(twin.late.length);
      }),
    );
  });

  it('goes on from a snapshot', () => {
    fc.assert(
      fc.property(given, fc.nat(6), ({ rows, cuts, lateness }, at) => {
        const build = () => {
          const source = readings();
          const ordered = source.reorder({ lateness });
          const seen = ordered.groupBy('k').x.sum().sinkToList();
          return { source, seen, late: ordered.late().sinkToList() };
        };
        const [before, after] = [build(), build()];
        const batches = split(rows, cuts);
        for (const batch of batches.slice(0, at)) before.source.emit(batch);
        after.source.restore(before.source.snapshot());
        expect(after.source.snapshot()).toEqual(before.source.snapshot());
        const tables = before.seen.length;
        for (const { source } of [before, after]) {
          for (const batch of batches.slice(at)) source.emit(batch);
          source.end();
        }
        expect(flat(after.seen)).toEqual(flat(before.seen.slice(tables)));
        expect(after.source.lateRows).toBe(before.source.lateRows);
      }),
      { numRuns: 50 },
    );
  });

  it('is what lateness of rolling, window and partition is made of', () => {
    fc.assert(
      fc.property(given, ({ rows, cuts, lateness }) => {
        const source = readings();
        const twin = readings();
        const rolled = source.rolling('30ms', { lateness }).x.sum().sinkToList();
        const series = source.x.rolling('30ms', { on: 'at', lateness }).sum().sinkToList();
        const projected = source.select('x').rolling('30ms', { on: source.at, lateness });
        const again = projected.x.sum().sinkToList();
        const last = source.window({ value: '30ms', lateness }).groupBy('k').x.sum().sinkToList();
        const parts = source.partition('50ms', { on: 'at', lateness }).col('x').sum().sinkToList();
        const naiveRolled = twin.rolling('30ms').x.sum().sinkToList();
        const naiveParts = twin.partition('50ms', { on: 'at' }).col('x').sum().sinkToList();
        const naiveLast = twin.window({ value: '30ms' }).groupBy('k').x.sum().sinkToList();
        for (const batch of split(rows, cuts)) source.emit(batch);
        source.end();
        const { sorted, late } = naive(rows, lateness);
        twin.emit(sorted);
        twin.end();
        const values = (columns: readonly Iterable<number | null>[]) =>
          columns.flatMap((c) => [...c]);
        expect(values(rolled)).toEqual(values(naiveRolled));
        expect(values(series)).toEqual(values(naiveRolled));
        expect(values(again)).toEqual(values(naiveRolled));
        expect(flat(parts)).toEqual(flat(naiveParts));
        const byKey = (table: { toRows(): object[] } | undefined) =>
          new Map(table?.toRows().map((one) => [(one as { k: unknown }).k, one]));
        if (rows.length > 0) expect(byKey(last.at(-1))).toEqual(byKey(naiveLast.at(-1)));
        // Each of five that were asked for counts its own.
        expect(source.lateRows).toBe(5 * late.length);
      }),
      { numRuns: 50 },
    );
  });

  it('orders nanoseconds and keeps every type', () => {
    const source = new DataFrame({
      at: 'timestamp',
      b: 'bool',
      i: 'i64',
      u: 'u8',
      f: 'f32',
      t: 'utf8',
      d: 'date',
      s: 'duration',
    });
    const seen = source.reorder({ on: 'at', lateness: '1s' }).sinkToList();
    const one = { b: true, i: 2n ** 60n, u: 7, f: 0.5, t: 'ä', d: 86_400_000, s: 1.5 };
    const none = { b: null, i: null, u: null, f: null, t: null, d: null, s: null };
    source.emit([{ ...one, at: 1_000_000_000_000_000_001n }]);
    source.emit([{ ...none, at: 1_000_000_000_000_000_000n }]);
    source.end();
    expect(flat(seen).map(({ at, ...rest }) => rest)).toEqual([none, one]);
    expect(seen.map((table) => table.column('at').values[0])).toEqual([1_000_000_000_000_000_000n]);
  });

  it('refuses a row without a time, and takes nothing of its batch', () => {
    const source = readings();
    const seen = source.reorder({ lateness: 0 }).sinkToList();
    expect(() =>
      source.emit([
        { at: 1, k: 'a', x: 1 },
        { at: null, k: 'a', x: 2 },
      ]),
    ).toThrow(expect.objectContaining({ code: 'ERR_UNORDERED' }));
    source.emit([{ at: 0, k: 'b', x: 3 }]);
    expect(flat(seen)).toEqual([{ at: 0, k: 'b', x: 3 }]);
    // A partition drops it, as it does without lateness.
    const other = readings();
    const parts = other.partition('1s', { on: 'at', lateness: 0 }).col('x').sum().sinkToList();
    other.emit([
      { at: null, k: 'a', x: 2 },
      { at: 5, k: 'a', x: 1 },
    ]);
    other.end();
    expect(flat(parts)).toEqual([{ at: 0, x: 1 }]);
  });

  it('says what is wrong with its arguments', () => {
    const source = readings();
    const two = new DataFrame({ at: 'timestamp', to: 'timestamp' });
    const bad = (options: unknown) => () => source.reorder(options as never);
    expect(bad(undefined)).toThrow(TypeError);
    expect(bad({})).toThrow(/duration/);
    expect(bad({ lateness: -1 })).toThrow(RangeError);
    expect(bad({ lateness: 1, maxRows: 0 })).toThrow(/maxRows must be a positive integer, got 0/);
    expect(bad({ lateness: 1, on: 'x' })).toThrow(/must be a timestamp, got f64/);
    expect(bad({ lateness: 1, of: 2 })).toThrow(/unknown option 'of'/);
    expect(() => two.reorder({ lateness: 1 })).toThrow(/the rows have at, to/);
    expect(() => source.late()).toThrow(/only reorder has rows that are late, got input/);
    expect(() => source.rolling(3, { lateness: 1 })).toThrow(TypeError);
    expect(() => new Series('f64').rolling('1s', { lateness: 1 })).toThrow(TypeError);
  });
});
