import { Dictionary, Int32, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { type CountOptions, DataFrame, Series, Stream } from '../../dist/index.js';
import { flightsGraph, worstOf } from '../../examples/flights/graph.ts';
import {
  type Counts,
  countsOf,
  type Engine,
  type FlightsAnswer,
  type Summary,
  type Works,
} from '../work.ts';

/** What millrace does in columns. */
export const columns: Engine['works'] = {
  rolling: (task) => ({
    emit: () => rolling(task, false),
    'emit, results read at once': () => rolling(task, true),
  }),

  groupMean: (task) => {
    const tables = arrowTables(task);
    return {
      'emit, Arrow': () => {
        const source = new DataFrame({ key: 'utf8', value: 'f64' });
        const last = lastOf(source.groupBy('key').value.mean());
        for (const table of tables) source.emit(table);
        return pairs<string>(last());
      },
    };
  },

  manyGroups: (task) => {
    const tables = arrowTables(task);
    return {
      "emit, Arrow, { emit: 'end' }": () => {
        const source = new DataFrame({ key: 'utf8', value: 'f64' });
        const last = lastOf(source.groupBy('key', { emit: 'end' }).value.mean());
        for (const table of tables) source.emit(table);
        source.end();
        const means = last().column('value').values as Float64Array;
        return { groups: means.length, sum: means.reduce((sum, mean) => sum + mean, 0) };
      },
    };
  },

  recordMean: ({ rows, batch }) => {
    const schema = { key: 'utf8', value: 'f64' } as const;
    return {
      'toDataFrame, emit': () => {
        const source = new Stream<(typeof rows)[number]>();
        const frame = source.toDataFrame(schema, { batch });
        const last = lastOf(frame.groupBy('key').value.mean());
        for (let i = 0; i < rows.length; i++) source.emit(rows[i]!);
        frame.flush();
        return pairs<string>(last());
      },
      'toDataFrame, emitMany': () => {
        const source = new Stream<(typeof rows)[number]>();
        const frame = source.toDataFrame(schema, { batch });
        const last = lastOf(frame.groupBy('key').value.mean());
        source.emitMany(rows);
        frame.flush();
        return pairs<string>(last());
      },
      "toDataFrame, emitMany, { emit: 'end' }": () => {
        const source = new Stream<(typeof rows)[number]>();
        const frame = source.toDataFrame(schema, { batch });
        const last = lastOf(frame.groupBy('key', { emit: 'end' }).value.mean());
        source.emitMany(rows);
        frame.end();
        return pairs<string>(last());
      },
      'emit, arrays of rows': () => {
        const source = new DataFrame(schema);
        const last = lastOf(source.groupBy('key').value.mean());
        for (let i = 0; i < rows.length; i += batch) source.emit(rows.slice(i, i + batch));
        return pairs<string>(last());
      },
    };
  },

  zipColumns: (task) => ({
    emit: () => zipColumns(task, false),
    'emit, results read at once': () => zipColumns(task, true),
  }),

  summary: ({ values, times }) => {
    const source = new Series('f64');
    const answer: Summary = { sum: 0, mean: 0, min: 0, max: 0 };
    for (const name of ['sum', 'mean', 'min', 'max'] as const) {
      source[name]().sink((value) => {
        answer[name] = value!;
      });
    }
    return {
      emit: () => {
        for (let time = 0; time < times; time++) source.emit(values);
        return answer;
      },
    };
  },

  expression: ({ values, times, above }) => {
    const source = new Series('f64');
    const y = source.mul(2).add(1);
    let last = 0;
    y.filter(y.gt(above))
      .sum()
      .sink((value) => {
        last = value!;
      });
    return {
      emit: () => {
        for (let time = 0; time < times; time++) source.emit(values);
        return last;
      },
    };
  },

  valueCounts: (task) => ({
    emit: () => valueCounts(task, {}),
    'emit, results read at once': () => valueCounts(task, {}, true),
    "emit, { emit: 'end' }": () => valueCounts(task, { emit: 'end' }),
  }),

  byteWords: (task) => ({
    emitWords: () => byteWords(task, {}),
    'emitWords, results read at once': () => byteWords(task, {}, true),
    "emitWords, { emit: 'end' }": () => byteWords(task, { emit: 'end' }),
  }),

  recordSums: ({ path, format }) => ({
    'types given': () => recordSums(path, format, { key: 'utf8', value: 'f64' }),
    'types inferred': () => recordSums(path, format, ['key', 'value']),
  }),

  delaySums: ({ path }) => {
    const delays = async (batch: number) => {
      const columns = { origin: 'utf8', delay: 'i64' } as const;
      const flights = DataFrame.fromParquet(path, { columns, batch });
      let last: Keyed | undefined;
      flights
        .groupBy('origin')
        .delay.sum()
        .sink((table) => {
          last = table;
        });
      await flights.run();
      return pairs<string>(last!);
    };
    return {
      fromParquet: () => delays(8192),
      'fromParquet, batches of 65,536': () => delays(65_536),
    };
  },

  flights: ({ path }) => ({ fromParquet: () => flights(path) }),
};

async function recordSums(
  path: string,
  format: 'ndjson' | 'csv',
  columns: { readonly key: 'utf8'; readonly value: 'f64' } | readonly string[],
): Promise<Counts<string>> {
  const from = format === 'csv' ? DataFrame.fromCsv : DataFrame.fromNdjson;
  const records = from(path, { columns: columns as { key: 'utf8'; value: 'f64' } });
  let last: Keyed | undefined;
  records
    .groupBy('key')
    .value.sum()
    .sink((table) => {
      last = table;
    });
  await records.run();
  return pairs<string>(last!);
}

/** With `reuse`, results are only read while the sink is called, and the next ones overwrite them. */
function rolling(
  { values, batch, n, aggregate, whole }: Works['rolling']['task'],
  reuse: boolean,
): Works['rolling']['answer'] {
  const source = new Series('f64');
  const answer = new Float64Array(whole ? values.length : 1);
  let rows = 0;
  source
    .rolling(n)
    [aggregate]()
    .sink(
      (column) => {
        const chunk = column.values;
        if (whole) answer.set(chunk, rows);
        else answer[0] = chunk[chunk.length - 1]!;
        rows += chunk.length;
      },
      { reuse },
    );
  for (let i = 0; i < values.length; i += batch) source.emit(values.subarray(i, i + batch));
  // The rows before the first full window are missing.
  return { rows: rows - n + 1, values: whole ? answer.subarray(n - 1) : answer };
}

/** Whoever has less emits next, as two clients of one speed would. */
function zipColumns(
  { a, b, batches, whole }: Works['zipColumns']['task'],
  reuse: boolean,
): Works['zipColumns']['answer'] {
  const [first, second] = [new Series('f64', { name: 'a' }), new Series('f64', { name: 'b' })];
  const both = first.zip(second) as unknown as DataFrame<{ a: 'f64'; b: 'f64' }>;
  const answer = new Float64Array(whole ? a.length : 1);
  let rows = 0;
  both.a.add(both.b).sink(
    ({ values }) => {
      if (whole) answer.set(values, rows);
      else answer[0] = values[values.length - 1]!;
      rows += values.length;
    },
    { reuse },
  );
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i <= j) {
      first.emit(a.subarray(i, i + batches[0]));
      i += batches[0];
    } else {
      second.emit(b.subarray(j, j + batches[1]));
      j += batches[1];
    }
  }
  return { rows, values: answer };
}

/** With `reuse`, each table is overwritten by the next: the last one can be read at the end. */
function valueCounts(
  { values, batch, times }: Works['valueCounts']['task'],
  options: CountOptions,
  reuse = false,
) {
  const source = new Series('i32');
  let last: Keyed | undefined;
  source.valueCounts(options).sink(
    (table) => {
      last = table;
    },
    { reuse },
  );
  for (let time = 0; time < times; time++) {
    for (let i = 0; i < values.length; i += batch) source.emit(values.subarray(i, i + batch));
  }
  source.end();
  return pairs<number>(last!);
}

function byteWords(
  { text, chunk }: Works['byteWords']['task'],
  options: CountOptions,
  reuse = false,
) {
  const source = new Series('utf8');
  let last: Keyed | undefined;
  source.frequencies(options).sink(
    (table) => {
      last = table;
    },
    { reuse },
  );
  for (let i = 0; i < text.length; i += chunk) source.emitWords(text.subarray(i, i + chunk));
  source.end();
  return pairs<string>(last!);
}

/** What is read of a keyed table. */
interface Keyed {
  readonly columnNames: readonly string[];
  column(name: string): { readonly values: unknown; toArray(): readonly unknown[] };
}

/** Gives the last table that came. */
function lastOf(tables: { sink(receive: (table: Keyed) => void): unknown }): () => Keyed {
  let last: Keyed | undefined;
  tables.sink((table) => {
    last = table;
  });
  return () => last!;
}

/** Batches of rows whose keys are ids of one dictionary. */
function arrowTables({ names, ids, values, batch }: Works['manyGroups']['task']): Table[] {
  const type = new Dictionary(new Utf8(), new Int32());
  const dictionary = vectorFromArray(names, new Utf8());
  const tables: Table[] = [];
  for (let i = 0; i < ids.length; i += batch) {
    const key = makeVector({ type, dictionary, data: ids.subarray(i, i + batch) });
    tables.push(new Table({ key, value: makeVector(values.subarray(i, i + batch)) }));
  }
  return tables;
}

/** The first two columns of a keyed table, row by row. */
function pairs<K>(table: Keyed): Counts<K> {
  return countsOf(() => {
    const [keys, values] = table.columnNames.map((name) => table.column(name).toArray());
    return keys!.map((key, row) => [key as K, Number(values![row])] as const);
  });
}

async function flights(path: string): Promise<FlightsAnswer> {
  const graph = flightsGraph(path);
  const answer: FlightsAnswer = {
    origins: [],
    rolling: { rows: 0, meanSum: 0, stdSum: 0, lastMean: 0, lastStd: 0 },
    worst: [],
    alerts: [],
  };
  const { rolling } = answer;
  let origins: Parameters<typeof worstOf>[0] = [];
  graph.byOrigin.sink((table) => {
    origins = table;
  });
  graph.rolling.sink((table) => {
    const means = table.column('mean').values;
    const stds = table.column('std').values;
    for (let i = 0; i < means.length; i++) {
      // Missing until the window is full.
      if (Number.isNaN(means[i]!)) continue;
      rolling.rows++;
      rolling.meanSum += means[i]!;
      rolling.stdSum += stds[i]!;
      rolling.lastMean = means[i]!;
      rolling.lastStd = stds[i]!;
    }
  });
  graph.days.sink(({ day, worst }) => {
    for (const origin of worst) answer.worst.push({ day, ...origin });
  });
  graph.alerts.sink(({ date, origin, mean }) => {
    answer.alerts.push({ at: date, origin, mean });
  });
  await graph.flights.run();
  answer.origins = worstOf(origins, 0, Number.POSITIVE_INFINITY).sort((a, b) =>
    a.origin < b.origin ? -1 : 1,
  );
  return answer;
}
