import pl from 'nodejs-polars';
import { packageVersion } from '../package-version.ts';
import {
  type Counts,
  countsOf,
  type Engine,
  type FlightsAnswer,
  type Forms,
  type OriginMean,
  type Works,
} from '../work.ts';

// Started with POLARS_MAX_THREADS=1, as every rival here runs on one thread.
export const engine: Engine = {
  name: 'nodejs-polars',
  version: packageVersion('nodejs-polars'),
  works: {
    rolling: (task) => {
      const { values, n, aggregate, whole } = task;
      const series = pl.Series('x', values);
      const lazy = pl.DataFrame({ x: series }).lazy();
      const column = pl.col('x');
      const options = { windowSize: n };
      const forms = {
        mean: [() => series.rollingMean(options), column.rollingMean(options)],
        std: [() => series.rollingStd(options), column.rollingStd(options)],
        min: [() => series.rollingMin(options), column.rollingMin(options)],
        max: [() => series.rollingMax(options), column.rollingMax(options)],
        median: [() => series.rollingMedian(options), column.rollingMedian(options)],
      } as const;
      const [eager, expression] = forms[aggregate];
      const query = lazy.select(expression);
      // Rows before the first full window are missing; the last one stands for all when timed.
      const answer = (column: pl.Series) => ({
        rows: column.length - n + 1,
        values: Float64Array.from(
          whole ? column.slice(n - 1, column.length) : [column.get(column.length - 1)],
        ),
      });
      return {
        Series: () => answer(eager()),
        lazy: () => answer(query.collectSync().getColumn('x')),
      };
    },

    groupMean: ({ names, ids, values, integers }) => {
      const keys = integers ? { Int32: pl.Series('key', ids, pl.Int32) } : textKeys(names, ids);
      const name = integers
        ? ([id, mean]: [unknown, number]): [string, number] => [names[id as number]!, mean]
        : (pair: [unknown, number]) => pair as [string, number];
      const forms: Record<string, () => Counts<string>> = {};
      for (const [type, query] of meanQueries(keys, values)) {
        forms[type] = () => {
          const frame = query();
          return countsOf(() =>
            [...pairs<unknown>(frame, 'key', 'value')].map(([k, mean]) => name([k, mean])),
          );
        };
      }
      return forms;
    },

    manyGroups: ({ names, ids, values }) => {
      const forms: Record<string, () => { groups: number; sum: number }> = {};
      for (const [type, query] of meanQueries(textKeys(names, ids), values)) {
        forms[type] = () => {
          const means = query().getColumn('value');
          return { groups: means.length, sum: means.sum() };
        };
      }
      return forms;
    },

    recordMean: ({ rows }) => {
      const mean = pl.col('value').mean();
      const of = (frame: pl.DataFrame) =>
        pairs<string>(frame.groupBy('key').agg(mean), 'key', 'value');
      const records = rows as { key: string; value: number }[];
      const schema = { key: pl.Utf8, value: pl.Float64 };
      return {
        readRecords: () => of(pl.readRecords(records, { schema })),
        // Two arrays made in JavaScript cross faster than objects do.
        'columns of the records': () =>
          of(
            pl.DataFrame({
              key: records.map(({ key }) => key),
              value: Float64Array.from(records, ({ value }) => value),
            }),
          ),
      };
    },

    zipColumns: ({ a, b, whole }) => {
      const [first, second] = [pl.Series('a', a), pl.Series('b', b)];
      const lazy = pl.DataFrame({ a: first, b: second }).lazy();
      const query = lazy.select(pl.col('a').add(pl.col('b')));
      const answer = (column: pl.Series) => ({
        rows: column.length,
        values: Float64Array.from(whole ? column : [column.get(column.length - 1)]),
      });
      return {
        Series: () => answer(first.add(second)),
        lazy: () => answer(query.collectSync().getColumn('a')),
      };
    },

    valueCounts: ({ values }) => {
      const frame = pl.DataFrame({ x: pl.Series('x', values, pl.Int32) });
      return {
        groupBy: () => {
          const counts = frame.groupBy('x').agg(pl.col('x').count().alias('count'));
          return pairs<number>(counts, 'x', 'count');
        },
      };
    },

    recordSums: ({ path, format }) => {
      const scan = () =>
        format === 'csv' ? pl.scanCSV(path) : pl.scanJson(path, { inferSchemaLength: 100 });
      return {
        scan: () => {
          const query = scan().groupBy('key').agg(pl.col('value').sum());
          return pairs<string>(query.collectSync(), 'key', 'value');
        },
      };
    },

    delaySums: ({ path }) => ({
      scan: () => {
        const query = pl.scanParquet(path).groupBy('origin').agg(pl.col('delay').sum());
        return pairs<string>(query.collectSync(), 'origin', 'delay');
      },
      read: () => {
        const frame = pl.readParquet(path, { columns: ['origin', 'delay'] });
        return pairs<string>(frame.groupBy('origin').agg(pl.col('delay').sum()), 'origin', 'delay');
      },
    }),

    flights: ({ path }) => flightsForms(path),
  },
};

function pairs<K>(frame: pl.DataFrame, key: string, value: string): Counts<K> {
  return countsOf(() => {
    const keys = frame.getColumn(key).toArray() as K[];
    const values = frame.getColumn(value).toArray() as number[];
    return keys.map((k, i) => [k, Number(values[i])] as const);
  });
}

function textKeys(names: readonly string[], ids: Int32Array): Record<string, pl.Series> {
  const text = pl.Series(
    'key',
    Array.from(ids, (id) => names[id]!),
  );
  return { Utf8: text, Categorical: text.cast(pl.Categorical) };
}

/** The means of `value` by `key`, eager and lazy, for each form of the keys. */
function meanQueries(
  keys: Record<string, pl.Series>,
  values: Float64Array,
): [string, () => pl.DataFrame][] {
  return Object.entries(keys).flatMap(([type, key]): [string, () => pl.DataFrame][] => {
    const frame = pl.DataFrame({ key, value: values });
    const mean = pl.col('value').mean();
    const query = frame.lazy().groupBy('key').agg(mean);
    return [
      [type, () => frame.groupBy('key').agg(mean)],
      [`${type}, lazy`, () => query.collectSync()],
    ];
  });
}

function flightsForms(path: string): Forms<Works['flights']['answer']> {
  const read = () => pl.readParquet(path, { columns: ['date', 'delay', 'origin'] }).lazy();
  return {
    Utf8: () => flights(read()),
    // Turned into integers once, the keys are hashed faster in each of the queries that follow.
    Categorical: () =>
      flights(read().withColumn(pl.col('origin').cast(pl.Categorical)).collectSync().lazy()),
  };
}

function flights(frame: pl.LazyDataFrame): FlightsAnswer {
  const delay = pl.col('delay');
  const counted = [delay.count().alias('count'), delay.mean().alias('mean')];

  const origins = frame
    .groupBy('origin')
    .agg(...counted)
    .collectSync();

  const rolling = frame
    .select(
      delay.rollingMean({ windowSize: 1000 }).alias('mean'),
      delay.rollingStd({ windowSize: 1000 }).alias('std'),
    )
    .select(
      pl.col('mean').count().alias('rows'),
      pl.col('mean').sum().alias('meanSum'),
      pl.col('std').sum().alias('stdSum'),
      pl.col('mean').last().alias('lastMean'),
      pl.col('std').last().alias('lastStd'),
    )
    .collectSync();

  const worst = frame
    .groupBy([pl.col('date').cast(pl.Date).alias('day'), pl.col('origin')])
    .agg(...counted)
    .filter(pl.col('count').gtEq(20))
    .sort(['day', 'mean', 'origin'], [false, true, false])
    .groupBy('day', true)
    .head(10)
    .collectSync();

  const recent = delay.rollingMean({ windowSize: 50 });
  const alerts = frame
    .withColumns(
      recent.over('origin').alias('mean'),
      recent.shift(1).over('origin').alias('before'),
    )
    .filter(pl.col('mean').gt(60).and(pl.col('before').ltEq(60)))
    .select('date', 'origin', 'mean')
    .collectSync();

  return {
    origins: (origins.toRecords() as unknown as OriginMean[]).sort((a, b) =>
      a.origin < b.origin ? -1 : 1,
    ),
    rolling: rolling.toRecords()[0] as unknown as FlightsAnswer['rolling'],
    worst: worst.toRecords().map((row) => ({
      day: (row.day as unknown as Date).getTime(),
      origin: row.origin as string,
      count: row.count as number,
      mean: row.mean as number,
    })),
    alerts: alerts.toRecords().map((row) => ({
      at: (row.date as unknown as Date).getTime(),
      origin: row.origin as string,
      mean: row.mean as number,
    })),
  };
}
