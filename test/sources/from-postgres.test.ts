import { expect, it } from 'vitest';
import { fromPostgres } from '../../src/index.ts';
import { describeBroker } from '../servers/broker-suite.ts';
import { postgresBroker, psql } from '../servers/brokers/postgres.ts';

describeBroker(postgresBroker, (server) => {
  it('gives what was inserted, updated and deleted, and nothing of what was rolled back', async () => {
    await psql(
      server(),
      'CREATE TABLE changes (id int PRIMARY KEY, at timestamptz, data jsonb)',
      'ALTER TABLE changes REPLICA IDENTITY FULL',
      'CREATE PUBLICATION changes FOR TABLE changes',
    );
    const what = { publication: 'changes', slot: 'changes' };
    const source = fromPostgres(what, { url: server().url });
    const seen = source.sinkToList();
    void source.start();
    const slots = () => psql(server(), 'SELECT slot_name FROM pg_replication_slots WHERE active');
    await expect.poll(slots).toContain('changes');
    await psql(
      server(),
      `INSERT INTO changes VALUES (1, '2024-01-01T00:00:00Z', '{"a":1}')`,
      'BEGIN',
      'INSERT INTO changes VALUES (2)',
      'ROLLBACK',
      'UPDATE changes SET id = 3',
      'DELETE FROM changes',
      'TRUNCATE changes',
    );
    await expect.poll(() => seen.length).toBe(4);
    const row = { id: 1, at: new Date('2024-01-01T00:00:00Z'), data: { a: 1 } };
    expect(seen.map(({ operation, row, before }) => ({ operation, row, before }))).toEqual([
      { operation: 'insert', row, before: undefined },
      { operation: 'update', row: { ...row, id: 3 }, before: row },
      { operation: 'delete', row: undefined, before: { ...row, id: 3 } },
      { operation: 'truncate', row: undefined, before: undefined },
    ]);
    expect(seen[0]).toMatchObject({ schema: 'public', table: 'changes' });
    await source.stop();
  });

  it('fails where there is no such publication', async () => {
    const what = { publication: 'none', slot: 'none' };
    const source = fromPostgres(what, { url: server().url });
    await expect(source.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
  });

  it('reads a query a page at a time, and again', async () => {
    const what = { query: 'SELECT n FROM generate_series(1, $1) AS n', values: [25] };
    const source = fromPostgres<{ n: number }>(what, { url: server().url, page: 10 });
    const seen = source.pluck('n').sinkToList();
    await source.start();
    expect(source.state).toBe('ended');
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    await source.start();
    expect(seen).toHaveLength(50);
  });

  it('leaves the rows that are not wanted yet with the server', async () => {
    const what = { query: 'SELECT generate_series(1, 100000000) AS n' };
    const source = fromPostgres<{ n: number }>(what, { url: server().url, page: 10 });
    const seen: number[] = [];
    source.sink(async ({ n }) => {
      seen.push(n);
      if (n === 5) void source.stop();
    });
    await source.start();
    expect(source.state).toBe('stopped');
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('fails with what the server says of a query', async () => {
    const source = fromPostgres({ query: 'SELECT nothing' }, { url: server().url });
    await expect(source.start()).rejects.toThrow('column "nothing" does not exist');
  });
});

it('checks its arguments', () => {
  const options = { url: 'postgres://h' };
  const query = { query: 'SELECT 1' };
  expect(() => fromPostgres({ query: '' }, options)).toThrow('query must be a string');
  expect(() => fromPostgres(query, { ...options, page: 0 })).toThrow('page must be');
  expect(() => fromPostgres(query, { url: 'mysql://h' })).toThrow('got mysql://');
  expect(() => fromPostgres({ publication: 'p', slot: 'No' }, options)).toThrow('slot must have');
});
