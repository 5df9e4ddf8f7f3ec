import { expect, it } from 'vitest';
import { Stream, toPostgres } from '../../src/index.ts';
import { psql } from '../servers/brokers/postgres.ts';
import { postgres } from '../servers/kinds.ts';
import { describeSink } from '../servers/sink-suite.ts';

describeSink(
  {
    kind: postgres,
    title: 'toPostgres()',
    secret: 'secret-of-postgres',
    async open(server, name) {
      await psql(server, `CREATE TABLE ${name} (n serial, text text)`);
      return {
        sink: (url = server.url) => toPostgres(name, { url, row: (text: string) => ({ text }) }),
        written: () => psql(server, `SELECT text FROM ${name} ORDER BY n`),
      };
    },
  },
  (server) => {
    it('updates a row that is there, also twice in a batch', async () => {
      await psql(
        server(),
        'CREATE TABLE latest (a int, b text, v float8 DEFAULT 7, UNIQUE (a, b))',
      );
      const source = new Stream<{ a: number; b: string; v?: number | null }>();
      source.to(toPostgres('public.latest', { url: server().url, upsert: ['a', 'b'] }));
      source.emitMany([
        { a: 1, b: 'x', v: 1 },
        { a: 2, b: 'x' },
        { a: 1, b: 'x', v: 2 },
      ]);
      await source.end();
      source.destroy();
      const again = new Stream<{ a: number; b: string; v: number }>();
      again.to(toPostgres('latest', { url: server().url, upsert: ['a', 'b'] }));
      again.emit({ a: 1, b: 'x', v: 3 });
      await again.end();
      expect(await psql(server(), 'SELECT * FROM latest ORDER BY a')).toEqual(['1|x|3', '2|x|7']);
    });

    it('copies every kind of value', async () => {
      const columns = 'n float8, t text, b bytea, at timestamptz, j jsonb, yes bool, nothing int';
      await psql(
        server(),
        `CREATE TABLE copied (${columns})`,
        `CREATE TABLE inserted (${columns})`,
      );
      const row = {
        n: -0.5,
        t: 'tab\tback\\slash\nline\r"quoted"',
        b: Buffer.from([0, 255]),
        at: new Date('2024-01-01T00:00:00.123Z'),
        j: { a: ['\n', 'ü'] },
        yes: true,
        nothing: null,
      };
      for (const [table, copy] of [
        ['copied', true],
        ['inserted', false],
      ] as const) {
        const source = new Stream<typeof row>();
        source.to(toPostgres(table, { url: server().url, copy }));
        for (let i = 0; i < 1000; i++) await source.emit(row);
        await source.end();
      }
      const distinct = await psql(
        server(),
        'SELECT count(*) FROM copied',
        'SELECT count(*) FROM inserted',
        'SELECT count(*) FROM (SELECT * FROM copied UNION SELECT * FROM inserted) AS different',
      );
      expect(distinct).toEqual(['1000', '1000', '1']);
    });

    it('writes the rest of a batch in which a row breaks a constraint', async () => {
      for (const copy of [false, true]) {
        const table = copy ? 'even_copied' : 'even';
        await psql(server(), `CREATE TABLE ${table} (n int CHECK (n <> 13))`);
        const failed: unknown[] = [];
        const onError = (error: unknown, { element }: { element: unknown }) =>
          failed.push(element, (error as { code?: unknown }).code);
        const source = new Stream<{ n: number }>({ onError });
        source.to(toPostgres(table, { url: server().url, copy }));
        for (let n = 0; n < 20; n++) source.emit({ n });
        await source.end();
        expect(failed).toEqual([{ n: 13 }, 'ERR_REFUSED']);
        const rows = await psql(server(), `SELECT count(*) FROM ${table}`);
        expect(rows).toEqual(['19']);
      }
    });

    it('takes names for names', async () => {
      const name = 'odd "name"; DROP TABLE x';
      const quoted = `"${name.replaceAll('"', '""')}"`;
      await psql(server(), `CREATE TABLE ${quoted} (${quoted} int)`);
      const source = new Stream<Record<string, number>>();
      source.to(toPostgres(name, { url: server().url }));
      source.emit({ [name]: 1 });
      await source.end();
      expect(await psql(server(), `SELECT * FROM ${quoted}`)).toEqual(['1']);
    });
  },
);

it('checks its arguments', () => {
  const url = 'postgres://h';
  expect(() => toPostgres('', { url })).toThrow('table must be a string');
  expect(() => toPostgres('t', { url, copy: true, upsert: ['a'] })).toThrow('wanted one');
  const source = new Stream<object>();
  source.to(toPostgres<object>('t', { url, upsert: ['id'] }));
  expect(() => source.emit({ other: 1 })).toThrow('an object of one column or more with id');
  source.destroy();
});
