import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Aggregation, type Column, DataFrame, Series, VirtualClock } from '../../src/index.ts';
import { number } from './random.ts';

const SCHEMA = { at: 'timestamp', k: 'utf8', day: 'date', x: 'f64' } as const;
type Row = { at: number; k: string | null; day: number | null; x: number | null };
type Frame = DataFrame<typeof SCHEMA>;

/** Rows in order of time, in batches. */
const ordered = fc
  .array(
    fc.array(
      fc.record({
        at: fc.nat(3),
        k: fc.constantFrom('a', 'b', null),
        day: fc.constantFrom(0, 86_400_000, null),
        x: number,
      }),
      { maxLength: 12 },
    ),
    { maxLength: 6 },
  )
  .map((batches) => {
    let at = 0;
    return batches.map((rows) =>
      rows.map((row): Row => {
        at += row.at;
        return { ...row, at };
      }),
    );
  });

/** The rows themselves, oldest first; says where others leave than came first. */
const listed: Aggregation<Iterable<unknown>, unknown[]> = {
  initial: () => [],
  onNew: (list, rows) => [...list, ...rows],
};
const leave = (list: unknown[], rows: Iterable<unknown>) => {
  const gone = [...rows];
  expect(gone).toEqual(list.slice(0, gone.length));
  return list.slice(gone.length);
};
const forms = {
  'onNew alone': listed,
  'onNew in place': {
    ...listed,
    onNew: (list: unknown[], rows: Iterable<unknown>) => {
      list.push(...rows);
      return list;
    },
    result: (list: unknown[]) => list.slice(),
  },
  merge: { ...listed, merge: (a: unknown[], b: unknown[]) => [...a, ...b] },
  onOld: { ...listed, onOld: leave },
};

/** What is asked of groups here, in windows or not. */
interface Groups {
  col(name: 'x'): { aggregate(by: typeof listed): { sinkToList(): unknown[] } };
  aggregate(by: typeof listed): { sinkToList(): unknown[] };
  size(): { sinkToList(): { toRows(): object[] }[] };
}

const xs = (rows: readonly Row[]) => rows.map(({ x }) => x);
/** The rows whose keys are those of a result. */
const own = (rows: readonly Row[], group: Partial<Row>) =>
  rows.filter((row) =>
    Object.entries(group).every(([name, value]) => row[name as keyof Row] === value),
  );
const lastOf = (rows: readonly Row[], span: number) =>
  rows.filter(({ at }) => at > rows.at(-1)!.at - span);

/** The groups of the twin, an aggregate with a name, with the values that the rows have. */
function grouped(table: { size: number }, rows: readonly Row[]): unknown {
  const { size: _, ...keys } = table;
  return { ...keys, x: xs(own(rows, keys)) };
}

describe.each(Object.entries(forms))('an aggregate of rows by %s', (_, aggregation) => {
  it('has for each batch those of each group', () => {
    const ways: [(of: Frame) => Groups, (rows: Row[]) => Row[]][] = [
      [(of) => of.groupBy('k'), (rows) => rows],
      [(of) => of.groupBy('day', 'k', { emit: 'changes' }), (rows) => rows],
      [(of) => of.window({ n: 5 }).groupBy('k'), (rows) => rows.slice(-5)],
      [
        (of) => of.window({ n: 3 }).groupBy('k', 'day', { emit: 'changes' }),
        (rows) => rows.slice(-3),
      ],
      [(of) => of.window({ value: '5ms', on: 'at' }).groupBy('k'), (rows) => lastOf(rows, 5)],
      [
        (of) => of.window({ value: '2ms' }).groupBy('day', { emit: 'changes' }),
        (rows) => lastOf(rows, 2),
      ],
    ];
    fc.assert(
      fc.property(ordered, fc.constantFrom(...ways), (batches, [way, window]) => {
        const frame = new DataFrame(SCHEMA);
        const twin = new DataFrame(SCHEMA);
        const seen = way(frame).col('x').aggregate(aggregation).sinkToList();
        const rowsSeen = way(frame).aggregate(aggregation).sinkToList() as unknown[][];
        const sizes = way(twin).size().sinkToList();
        const full = batches.filter(({ length }) => length > 0);
        full.forEach((batch, i) => {
          frame.emit(batch);
          twin.emit(batch);
          const rows = window(full.slice(0, i + 1).flat());
          const groups = sizes.at(-1)!.toRows() as { size: number }[];
          expect(seen[i]).toEqual(groups.map((group) => grouped(group, rows)));
          expect(rowsSeen[i]).toEqual(
            groups.map(({ size: _size, ...keys }) => ({ ...keys, result: own(rows, keys) })),
          );
        });
        expect(seen.length).toBe(full.length);
      }),
      { numRuns: 100 },
    );
  });

  it('has for each batch, row or window those of it', () => {
    const ways: [string, (of: Frame) => unknown[][], (rows: Row[]) => Row[][]][] = [
      [
        'rolling(4)',
        (of) => of.x.rolling(4).aggregate(aggregation).sinkToList(),
        (rows) => rows.map((_, i) => rows.slice(Math.max(0, i - 3), i + 1)),
      ],
      [
        "rolling('4ms')",
        (of) => of.x.rolling('4ms').aggregate(aggregation).sinkToList(),
        (rows) => rows.map((_, i) => lastOf(rows.slice(0, i + 1), 4)),
      ],
      [
        'rolling(2) of groups',
        (of) => of.groupBy('k').rolling(2).x.aggregate(aggregation).sinkToList(),
        (rows) => rows.map((row, i) => own(rows.slice(0, i + 1), { k: row.k }).slice(-2)),
      ],
      [
        "rolling('5ms') of groups",
        (of) => of.groupBy('k', 'day').x.rolling('5ms').aggregate(aggregation).sinkToList(),
        (rows) => rows.map(({ k, day }, i) => lastOf(own(rows.slice(0, i + 1), { k, day }), 5)),
      ],
      [
        'slidingWindow',
        (of) => of.x.slidingWindow(3).aggregate(aggregation).sinkToList(),
        (rows) => rows.slice(2).map((_, i) => rows.slice(i, i + 3)),
      ],
      [
        'slidingWindow with a step, partial',
        (of) =>
          of.x
            .slidingWindow(5, { step: 2, returnPartial: true })
            .aggregate(aggregation)
            .sinkToList(),
        (rows) =>
          rows.flatMap((_, i) =>
            (i + 1 - 5) % 2 === 0 ? [rows.slice(Math.max(0, i - 4), i + 1)] : [],
          ),
      ],
      [
        'slidingWindow with a wide step',
        (of) => of.x.slidingWindow(2, { step: 5 }).aggregate(aggregation).sinkToList(),
        (rows) =>
          rows.flatMap((_, i) =>
            i > 0 && (i + 1 - 2) % 5 === 0 ? [rows.slice(i - 1, i + 1)] : [],
          ),
      ],
      [
        'partition(4)',
        (of) => of.x.partition(4).aggregate(aggregation).sinkToList(),
        (rows) => rows.flatMap((_, i) => ((i + 1) % 4 === 0 ? [rows.slice(i - 3, i + 1)] : [])),
      ],
    ];
    fc.assert(
      fc.property(ordered, fc.constantFrom(...ways), (batches, [, way, windows]) => {
        const frame = new DataFrame(SCHEMA);
        const seen = way(frame);
        for (const batch of batches) frame.emit(batch);
        expect(seen).toEqual(windows(batches.flat()).map(xs));
      }),
      { numRuns: 200 },
    );
    const perBatch: [(of: Frame) => unknown[][], (rows: Row[]) => Row[]][] = [
      [
        (of) => of.x.window({ value: '5ms' }).aggregate(aggregation).sinkToList(),
        (rows) => lastOf(rows, 5),
      ],
      [(of) => of.x.window({ n: 7 }).aggregate(aggregation).sinkToList(), (rows) => rows.slice(-7)],
    ];
    fc.assert(
      fc.property(ordered, fc.constantFrom(...perBatch), (batches, [way, window]) => {
        const frame = new DataFrame(SCHEMA);
        const seen = way(frame);
        const full = batches.filter(({ length }) => length > 0);
        for (const batch of full) frame.emit(batch);
        expect(seen).toEqual(full.map((_, i) => xs(window(full.slice(0, i + 1).flat()))));
      }),
      { numRuns: 60 },
    );
  });
});

it('moving windows give tables of every type', () => {
  const row = fc.record({
    x: number,
    n: fc.option(fc.bigInt({ min: 2n ** 60n, max: 2n ** 62n })),
    b: fc.option(fc.boolean()),
    t: fc.option(fc.string()),
    s: fc.option(fc.integer({ min: -100, max: 100 })),
  });
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 6 }), (batches) => {
      const frame = new DataFrame({ x: 'f64', n: 'i64', b: 'bool', t: 'utf8', s: 'i8' });
      const [anew, taken] = [forms['onNew alone'], forms.onOld];
      const lists = [anew, taken].flatMap((by) => [
        frame.rolling(3).aggregate(by).sinkToList(),
        frame.slidingWindow(3, { returnPartial: true }).aggregate(by).sinkToList(),
        frame.groupBy('b').rolling(3).aggregate(by).sinkToList(),
      ]);
      for (const batch of batches) frame.emit(batch);
      const rows = batches.flat();
      const windows = rows.map((_, i) => rows.slice(Math.max(0, i - 2), i + 1));
      const grouped = rows.map(({ b }, i) =>
        rows
          .slice(0, i + 1)
          .filter((row) => row.b === b)
          .slice(-3),
      );
      expect(lists).toEqual([windows, windows, grouped, windows, windows, grouped]);
    }),
    { numRuns: 60 },
  );
});

describe('an aggregate over partitions by time', () => {
  const late = fc.array(
    fc.array(
      fc.record({
        at: fc.nat(30),
        k: fc.constantFrom('a', 'b', null),
        day: fc.constantFrom(0, null),
        x: number,
      }),
      { maxLength: 8 },
    ),
    { maxLength: 5 },
  );
  const texts: Aggregation<Column<'f64'>, string> = {
    initial: () => '',
    onNew: (text, rows) => rows.toArray().reduce<string>((all, x) => `${all},${x}`, text),
  };

  it('has the rows, the order and the late rows of apply', () => {
    fc.assert(
      fc.property(late, (batches) => {
        const frame = new DataFrame(SCHEMA);
        const twin = new DataFrame(SCHEMA);
        const ways = (of: Frame) => [
          of.partition('5ms', { on: 'at' }).x,
          of.x.partition('5ms', { on: 'at' }),
          of.partition('5ms', { on: 'at', lateness: 3 }).x,
          of.partition('5ms', { on: 'at' }).groupBy('k', 'day').x,
          of.partition('5ms', { on: 'at', lateness: 4 }).groupBy('k').x,
          of.partition('7ms', { on: 'at' }).groupBy(of.at.floor('2ms').rename('two')).x,
        ];
        const seen = ways(frame).map((way) =>
          way
            .aggregate({
              ...texts,
              onNew: (text, rows) =>
                texts.onNew(text, rows).replaceAll('null', '').replaceAll(/,+/g, ','),
            })
            .sinkToList(),
        );
        const applied = ways(twin).map((way) =>
          way
            .apply((values) => [...values].map((x) => `,${x}`).join(''), { type: 'utf8' })
            .sinkToList(),
        );
        for (const batch of batches) {
          frame.emit(batch);
          twin.emit(batch);
        }
        frame.end();
        twin.end();
        const bare = (rows: object[]) =>
          rows.map((row) => ({ ...row, x: String((row as { x: string }).x).replace(/,$/, '') }));
        expect(seen.map((list) => list.map(bare))).toEqual(
          applied.map((list) => list.map((table) => bare(table.toRows()))),
        );
        expect(frame.lateRows).toBe(twin.lateRows);
      }),
      { numRuns: 60 },
    );
  });
});

describe('aggregates of bounded groups', () => {
  it('give up the groups that those with a name do', async () => {
    const step = fc.record({
      wait: fc.nat(8),
      rows: fc.array(
        fc.record({
          at: fc.option(fc.nat(40)),
          k: fc.constantFrom('a', 'b', 'c', 'd', null),
          x: fc.integer({ min: 0, max: 9 }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.nat(8), async (steps, cut) => {
        const clock = new VirtualClock();
        const schema = { at: 'timestamp', k: 'utf8', x: 'i64' } as const;
        const build = (isNamed: boolean) => {
          const frame = new DataFrame(schema, { clock });
          const seen: unknown[][] = [];
          const ways = [
            frame.groupBy('k', { maxGroups: 2 }).x,
            frame.groupBy('k', { maxGroups: 3, ttl: '10ms', emit: 'changes' }).x,
            frame.groupBy('k', { ttl: '5ms' }).x,
            frame.groupBy('k', { ttl: '10ms', on: 'at', emit: 'changes' }).x,
          ];
          ways.forEach((way, i) => {
            const keep = (rows: object[]) => void seen.push([i, rows]);
            if (isNamed) {
              way.sum().sink((table) => keep(table.toRows()));
              return;
            }
            const total = (values: Iterable<bigint>) =>
              [...values].reduce((a, b) => a + Number(b), 0);
            way
              .aggregate({ initial: () => 0, onNew: (sum, rows) => sum + total(rows.values) })
              .sink(keep);
          });
          return { frame, seen };
        };
        const [named, first, second] = [build(true), build(false), build(false)];
        for (const [i, { wait, rows }] of steps.entries()) {
          await clock.advance(`${wait}ms`);
          if (i === cut) second.frame.restore(first.frame.snapshot());
          named.frame.emit(rows);
          (i < cut ? first : second).frame.emit(rows);
        }
        expect([...first.seen, ...second.seen]).toEqual(named.seen);
        const last = steps.length > cut ? second : first;
        expect(last.frame.evictedGroups).toBe(named.frame.evictedGroups);
      }),
      { numRuns: 100 },
    );
  });

  it('keep all groups, and the time, where a function throws', () => {
    const frame = new DataFrame({ at: 'timestamp', k: 'utf8', x: 'f64' });
    const unlucky = {
      initial: () => 0,
      onNew: (sum: number, rows: Column<'f64'>) => {
        if (rows.at(-1) === 13) throw new Error('unlucky');
        return sum + rows.values.reduce((a, b) => a + b);
      },
    };
    const most = frame.groupBy('k', { maxGroups: 2 }).x.aggregate(unlucky).sinkToList();
    const timed = frame.groupBy('k', { ttl: 10, on: 'at' }).x.aggregate(unlucky).sinkToList();
    frame.emit({ at: [0, 0, 0], k: ['a', 'b', 'a'], x: [1, 2, 3] });
    expect(() => frame.emit({ at: [50, 50], k: ['b', 'c'], x: [4, 13] })).toThrow(/2 sinks/);
    expect(frame.evictedGroups).toBe(0);
    frame.emit({ at: [5], k: ['c'], x: [5] });
    const c = { k: 'c', x: 5 };
    expect(most.at(-1)).toEqual([{ k: 'a', x: 4 }, c]);
    expect(timed.at(-1)).toEqual([{ k: 'a', x: 4 }, { k: 'b', x: 2 }, c]);
    frame.emit({ at: [14], k: ['d'], x: [6] });
    expect(timed.at(-1)).toEqual([c, { k: 'd', x: 6 }]);
  });
});

describe('aggregates of your own', () => {
  it('go on from a snapshot, of which equal states give equal bytes', () => {
    class List {
      items: unknown[] = [];
    }
    const stateful = {
      initial: () => new List(),
      onNew: (list: List, rows: Iterable<unknown>) => {
        list.items.push(...rows);
        return list;
      },
      result: ({ items }: List) => items.slice(),
      save: ({ items }: List) => items,
      load: (data: unknown) => Object.assign(new List(), { items: (data as unknown[]).slice() }),
    };
    const taken = {
      ...stateful,
      onOld: (list: List, rows: Iterable<unknown>) => {
        list.items = leave(list.items, rows);
        return list;
      },
    };
    const build = () => {
      const frame = new DataFrame(SCHEMA);
      const seen: unknown[] = [];
      const ways = [
        frame.groupBy('k').x.aggregate(stateful),
        frame.groupBy('day', { emit: 'changes' }).aggregate(stateful),
        frame.window({ n: 4 }).groupBy('k').x.aggregate(taken),
        frame.window({ n: 4 }).groupBy('k').x.aggregate(stateful),
        frame.window({ value: '4ms' }).groupBy('day').x.aggregate(taken),
        frame.x.window({ value: '4ms' }).aggregate(taken),
        frame.x.window({ value: '4ms' }).aggregate(stateful),
        frame.x.rolling(3).aggregate(taken),
        frame.x.rolling('3ms').aggregate(stateful),
        frame.groupBy('k').rolling('3ms').x.aggregate(taken),
        frame.groupBy('k').rolling(2).aggregate(stateful),
        frame.x.slidingWindow(4, { step: 3 }).aggregate(taken),
        frame.x.partition(3).aggregate(stateful),
        frame.partition('5ms', { on: 'at' }).x.aggregate(stateful),
        frame.partition('5ms', { on: 'at', lateness: 2 }).groupBy('k').aggregate(stateful),
      ];
      ways.forEach((way, i) => {
        way.sink((value: unknown) => void seen.push([i, value]));
      });
      return { frame, seen };
    };
    fc.assert(
      fc.property(ordered, fc.nat(6), (batches, cut) => {
        const [whole, before, after] = [build(), build(), build()];
        for (const batch of batches) whole.frame.emit(batch);
        for (const batch of batches.slice(0, cut)) before.frame.emit(batch);
        after.frame.restore(before.frame.snapshot());
        expect(after.frame.snapshot()).toEqual(before.frame.snapshot());
        for (const batch of batches.slice(cut)) after.frame.emit(batch);
        whole.frame.end();
        after.frame.end();
        expect([...before.seen, ...after.seen]).toEqual(whole.seen);
      }),
      { numRuns: 60 },
    );
  });

  it('take no row of a batch in where a function throws', () => {
    const unlucky = {
      ...listed,
      onNew: (list: unknown[], rows: Iterable<unknown>) => {
        if ([...rows].includes(13)) throw new Error('unlucky');
        return [...list, ...rows];
      },
    };
    const frame = new DataFrame(SCHEMA);
    const seen: unknown[][] = [];
    const ways = [
      frame.groupBy('k').x.aggregate(unlucky),
      frame
        .window({ n: 4 })
        .groupBy('k')
        .x.aggregate({ ...unlucky, onOld: leave }),
      frame.window({ value: '4ms' }).groupBy('k').x.aggregate(unlucky),
      frame.x.window({ value: '4ms' }).aggregate(unlucky),
      frame.x.rolling(2).aggregate(unlucky),
      frame
        .groupBy('k')
        .x.rolling(2)
        .aggregate({ ...unlucky, onOld: leave }),
      frame.x.partition(2).aggregate(unlucky),
      frame.x.partition('5ms', { on: 'at' }).aggregate(unlucky),
    ];
    const twin = new DataFrame(SCHEMA);
    const wanted: unknown[][] = [];
    const twins = [
      twin.groupBy('k').x.aggregate(listed),
      twin.window({ n: 4 }).groupBy('k').x.aggregate(listed),
      twin.window({ value: '4ms' }).groupBy('k').x.aggregate(listed),
      twin.x.window({ value: '4ms' }).aggregate(listed),
      twin.x.rolling(2).aggregate(listed),
      twin.groupBy('k').x.rolling(2).aggregate(listed),
      twin.x.partition(2).aggregate(listed),
      twin.x.partition('5ms', { on: 'at' }).aggregate(listed),
    ];
    ways.forEach((way, i) => {
      way.sink((value: unknown) => void seen.push([i, value]));
      twins[i]!.sink((value: unknown) => void wanted.push([i, value]));
    });
    const row = (at: number, k: string, x: number): Row => ({ at, k, x, day: null });
    const good = [
      [row(0, 'a', 1), row(1, 'b', 2), row(2, 'a', 3)],
      [row(3, 'b', 5), row(8, 'a', 6)],
    ];
    frame.emit(good[0]!);
    expect(() => frame.emit([row(2, 'a', 4), row(9, 'b', 13), row(10, 'a', 4)])).toThrow(
      'Cannot deliver to 8 sinks: each threw an error',
    );
    frame.emit(good[1]!);
    for (const batch of good) twin.emit(batch);
    frame.end();
    twin.end();
    expect(seen).toEqual(wanted);
  });

  it('give up the one result of which a function threw, and go on', () => {
    const series = new Series('f64');
    const seen = series
      .partition(2)
      .aggregate({
        ...listed,
        result: (list) => {
          if (list.includes(13)) throw new Error('unlucky');
          return list;
        },
      })
      .sinkToList();
    expect(() => series.emit([1, 2, 13, 4, 5])).toThrow(/partition.aggregate of 'value'.*unlucky/);
    series.emit([6]);
    expect(seen).toEqual([
      [1, 2],
      [5, 6],
    ]);
  });

  it('refuse times that go back, and take none of their batch', () => {
    const frame = new DataFrame(SCHEMA);
    const seen = frame.x.window({ value: '5ms' }).aggregate(listed).sinkToList();
    const row = (at: number): Row => ({ at, k: null, x: at, day: null });
    frame.emit([row(1), row(2)]);
    expect(() => frame.emit([row(3), row(2)])).toThrow(
      'Cannot aggregate a span of time: times must not decrease, got 2000000 after 3000000 in row 1',
    );
    frame.emit([row(3)]);
    expect(seen).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
  });

  it('emit nothing for batches of which a filter leaves nothing', () => {
    const frame = new DataFrame(SCHEMA);
    const filtered = frame.filter(frame.x.gt(1));
    const counts = {
      initial: () => 0,
      onNew: (n: number, rows: Column<'f64'>) => n + rows.length,
    };
    const lists = [
      filtered.x.aggregate(counts).sinkToList(),
      filtered.x.window({ n: 2 }).aggregate(counts).sinkToList(),
      filtered.x.window({ value: '5ms' }).aggregate(counts).sinkToList(),
    ];
    const groups = filtered.groupBy('k').x.aggregate(counts).sinkToList();
    const row = (x: number | null): Row => ({ at: 0, k: 'a', x, day: null });
    for (const batch of [[row(null), row(0)], [row(2), row(0)], [row(1)], [row(3)]]) {
      frame.emit(batch);
    }
    for (const list of lists) expect(list).toEqual([1, 2]);
    expect(groups).toEqual([[{ k: 'a', x: 1 }], [{ k: 'a', x: 2 }]]);
  });

  it('emit groups at the end alone where that is asked for', () => {
    const frame = new DataFrame(SCHEMA);
    const seen = frame.groupBy('k', { emit: 'end' }).x.aggregate(listed).sinkToList();
    frame.end();
    frame.emit([{ at: 0, k: 'a', x: 1, day: null }]);
    frame.emit([
      { at: 0, k: 'b', x: 2, day: null },
      { at: 0, k: 'a', x: 3, day: null },
    ]);
    expect(seen).toEqual([]);
    frame.end();
    expect(seen).toEqual([
      [
        { k: 'a', x: [1, 3] },
        { k: 'b', x: [2] },
      ],
    ]);
  });
});
