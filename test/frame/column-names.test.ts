import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { DataFrame, type Schema } from '../../src/index.ts';

/** The names of all methods and properties of an object that are no columns. */
function membersOf(object: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  return [...names];
}

const plain = new DataFrame({ k: 'utf8', v: 'f64', at: 'timestamp' });
const owners = [
  plain,
  plain.rolling(2),
  plain.window({ n: 2 }),
  plain.groupBy('k'),
  plain.groupBy('k').rolling(2),
  plain.partition('1s', { on: 'at' }),
];
const names = [...new Set([...owners.flatMap(membersOf), 'then', 'toJSON', 'arguments', 'k 1'])];

it('a column of any name is reached by col, and comes back from rows and columns', () => {
  expect(names).toEqual(expect.arrayContaining(['to', 'size', 'emit', 'constructor', '__proto__']));
  for (const name of names) {
    if (name === 'k' || name === 'at') continue;
    const schema = Object.fromEntries([
      ['k', 'utf8'],
      [name, 'f64'],
      ['at', 'timestamp'],
    ]) as Schema;
    const frame = new DataFrame(schema);
    const rows = frame.sinkToList();
    const columns = frame.col(name).sinkToList();
    const results = [
      frame.rolling(2, { minPeriods: 1 }).col(name).max().sinkToList(),
      frame.groupBy('k').rolling(2, { minPeriods: 1 }).col(name).max().sinkToList(),
    ];
    const tables = [
      frame.window({ n: 2 }).groupBy('k').col(name).max().sinkToList(),
      frame.groupBy('k').col(name).max().sinkToList(),
      frame.groupBy('k').max().sinkToList(),
      frame.query(`\`${name}\` > 0`).select(name, 'k').sinkToList(),
    ];
    const row = Object.fromEntries([
      ['k', 'a'],
      [name, 5],
      ['at', 0],
    ]);
    frame.emit([row] as never);
    frame.emit(Object.fromEntries(Object.entries(row).map(([key, one]) => [key, [one]])) as never);
    expect([name, ...rows.flatMap((table) => table.toRows())]).toEqual([name, row, row]);
    expect(Object.keys(rows[0]!.toRows()[0]!).sort()).toEqual(['k', name, 'at'].sort());
    expect([name, ...columns.flatMap((column) => column.toArray())]).toEqual([name, 5, 5]);
    for (const list of results) {
      expect([
        name,
        ...list.flatMap((column) => (column as { toArray(): unknown[] }).toArray()),
      ]).toEqual([name, 5, 5]);
    }
    for (const list of tables) {
      const last = list.at(-1) as { toColumns(): Record<string, unknown[]> };
      expect([name, Object.entries(last.toColumns()).find(([key]) => key === name)]).toEqual([
        name,
        [name, [5]],
      ]);
    }
    expect(inspect(frame)).toContain(`${name}: f64`);
  }
});
