import {
  BIGINT,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import { packageVersion } from '../package-version.ts';
import type { Engine } from '../work.ts';

const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJS();
}

/** Fills a table with columns, a chunk at a time. */
async function append(
  table: string,
  types: readonly DuckDBType[],
  columns: readonly ArrayLike<DuckDBValue>[],
): Promise<void> {
  const appender = await connection.createAppender(table);
  const { length } = columns[0]!;
  for (let start = 0; start < length; start += 2048) {
    const rows = Math.min(2048, length - start);
    const chunk = DuckDBDataChunk.create(types, rows);
    chunk.setColumns(
      columns.map((column) => Array.from({ length: rows }, (_, i) => column[start + i]!)),
    );
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

export const engine: Engine = {
  name: 'DuckDB',
  version: packageVersion('@duckdb/node-api'),
  works: {
    rolling: async ({ values, n, aggregate, whole }) => {
      await connection.run('CREATE OR REPLACE TABLE numbers (i BIGINT, x DOUBLE)');
      await append('numbers', [BIGINT, DOUBLE], [Array.from(values, (_, i) => BigInt(i)), values]);
      const fn = aggregate === 'mean' ? 'avg' : aggregate === 'std' ? 'stddev_samp' : aggregate;
      const windows = `
        SELECT i, ${fn}(x) OVER (ORDER BY i ROWS BETWEEN ${n - 1} PRECEDING AND CURRENT ROW) AS y
        FROM numbers`;
      const full = `FROM (${windows}) WHERE i >= ${n - 1}`;
      return {
        SQL: async () => {
          if (whole) {
            const found = await rows(`SELECT y ${full} ORDER BY i`);
            return { rows: found.length, values: Float64Array.from(found, ({ y }) => y as number) };
          }
          const [found] = await rows(`SELECT count(y) AS rows, arg_max(y, i) AS last ${full}`);
          return { rows: Number(found!.rows), values: Float64Array.of(found!.last as number) };
        },
      };
    },

    recordSums: ({ path, format }) => {
      const quoted = `'${path.replaceAll("'", "''")}'`;
      const sums = async (file: string) => {
        const found = await rows(`SELECT key, sum(value) AS total FROM ${file} GROUP BY key`);
        return found.map(({ key, total }) => [key as string, Number(total)] as const);
      };
      const read = format === 'csv' ? 'read_csv' : 'read_json';
      const lines = format === 'csv' ? '' : ", format = 'newline_delimited'";
      const all =
        "{ 'id': 'BIGINT', 'key': 'VARCHAR', 'value': 'DOUBLE', 'size': 'BIGINT', 'at': 'BIGINT' }";
      const types =
        format === 'csv'
          ? `, columns = ${all}, header = true`
          : ", columns = { key: 'VARCHAR', value: 'DOUBLE' }";
      return {
        'types given': () => sums(`${read}(${quoted}${lines}${types})`),
        'types inferred': () => sums(`${read}(${quoted}${lines})`),
      };
    },

    delaySums: ({ path }) => ({
      SQL: async () => {
        const file = `read_parquet('${path.replaceAll("'", "''")}')`;
        const found = await rows(`SELECT origin, sum(delay) AS total FROM ${file} GROUP BY origin`);
        return found.map(({ origin, total }) => [origin as string, Number(total)] as const);
      },
    }),

    manyGroups: async ({ names, ids, values }) => {
      await connection.run('CREATE OR REPLACE TABLE ids (id INTEGER, value DOUBLE)');
      await append('ids', [INTEGER, DOUBLE], [ids, values]);
      await connection.run('CREATE OR REPLACE TABLE names (id INTEGER, name VARCHAR)');
      await append('names', [INTEGER, VARCHAR], [names.map((_, id) => id), names]);
      await connection.run('CREATE OR REPLACE TYPE name AS ENUM (SELECT name FROM names)');
      const forms: Record<string, () => Promise<{ groups: number; sum: number }>> = {};
      for (const type of ['VARCHAR', 'name']) {
        const table = `keyed_${type}`;
        await connection.run(`
          CREATE OR REPLACE TABLE ${table} AS
          SELECT name::${type} AS key, value FROM ids JOIN names USING (id)`);
        forms[type === 'name' ? 'SQL, ENUM' : 'SQL, VARCHAR'] = async () => {
          const [found] = await rows(`
            SELECT count(*) AS groups, sum(mean) AS sum
            FROM (SELECT avg(value) AS mean FROM ${table} GROUP BY key)`);
          return { groups: Number(found!.groups), sum: found!.sum as number };
        };
      }
      return forms;
    },

    flights: ({ path }) => {
      const file = `read_parquet('${path.replaceAll("'", "''")}', file_row_number = true)`;
      return {
        SQL: async () => ({
          origins: (
            await rows(`
              SELECT origin, count(*) AS count, avg(delay) AS mean
              FROM ${file} GROUP BY origin ORDER BY origin`)
          ).map((row) => ({
            origin: row.origin as string,
            count: Number(row.count),
            mean: row.mean as number,
          })),

          // Differences of running sums, exact for whole minutes, take a sixth of the time that
          // DuckDB's moving windows take.
          rolling: (
            await rows(`
              SELECT count(*) AS rows, sum(mean) AS "meanSum", sum(std) AS "stdSum",
                arg_max(mean, n) AS "lastMean", arg_max(std, n) AS "lastStd"
              FROM (
                SELECT n, s / 1000 AS mean, sqrt((q - s * s / 1000) / 999) AS std
                FROM (
                  SELECT n, s - lag(s, 1000, 0) OVER () AS s, q - lag(q, 1000, 0) OVER () AS q
                  FROM (
                    SELECT file_row_number AS n, sum(delay::DOUBLE) OVER w AS s,
                      sum((delay * delay)::DOUBLE) OVER w AS q
                    FROM ${file} WINDOW w AS (ROWS UNBOUNDED PRECEDING)
                  )
                ) WHERE n >= 999
              )`)
          ).map((row) => ({
            rows: Number(row.rows),
            meanSum: row.meanSum as number,
            stdSum: row.stdSum as number,
            lastMean: row.lastMean as number,
            lastStd: row.lastStd as number,
          }))[0]!,

          worst: (
            await rows(`
              SELECT epoch_ms(day) AS day, origin, count, mean FROM (
                SELECT date::DATE AS day, origin, count(*) AS count, avg(delay) AS mean
                FROM ${file} GROUP BY ALL HAVING count(*) >= 20
              )
              QUALIFY row_number() OVER (PARTITION BY day ORDER BY mean DESC, origin) <= 10
              ORDER BY day, mean DESC, origin`)
          ).map((row) => ({
            day: Number(row.day),
            origin: row.origin as string,
            count: Number(row.count),
            mean: row.mean as number,
          })),

          alerts: (
            await rows(`
              SELECT epoch_ms(date) AS at, origin, mean FROM (
                SELECT file_row_number AS n, date, origin, mean,
                  row_number() OVER by_origin AS flight, lag(mean) OVER by_origin AS before
                FROM (
                  SELECT file_row_number, date, origin, avg(delay) OVER (
                    PARTITION BY origin ORDER BY file_row_number ROWS 49 PRECEDING) AS mean
                  FROM ${file}
                )
                WINDOW by_origin AS (PARTITION BY origin ORDER BY file_row_number)
              ) WHERE flight > 50 AND mean > 60 AND before <= 60
              ORDER BY n`)
          ).map((row) => ({
            at: Number(row.at),
            origin: row.origin as string,
            mean: row.mean as number,
          })),
        }),
      };
    },
  },
};
