import fc from 'fast-check';
import { it } from 'vitest';
import { DataFrame, type Table } from '../../src/index.ts';
import { pl, polarsFrame, rowsOf, withPolars } from './polars.ts';
import { batchesOf, RUNS, sameRows, VALUES } from './values.ts';

const key = fc.constantFrom('a', 'b', 'ä', null);

const rowsOfTables = (tables: readonly unknown[]) =>
  tables.flatMap((table) => (table as Table).toRows().map((row) => Object.values(row)));

/** Emits two inputs in turn. */
function inTurn<A, B>(
  left: readonly A[],
  right: readonly B[],
  emitLeft: (batch: A) => void,
  emitRight: (batch: B) => void,
): void {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (i < left.length) emitLeft(left[i]!);
    if (i < right.length) emitRight(right[i]!);
  }
}

/** Rows with a time that does not go back. */
function timed<T extends { gap: number }>(input: readonly T[][]) {
  let at = 0;
  return input.map((batch) =>
    batch.map(({ gap, ...rest }) => {
      at += gap;
      return { at, ...rest };
    }),
  );
}

withPolars('joins are those of polars', () => {
  it('by position', () => {
    const left = batchesOf(fc.record({ x: VALUES.f64 }));
    const right = batchesOf(fc.record({ t: VALUES.utf8 }));
    fc.assert(
      fc.property(left, right, (a, b) => {
        const first = new DataFrame({ x: 'f64' });
        const second = new DataFrame({ t: 'utf8' });
        const seen = first.zip(second).sinkToList();
        inTurn(
          a,
          b,
          (batch) => first.emit(batch),
          (batch) => second.emit(batch),
        );
        const rows = Math.min(a.flat().length, b.flat().length);
        const wanted = polarsFrame({ x: 'f64' }, a.flat().slice(0, rows)).withColumn(
          polarsFrame({ t: 'utf8' }, b.flat().slice(0, rows)).getColumn('t'),
        );
        sameRows(rowsOfTables(seen), rowsOf(wanted));
      }),
      RUNS,
    );
  });

  /** Against a table that is there already it is a left join with the last row of each key. */
  it('with what came last by key', () => {
    const left = batchesOf(fc.record({ k: key, x: VALUES.f64 }));
    const right = batchesOf(fc.record({ k: key, y: VALUES.i64 }));
    fc.assert(
      fc.property(left, right, (a, b) => {
        const orders = new DataFrame({ k: 'utf8', x: 'f64' });
        const limits = new DataFrame({ k: 'utf8', y: 'i64' });
        const seen = orders.joinLatest(limits, { on: 'k' }).sinkToList();
        for (const batch of b) limits.emit(batch);
        for (const batch of a) orders.emit(batch);
        const numbered = b.flat().map((row, n) => ({ ...row, n }));
        const last = polarsFrame({ k: 'utf8', y: 'i64', n: 'i64' }, numbered)
          .sort('n')
          .groupBy('k')
          .agg(pl.col('y').last());
        const rows = a.flat().map((row, n) => ({ ...row, n }));
        const wanted = polarsFrame({ k: 'utf8', x: 'f64', n: 'i64' }, rows)
          .join(last, { on: 'k', how: 'left' })
          .sort('n')
          .select('k', 'x', 'y');
        sameRows(rowsOfTables(seen), rowsOf(wanted));
      }),
      RUNS,
    );
  });

  it('by time, within keys and tolerance', () => {
    const gap = fc.nat(4);
    const left = batchesOf(fc.record({ gap, k: fc.constantFrom('a', 'b'), x: VALUES.f64 }));
    const right = batchesOf(fc.record({ gap, k: fc.constantFrom('a', 'b'), y: VALUES.i64 }));
    const tolerance = fc.constantFrom(0, 3, 100);
    fc.assert(
      fc.property(left, right, fc.boolean(), tolerance, (l, r, keyed, tolerance) => {
        const [a, b] = [timed(l), timed(r)];
        const first = new DataFrame({ at: 'i64', k: 'utf8', x: 'f64' });
        const second = (
          keyed
            ? new DataFrame({ at: 'i64', k: 'utf8', y: 'i64' })
            : new DataFrame({ at: 'i64', y: 'i64' })
        ) as DataFrame<{ at: 'i64'; k: 'utf8'; y: 'i64' }>;
        const by = keyed ? { by: 'k' as const } : {};
        const seen = first.asofJoin(second, { on: 'at', tolerance, ...by }).sinkToList();
        inTurn(
          a,
          b,
          (batch) => first.emit(batch),
          (batch) => second.emit((keyed ? batch : batch.map(({ at, y }) => ({ at, y }))) as never),
        );
        first.end();
        second.end();
        const right = polarsFrame(
          keyed ? { at: 'i64', k: 'utf8', y: 'i64' } : { at: 'i64', y: 'i64' },
          b.flat(),
        );
        const wanted = polarsFrame({ at: 'i64', k: 'utf8', x: 'f64' }, a.flat())
          .joinAsof(right, {
            on: 'at',
            strategy: 'backward',
            tolerance,
            checkSortedness: false,
            ...by,
          })
          .select('at', 'k', 'x', 'y');
        sameRows(rowsOfTables(seen), rowsOf(wanted), `tolerance ${tolerance}, ${keyed}`);
      }),
      RUNS,
    );
  });

  it('rows put in order of time are sorted, those of one time in the order they came in', () => {
    const row = fc.record({ at: fc.nat(40), x: VALUES.f64 });
    fc.assert(
      fc.property(batchesOf(row), (input) => {
        const frame = new DataFrame({ at: 'timestamp', x: 'f64' });
        const seen = frame.reorder({ on: 'at', lateness: '1s' }).sinkToList();
        for (const batch of input) frame.emit(batch);
        frame.end();
        const rows = input.flat().map((row, n) => ({ ...row, n }));
        const wanted = polarsFrame({ at: 'i64', x: 'f64', n: 'i64' }, rows)
          .sort(['at', 'n'])
          .select('at', 'x');
        sameRows(rowsOfTables(seen), rowsOf(wanted));
      }),
      RUNS,
    );
  });
});
