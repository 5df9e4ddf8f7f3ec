import fc from 'fast-check';
import { it } from 'vitest';
import {
  coalesce,
  DataFrame,
  greatest,
  least,
  type Schema,
  type Table,
  when,
} from '../../src/index.ts';
import { type Expr, type ParityType, pl, polarsFrame, valuesOf, withPolars } from './polars.ts';
import { batchesOf, isNaNValue, RUNS, same, VALUES, type Value } from './values.ts';

type Row = Record<string, Value>;
/** An expression on both sides, and what is different on purpose. */
type Pair = {
  ours: object;
  theirs: Expr;
  but?: (value: unknown, row: Row) => unknown;
};

const literal = (value: Value) => pl.lit(value);

/** That every expression has the values of polars, in batches cut anywhere. */
function hold<S extends Schema>(
  schema: S,
  row: fc.Arbitrary<Row>,
  pairs: (frame: DataFrame<S>) => Record<string, Pair>,
  runs = RUNS,
): void {
  fc.assert(
    fc.property(batchesOf(row), (input) => {
      const frame = new DataFrame(schema);
      const all = pairs(frame);
      const columns = Object.fromEntries(
        Object.entries(all).map(([name, { ours }]) => [`=${name}`, ours]),
      );
      const seen = frame.assign(columns as never).sinkToList() as unknown as Table[];
      for (const batch of input) frame.emit(batch as never);
      const rows = input.flat();
      const wanted = polarsFrame(schema as unknown as Record<string, ParityType>, rows).select(
        ...Object.entries(all).map(([name, { theirs }]) => theirs.alias(name)),
      );
      for (const [name, { but }] of Object.entries(all)) {
        const actual = seen.flatMap((table) => table.column(`=${name}`).toArray());
        const values = valuesOf(wanted, name);
        const expected = values.map((value, i) => (but ? but(value, rows[i]!) : value));
        same(actual, expected, name);
      }
    }),
    runs,
  );
}

/** NaN is not equal to anything and neither less nor greater, by IEEE 754; in polars it is the greatest. */
const ieee =
  (answer: boolean) =>
  (value: unknown, { x, y }: Row) =>
    x !== null && y !== null && (isNaNValue(x) || isNaNValue(y)) ? answer : value;

withPolars('expressions are those of polars', () => {
  it.each(['f64', 'f32'] as const)('arithmetic of %s', (type) => {
    const row = fc.record({ x: VALUES[type], y: VALUES[type] });
    hold({ x: type, y: type } as { x: 'f64'; y: 'f64' }, row, ({ x, y }) => {
      const [a, b] = [pl.col('x'), pl.col('y')];
      // A number that is written out is f64 in polars, and of the type of the column here.
      const literal = (value: number) =>
        pl.lit(value).cast(type === 'f32' ? pl.Float32 : pl.Float64);
      return {
        add: { ours: x.add(y), theirs: a.add(b) },
        sub: { ours: x.sub(y), theirs: a.sub(b) },
        mul: { ours: x.mul(y), theirs: a.mul(b) },
        div: { ours: x.div(y), theirs: a.div(b) },
        neg: { ours: x.neg(), theirs: a.mul(literal(-1)) },
        abs: { ours: x.abs(), theirs: a.abs() },
        floor: { ours: x.floor(), theirs: a.floor() },
        ceil: { ours: x.ceil(), theirs: a.ceil() },
        round: { ours: x.round(), theirs: a.round(0) },
        sqrt: { ours: x.sqrt(), theirs: a.pow(0.5), but: root },
        exp: { ours: x.exp(), theirs: a.exp() },
        chain: {
          ours: x.mul(2).sub(1).div(4).add(y),
          theirs: a.mul(literal(2)).sub(literal(1)).div(literal(4)).add(b),
        },
      };
      // −∞ to the power of a half is ∞, and its root NaN.
      function root(value: unknown, { x }: Row) {
        return x === Number.NEGATIVE_INFINITY ? Number.NaN : value;
      }
    });
  });

  it('arithmetic of integers', () => {
    const small = VALUES.i64.map((value) => (value === null ? null : (value as number) % 2 ** 20));
    const row = fc.record({ x: small, y: small });
    hold({ x: 'i64', y: 'i64' } as const, row, ({ x, y }) => {
      const [a, b] = [pl.col('x'), pl.col('y')];
      return {
        add: { ours: x.add(y), theirs: a.add(b) },
        sub: { ours: x.sub(y), theirs: a.sub(b) },
        mul: { ours: x.mul(y), theirs: a.mul(b) },
        // Of the sign of the divisor on both sides, and missing where that is 0.
        mod: { ours: x.mod(y), theirs: a.rem(b) },
        // Division is of floats here; in polars it is of integers.
        div: { ours: x.div(y), theirs: a.cast(pl.Float64).div(b.cast(pl.Float64)) },
        abs: { ours: x.abs(), theirs: a.abs() },
        neg: { ours: x.neg(), theirs: a.mul(literal(-1)) },
        mixed: {
          ours: x.add(0.5).mul(y),
          theirs: a.cast(pl.Float64).add(literal(0.5)).mul(b.cast(pl.Float64)),
        },
      };
    });
  });

  it.each(['f64', 'i64', 'utf8', 'bool'] as const)('comparison and choice of %s', (type) => {
    const row = fc.record({ x: VALUES[type], y: VALUES[type] });
    hold({ x: type, y: type } as { x: 'f64'; y: 'f64' }, row as fc.Arbitrary<Row>, ({ x, y }) => {
      const [a, b] = [pl.col('x'), pl.col('y')];
      return {
        eq: { ours: x.eq(y), theirs: a.eq(b), but: ieee(false) },
        ne: { ours: x.ne(y), theirs: a.neq(b), but: ieee(true) },
        lt: { ours: x.lt(y), theirs: a.lt(b), but: ieee(false) },
        le: { ours: x.le(y), theirs: a.ltEq(b), but: ieee(false) },
        gt: { ours: x.gt(y), theirs: a.gt(b), but: ieee(false) },
        ge: { ours: x.ge(y), theirs: a.gtEq(b), but: ieee(false) },
        isNull: { ours: x.isNull(), theirs: a.isNull() },
        isNotNull: { ours: x.isNotNull(), theirs: a.isNotNull() },
        fill: { ours: x.fillNull(y as never), theirs: a.fillNull(b) },
        coalesce: {
          ours: coalesce(x, y),
          theirs: pl.when(a.isNotNull()).then(a).otherwise(b),
        },
        when: {
          // A condition that is missing counts as false on both sides.
          ours: when(x.lt(y)).then(x).otherwise(y),
          theirs: pl.when(a.lt(b)).then(a).otherwise(b),
          but: (value, { x, y }) => (x !== null && (isNaNValue(x) || isNaNValue(y)) ? y : value),
        },
      };
    });
  });

  it('logic of three values', () => {
    const row = fc.record({ p: VALUES.bool, q: VALUES.bool });
    hold({ p: 'bool', q: 'bool' } as const, row, ({ p, q }) => {
      const [a, b] = [pl.col('p'), pl.col('q')];
      return {
        and: { ours: p.and(q), theirs: a.and(b) },
        or: { ours: p.or(q), theirs: a.or(b) },
        not: { ours: p.not(), theirs: a.not() },
        nested: { ours: p.and(q.not()).or(q.isNull()), theirs: a.and(b.not()).or(b.isNull()) },
      };
    });
  });

  it('numbers within bounds, lists and the least and greatest', () => {
    const row = fc.record({ x: VALUES.f64, y: VALUES.f64 });
    hold({ x: 'f64', y: 'f64' } as const, row, ({ x, y }) => {
      const [a, b] = [pl.col('x'), pl.col('y')];
      const list = [0, 1.5, -3, 1e9];
      return {
        isNan: { ours: x.isNan(), theirs: a.isNan() },
        between: {
          ours: x.isBetween(-2, 30),
          theirs: a.gtEq(literal(-2)).and(a.ltEq(literal(30))),
          but: (value, { x }) => (isNaNValue(x) ? false : value),
        },
        clip: { ours: x.clip(-5, 20), theirs: a.clip(-5, 20) },
        isIn: {
          ours: x.isIn(list),
          theirs: list.map((one) => a.eq(literal(one))).reduce((all, one) => all.or(one)),
        },
        // A NaN wins here, as it does in min and max.
        least: { ours: least(x, y), theirs: pl.minHorizontal([a, b]), but: spoiled },
        greatest: { ours: greatest(x, y), theirs: pl.maxHorizontal([a, b]), but: spoiled },
      };
      function spoiled(value: unknown, { x, y }: Row) {
        return isNaNValue(x) || isNaNValue(y) ? Number.NaN : value;
      }
    });
  });

  it('casts, of what does not fit to nothing', () => {
    const text = fc.constantFrom(
      '1',
      '-2.5',
      '1e3',
      'x',
      '',
      '12',
      '300',
      '-0',
      '0.1',
      '1e400',
      null,
    );
    const row = fc.record({ x: VALUES.f64, i: VALUES.i64, p: VALUES.bool, t: text });
    const schema = { x: 'f64', i: 'i64', p: 'bool', t: 'utf8' } as const;
    const strict = false;
    hold(schema, row as fc.Arbitrary<Row>, ({ x, i, p, t }) => {
      const [a, b, c, d] = [pl.col('x'), pl.col('i'), pl.col('p'), pl.col('t')];
      return {
        'f64 to i64': { ours: x.cast('i64', { strict }), theirs: a.cast(pl.Int64, false) },
        'f64 to i32': { ours: x.cast('i32', { strict }), theirs: a.cast(pl.Int32, false) },
        'i64 to i32': { ours: i.cast('i32', { strict }), theirs: b.cast(pl.Int32, false) },
        'i64 to f64': { ours: i.cast('f64'), theirs: b.cast(pl.Float64, false) },
        'i64 to utf8': { ours: i.cast('utf8'), theirs: b.cast(pl.Utf8, false) },
        'i64 to bool': { ours: i.cast('bool'), theirs: b.cast(pl.Bool, false) },
        'bool to i64': { ours: p.cast('i64'), theirs: c.cast(pl.Int64, false) },
        'utf8 to f64': {
          ours: t.cast('f64', { strict }),
          theirs: d.cast(pl.Float64, false),
          // A number that is beyond all f64 does not fit; polars takes it for ∞.
          but: (value, { t }) => (t === '1e400' ? null : value),
        },
        'utf8 to i32': { ours: t.cast('i32', { strict }), theirs: d.cast(pl.Int32, false) },
      } as Record<string, Pair>;
    });
  });

  it('functions of text', () => {
    const row = fc.record({ t: VALUES.utf8, u: VALUES.utf8 });
    hold({ t: 'utf8', u: 'utf8' } as const, row as fc.Arbitrary<Row>, ({ t, u }) => {
      const [a, b] = [pl.col('t'), pl.col('u')];
      const s = a.str;
      return {
        upper: { ours: t.upper(), theirs: s.toUpperCase() },
        lower: { ours: t.lower(), theirs: s.toLowerCase() },
        trim: { ours: t.trim(), theirs: s.strip() },
        length: { ours: t.length(), theirs: s.lengths() },
        contains: { ours: t.contains('b'), theirs: s.contains('b', true) },
        dot: { ours: t.contains('.'), theirs: s.contains('.', true) },
        starts: { ours: t.startsWith('a'), theirs: s.startsWith('a') },
        ends: { ours: t.endsWith('b'), theirs: s.endsWith('b') },
        replace: { ours: t.replace('b', '<>'), theirs: s.replaceAll('b', '<>', true) },
        from: { ours: t.slice(1), theirs: s.slice(1) },
        last: { ours: t.slice(-2), theirs: s.slice(-2) },
        first: { ours: t.slice(0, 1), theirs: s.slice(0, 1) },
        concat: {
          ours: t.concat('-', u),
          theirs: a.add(literal('-')).add(b),
        },
      } as Record<string, Pair>;
    });
  });

  it('parts of times', () => {
    const time = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: -8_000_000_000_000, max: 8_000_000_000_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(0, -1, 951_782_400_000, 951_782_399_999, null) },
    );
    fc.assert(
      fc.property(batchesOf(time), (input) => {
        const frame = new DataFrame({ at: 'timestamp' });
        const { at } = frame;
        const seen = frame
          .assign({
            year: at.year(),
            month: at.month(),
            day: at.day(),
            dayOfWeek: at.dayOfWeek(),
            dayOfYear: at.dayOfYear(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
          })
          .sinkToList();
        for (const batch of input) frame.emit(batch.map((at) => ({ at })));
        const values = input.flat();
        const dates = values.map((value) => (value === null ? null : new Date(value)));
        const theirs = pl.DataFrame({ at: pl.Series('at', dates, pl.Datetime('ms')) });
        const { dt } = pl.col('at');
        const wanted = theirs.select(
          dt.year().alias('year'),
          dt.month().alias('month'),
          dt.day().alias('day'),
          dt.weekday().alias('dayOfWeek'),
          dt.ordinalDay().alias('dayOfYear'),
          dt.hour().alias('hour'),
          dt.minute().alias('minute'),
          dt.second().alias('second'),
        );
        for (const name of [
          'year',
          'month',
          'day',
          'dayOfWeek',
          'dayOfYear',
          'hour',
          'minute',
          'second',
        ] as const) {
          const actual = seen.flatMap((table) => table.column(name).toArray());
          same(actual, valuesOf(wanted, name), name);
        }
      }),
      RUNS,
    );
  });

  it('filters', () => {
    const row = fc.record({ x: VALUES.f64, i: VALUES.i64, t: VALUES.utf8, p: VALUES.bool });
    const schema = { x: 'f64', i: 'i64', t: 'utf8', p: 'bool' } as const;
    fc.assert(
      fc.property(batchesOf(row), fc.nat(4), (input, which) => {
        const frame = new DataFrame(schema);
        const { x, i, t, p } = frame;
        const [a, b, c, d] = [pl.col('x'), pl.col('i'), pl.col('t'), pl.col('p')];
        const number = a.isNan().not();
        const [ours, theirs] = (
          [
            [x.gt(0), a.gt(literal(0)).and(number)],
            [x.le(i).or(p), a.ltEq(b).and(number).or(d)],
            [p.not().and(t.ne('a')), d.not().and(c.neq(literal('a')))],
            [i.isNull().or(i.mod(2).eq(0)), b.isNull().or(b.rem(literal(2)).eq(literal(0)))],
            [t.startsWith('a'), c.str.startsWith('a')],
          ] as const
        )[which]!;
        const seen = frame.filter(ours).sinkToList();
        for (const batch of input) frame.emit(batch as never);
        const wanted = polarsFrame(schema, input.flat()).filter(theirs);
        for (const name of Object.keys(schema) as (keyof typeof schema)[]) {
          const actual = seen.flatMap((table) => table.column(name).toArray());
          same(actual, valuesOf(wanted, name), `${name} of filter ${which}`);
        }
      }),
      { ...RUNS, numRuns: 60 },
    );
  });
});
