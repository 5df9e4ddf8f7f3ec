import { describe, expect, it } from 'vitest';
import { DataFrame, Series } from '../../src/index.ts';

const frame = () => new DataFrame({ k: 'utf8', x: 'f64', n: 'i64', at: 'timestamp', ok: 'bool' });
const row = { k: 'a', x: 1, n: 1, at: 0, ok: true };
const loose = <T>(value: unknown): T => value as T;

const building: [name: string, build: () => unknown, error: RegExp][] = [
  ...[0, -1, 1.5, Number.NaN, undefined, 'x'].flatMap((n): [string, () => unknown, RegExp][] =>
    // A text is a span of time, but to sliding windows.
    [...(n === 'x' ? [] : ['rolling', 'partition']), 'slidingWindow'].map((operator) => [
      `${operator}(${String(n)})`,
      () => (new Series('f64') as unknown as Record<string, (n: unknown) => unknown>)[operator]!(n),
      new RegExp(`^Cannot create ${operator}: n must be a positive integer, got `),
    ]),
  ),
  ['rolling(x)', () => new Series('f64').rolling('x'), /rolling: a duration must be .*, got 'x'$/],
  [
    'partition(x)',
    () => new Series('f64').partition(loose<'1s'>('x'), { on: 'at' }),
    /partition: a duration must be .*, got 'x'$/,
  ],
  ['window({ n: 0 })', () => new Series('f64').window({ n: 0 }), /window: n must be a positive/],
  ['window()', () => new Series('f64').window(loose(undefined)), /window: options must|n must be/],
  [
    'minPeriods above n',
    () => new Series('f64').rolling(2, { minPeriods: 3 }),
    /rolling: minPeriods must be at most n, 2, got 3/,
  ],
  [
    'an unknown option',
    () => new Series('f64').rolling(2, loose({ minPeriod: 1 })),
    /rolling: unknown option 'minPeriod', expected minPeriods/,
  ],
  [
    'an unknown type',
    () => new Series(loose<'f64'>('f65')),
    /Series: the type must be .* got 'f65'/,
  ],
  [
    'an unknown type of a column',
    () => new DataFrame({ x: loose<'f64'>('number') }),
    /DataFrame: the type of column 'x' must be .* got 'number'/,
  ],
  ['a schema without columns', () => new DataFrame({}), /schema must have at least one column/],
  ['no schema', () => new DataFrame(loose<{ x: 'f64' }>(5)), /schema must be an object .* got 5/],
  [
    'batch 0',
    () => new Series('f64', { batch: 0 }),
    /Series: batch must be a positive integer, got 0/,
  ],
  [
    'linger',
    () => new Series('f64', { linger: 'soon' }),
    /Series: a duration must be .* got 'soon'/,
  ],
  [
    'an unknown column',
    () => frame().col(loose<'x'>('z')),
    /col: no column 'z', the frame has k, x/,
  ],
  [
    'groupBy with another option',
    () => frame().groupBy('k', loose<{ emit: 'all' }>({ most: 1 })),
    /groupBy: unknown option 'most', expected emit, maxGroups, ttl, on/,
  ],
  [
    'groupBy emit',
    () => frame().groupBy('k', { emit: loose<'all'>('some') }),
    /emit must be 'all', 'changes' or 'end', got 'some'/,
  ],
  [
    'groupBy emit of groups that end',
    () => frame().groupBy('k', { emit: 'end', ttl: '1s' }),
    /groupBy: emit must be 'all' or 'changes' where groups end, got 'end'/,
  ],
  ['groupBy maxGroups', () => frame().groupBy('k', { maxGroups: 0 }), /maxGroups must be a pos/],
  [
    'groupBy ttl',
    () => frame().groupBy('k', { ttl: 0 }),
    /groupBy: the duration must be above zero/,
  ],
  [
    'groupBy on',
    () => frame().groupBy('k', { ttl: '1s', on: loose<never>('x') }),
    /groupBy: column 'x' must be a timestamp, got f64/,
  ],
  [
    'groupBy on alone',
    () => frame().groupBy('k', { on: loose<never>('x') }),
    /on is for ttl, got no/,
  ],
  [
    'window ttl',
    () =>
      frame()
        .window({ n: 2 })
        .groupBy('k', loose<{ emit: 'all' }>({ ttl: 1 })),
    /groupBy: unknown option 'ttl', expected emit/,
  ],
  [
    'rolling of bounded groups',
    () => frame().groupBy('k', { maxGroups: 2 }).rolling(2),
    /rolling: it has a row for every row, and takes no options of groupBy, got maxGroups/,
  ],
  [
    'evicted of all groups',
    () => frame().groupBy('k').x.sum().evicted(),
    /evicted: only a groupBy with maxGroups or ttl gives up groups, got groupBy/,
  ],
  [
    'aggregate without onNew',
    () => frame().x.aggregate(loose<never>({ initial: () => 0 })),
    /aggregate.onNew: expected a function, got undefined/,
  ],
  [
    'aggregate of a key',
    () =>
      frame()
        .groupBy('k')
        .col('k')
        .aggregate({ initial: () => 0, onNew: () => 0 }),
    /groupBy.aggregate: columns must have different names, got 'k' twice; rename one/,
  ],
  [
    'aggregate with minPeriods',
    () =>
      frame()
        .x.rolling(3, { minPeriods: 2 })
        .aggregate({ initial: () => 0, onNew: () => 0 }),
    /rolling.aggregate: every row has a result here, count rows in the state instead of minPeriods/,
  ],
  [
    'partition by rows with lateness',
    () => frame().partition(...loose<[number]>([3, { lateness: '1s' }])),
    /partition of n rows: unknown option 'lateness', expected none/,
  ],
  [
    'partition of a series by rows with times',
    () => frame().x.partition(...loose<[number]>([3, { on: 'at' }])),
    /partition of n rows: unknown option 'on', expected none/,
  ],
  [
    'apply nothing',
    () => frame().x.rolling(2).apply(loose<never>(3)),
    /rolling.apply: expected a fun/,
  ],
  [
    'apply to groups',
    () =>
      frame()
        .groupBy('k')
        .x.apply(loose<never>(() => 0)),
    /groupBy.apply: it is for windows and partitions, which end, not for all rows/,
  ],
  [
    'valueCounts emit',
    () => frame().x.valueCounts({ emit: loose<'all'>('none') }),
    /valueCounts: emit must be 'all', 'changes' or 'end', got 'none'/,
  ],
  ['groupBy of one', () => frame().groupBy(loose<'k'>('z')), /groupBy: no column 'z'/],
  ['groupBy nothing', () => frame().groupBy(), /groupBy: expected at least one column/],
  ['groupBy a number', () => frame().groupBy(loose<'k'>(3)), /groupBy: no column 3/],
  ['select of one', () => frame().select(loose<'x'>('z')), /select: no column 'z'/],
  ['drop of all', () => new DataFrame({ x: 'f64' }).drop('x'), /drop: at least one column/],
  [
    'rename to a number',
    () => frame().rename(loose<{ x: 'y' }>({ x: 5 })),
    /rename: the new name of 'x'/,
  ],
  [
    'rename onto another',
    () => frame().rename({ x: 'n' }),
    /columns must have different names, got k, n, n/,
  ],
  [
    'a sink that is none',
    () => new Series('f64').sink(loose(5)),
    /sink: expected a function, got 5/,
  ],
  ['the mean of text', () => frame().k.mean(), /mean: column 'k' must be numeric, got utf8/],
  ['the sum of text', () => frame().groupBy('k').k.sum(), /sum: column 'k' must be numeric/],
  [
    'an unknown aggregate',
    () => frame().agg(loose<{ x: 'sum' }>({ x: 'mode' })),
    /must be one of sum, .* 'mode'/,
  ],
  ['agg of nothing', () => frame().agg({}), /expected aggregates by column/],
  ['ddof', () => frame().x.var({ ddof: -1 }), /var: ddof must be an integer of at least 0, got -1/],
  ['text plus one', () => frame().k.add(1), /add: column 'k' must be numeric, got utf8/],
  [
    'a number and text',
    () => frame().x.add(loose<number>('a')),
    /add: value must be numeric, got utf8/,
  ],
  [
    'a number is text',
    () => frame().x.eq(loose<number>('a')),
    /column 'x' \(f64\) does not go with a/,
  ],
  ['not of a number', () => frame().x.not(), /not: column 'x' must be bool, got f64/],
  ['an object as a value', () => frame().x.gt(loose<number>({})), /gt: expected a series, number/],
  [
    'floor of a number',
    () => frame().x.floor('1d'),
    /floor: column 'x' must be a timestamp, got f64/,
  ],
  ['floor to nothing', () => frame().at.floor(0), /floor: the duration must be above zero, got 0/],
  [
    'a filter by numbers',
    () => frame().filter(loose(frame().x)),
    /filter: column 'x' must be bool/,
  ],
  ['a filter by a value', () => frame().filter(loose(true)), /filter: expected a series, got true/],
  ['round', () => frame().x.round(0.5), /round: decimals must be an integer within ±300, got 0.5/],
  ['ewm of two', () => frame().x.ewm({ com: 1, span: 1 }), /exactly one of .* got com, span/],
  ['ewm of none', () => frame().x.ewm({}), /exactly one of .* got none/],
  [
    'ewm var',
    () =>
      frame()
        .x.ewm({ alpha: 1 })
        .var({ bias: 1 as never }),
    /ewm.var: bias must be true or false, got 1/,
  ],
  ['ewm', () => frame().x.ewm({ alpha: 2 }), /alpha must be above 0 and at most 1, got 2/],
  ['a query', () => frame().query('x >'), /Cannot create query: in 'x >', wanted a column/],
  [
    'rows of two sources',
    () => frame().x.add(frame().x),
    /add: 'x' and 'x' come from different sources/,
  ],
  [
    'rows of a filter',
    () => {
      const all = frame();
      return all.x.add(all.filter(all.ok).x);
    },
    /add: 'x' has the rows of input and 'x' those of filter/,
  ],
  ['zip of one name', () => new Series('f64').zip(new Series('f64')), /names, got 'value' twice/],
  [
    'a partition by no time',
    () => frame().partition('1d', { on: loose<'at'>('x') }),
    /partition: column 'x' must be a timestamp, got f64/,
  ],
  ['shift', () => frame().groupBy('k').x.shift(0), /shift: n must be a positive integer, got 0/],
  [
    'a path',
    () => DataFrame.fromParquet(loose<string>(5)),
    /path must be a string, a file: URL or a stream of bytes, got 5/,
  ],
  ['emit into a computed series', () => frame().x.emit(1), /it is computed, emit into its source/],
  [
    'emit into a computed frame',
    () =>
      frame()
        .select('x')
        .emit([{ x: 1 }]),
    /it is computed/,
  ],
];

describe('what cannot be built says why', () => {
  it.each(building)('%s', (_name, build, error) => {
    expect(build).toThrow(error);
  });
});

const emitting: [name: string, data: unknown, error: RegExp][] = [
  ['a number', 5, /expected rows, columns or an Arrow table, got 5/],
  ['null', null, /expected rows, columns or an Arrow table, got null/],
  ['a row that is none', [5], /row 0 must be an object, got 5/],
  [
    'text as a number',
    [row, { ...row, x: '1' }],
    /column 'x' \(f64\) takes a number, got '1' in row 1/,
  ],
  ['a number as text', [{ ...row, k: 1 }], /column 'k' \(utf8\) takes a string, got 1 in row 0/],
  ['a fraction', [{ ...row, n: 1.5 }], /column 'n' \(i64\) takes an integer .* got 1.5 in row 0/],
  ['beyond 2^53', [{ ...row, n: 2 ** 60 }], /column 'n' \(i64\) takes an integer/],
  ['beyond 64 bits', [{ ...row, n: 2n ** 63n }], /column 'n' \(i64\) takes an integer/],
  ['no time', [{ ...row, at: 'now' }], /column 'at' \(timestamp\) takes whole milliseconds/],
  ['an invalid date', [{ ...row, at: new Date(Number.NaN) }], /column 'at' \(timestamp\) takes/],
  ['1 as true', [{ ...row, ok: 1 }], /column 'ok' \(bool\) takes true or false, got 1/],
  ['a missing column', [{ k: 'a', x: 1 }], /row 0 has no column 'n'/],
  ['a single row without columns', { k: 'a' }, /row 0 has no column 'x'/],
  ['columns: one missing', { k: ['a'], x: [1] }, /column 'n' is missing, got k, x/],
  [
    'columns: one unknown',
    { k: ['a'], x: [1], n: [1], at: [0], ok: [true], z: [1] },
    /no column 'z', the frame has k, x, n, at, ok/,
  ],
  [
    'columns: lengths',
    { k: ['a'], x: [1, 2], n: [1], at: [0], ok: [true] },
    /columns must have one length, got 1 in 'k' and 2 in 'x'/,
  ],
  [
    'columns: no array',
    { k: ['a'], x: 5, n: [1], at: [0], ok: [true] },
    /column 'x' must be an array or a typed array, got 5/,
  ],
  [
    'columns: bigints among floats',
    { k: ['a'], x: BigInt64Array.of(1n), n: [1], at: [0], ok: [true] },
    /column 'x' \(f64\) takes Float64Array, got BigInt64Array/,
  ],
  [
    'columns: fractions among integers',
    { k: ['a'], x: [1], n: Float64Array.of(1.5), at: [0], ok: [true] },
    /column 'n' \(i64\) takes whole numbers, got 1.5 in row 0/,
  ],
];

describe('what cannot be emitted says why, and leaves everything as it was', () => {
  it.each(emitting)('%s', (_name, data, error) => {
    for (const used of [true, false]) {
      const source = frame();
      const sums = source.groupBy('k').agg({ x: 'sum', n: 'sum', at: 'max' }).sinkToList();
      if (used) source.ok.sink(() => {});
      source.emit([row]);
      expect(() => source.emit(loose(data))).toThrow(error);
      source.emit([row]);
      expect(sums.map((table) => table.toRows())).toEqual([
        [{ k: 'a', x: 1, n: 1, at: 0 }],
        [{ k: 'a', x: 2, n: 2, at: 0 }],
      ]);
    }
  });

  it('a row refused among those that collect', () => {
    const source = frame();
    const seen = source.x.sinkToList();
    source.emit(row);
    expect(() => source.emit(loose({ ...row, x: null, n: 'x' }))).toThrow(/column 'n'/);
    source.emit({ ...row, x: 3 });
    source.flush();
    expect(seen[0]?.toArray()).toEqual([1, 3]);
  });

  it('memory that others may change or have taken', () => {
    const series = new Series('f64');
    const seen = series.sinkToList();
    const shared = new Float64Array(new SharedArrayBuffer(16));
    expect(() => series.emit(shared)).toThrow(/must not lie in shared memory/);
    const taken = Float64Array.of(1, 2);
    structuredClone(taken, { transfer: [taken.buffer] });
    expect(() => series.emit(taken)).toThrow(/the buffer of column 'value' is detached/);
    series.emit([1]);
    expect(seen).toHaveLength(1);
  });

  it('an integer sum that overflows', () => {
    const series = new Series('i64');
    const sums = series.sum().sinkToList();
    series.emit([2n ** 62n]);
    const overflow = expect.objectContaining({ name: 'MillraceError', code: 'ERR_OVERFLOW' });
    expect(() => series.emit([2n ** 62n])).toThrow(overflow);
    // The values count; there is a sum again as soon as it fits.
    series.emit([-1]);
    expect(sums).toEqual([2n ** 62n, 2n ** 63n - 1n]);
  });

  it('a sink that throws: others are served first, then the emitter hears of it', () => {
    const series = new Series('f64');
    series.sum().sink(() => {
      throw new Error('full');
    });
    const means = series.mean().sinkToList();
    expect(() => series.emit([1])).toThrow('full');
    expect(() => series.emit([3])).toThrow('full');
    expect(means).toEqual([1, 2]);
    series.max().sink(() => {
      throw new Error('too');
    });
    expect(() => series.emit([3])).toThrow(AggregateError);
  });

  it('a missing or damaged file', () => {
    expect(() => DataFrame.fromParquet('/nowhere/file.parquet')).toThrow(
      expect.objectContaining({ name: 'MillraceError', code: 'ERR_IO' }),
    );
    expect(() => DataFrame.fromParquet(new URL(import.meta.url).pathname)).toThrow(
      expect.objectContaining({ name: 'MillraceError', code: 'ERR_CORRUPT_FILE' }),
    );
  });

  it('run() of a frame that reads no file', async () => {
    await expect(frame().run()).rejects.toThrow(/it reads no file, emit into it/);
  });

  it('keeps the strings of a batch that was refused for another column', () => {
    const frame = new DataFrame({ k: 'utf8', x: 'f64' });
    const sums = frame.groupBy('k').x.sum().sinkToList();
    expect(() => frame.emit({ k: ['a', 'b'], x: [1, 'x' as unknown as number] })).toThrow(
      TypeError,
    );
    frame.emit({ k: ['b', 'a'], x: [1, 2] });
    const columns = sums.at(-1)!.toColumns();
    expect(Object.fromEntries(columns.k!.map((k, i) => [k, columns.x![i]]))).toEqual({
      a: 2,
      b: 1,
    });
  });
});
