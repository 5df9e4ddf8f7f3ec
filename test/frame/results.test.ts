import { inspect } from 'node:util';
import {
  Table as ArrowTable,
  Dictionary,
  Int32,
  makeVector,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { type Column, DataFrame, Series, type Table } from '../../src/index.ts';

const schema = { name: 'utf8', n: 'i64', x: 'f64', at: 'timestamp', ok: 'bool' } as const;
const rows = [
  { name: 'one', n: 1, x: 0.5, at: 1000, ok: true },
  { name: null, n: 2n ** 60n, x: null, at: null, ok: null },
  { name: 'three', n: null, x: -0, at: 3000, ok: false },
];

function emitted(): Table<typeof schema> {
  const frame = new DataFrame(schema);
  const [seen] = [frame.sinkToList()];
  frame.emit(rows);
  return seen[0]!;
}

describe('a column', () => {
  it('reads single values, from both ends', () => {
    const n = emitted().column('n');
    expect([n.length, n.type, n.name, n.nullCount]).toEqual([3, 'i64', 'n', 1]);
    expect([n.at(0), n.at(1), n.at(2), n.at(-1), n.at(-3)]).toEqual([1, 2n ** 60n, null, null, 1]);
    for (const index of [3, -4, 0.5, Number.NaN]) {
      expect(() => n.at(index)).toThrow(/the index must be an integer within ±3, got/);
    }
  });

  it('shows its values and which of them are there', () => {
    const table = emitted();
    expect(table.column('x').values).toBeInstanceOf(Float64Array);
    expect(table.column('n').values).toBeInstanceOf(BigInt64Array);
    expect(table.column('at').values[0]).toBe(1_000_000_000n);
    expect([...table.column('ok').values]).toEqual([1, expect.anything(), 0]);
    expect(table.column('name').values).toEqual(['one', null, 'three']);
    expect(table.column('x').validity![0]! & 0b111).toBe(0b101);
    const whole = new Series('f64');
    const seen = whole.sinkToList();
    whole.emit([1, 2]);
    expect(seen[0]?.validity).toBeNull();
  });

  it('stays as it is, whatever comes later', () => {
    const series = new Series('f64');
    const seen = series.rolling(2).sum().sinkToList();
    const values = Float64Array.from({ length: 5000 }, (_, i) => i);
    for (let i = 0; i < 200; i++) series.emit(values);
    for (const column of seen.slice(1)) {
      expect(column.nullCount).toBe(0);
      expect(column.values[0]).toBe(4999);
      expect(column.values[4999]).toBe(4998 + 4999);
    }
  });

  it('prints', () => {
    expect(inspect(emitted().column('n'))).toBe(
      "Column 'n' i64[3] [ 1, 1152921504606846976n, null ]",
    );
  });
});

describe('a table', () => {
  it('shows rows and columns', () => {
    const table = emitted();
    expect(table.numRows).toBe(3);
    expect(table.schema).toEqual(schema);
    expect(table.toRows()).toEqual(rows);
    expect(table.toColumns().name).toEqual(['one', null, 'three']);
    expect([...table].map(({ ok }) => ok)).toEqual([true, null, false]);
    // @ts-expect-error no such column
    expect(() => table.column('z')).toThrow(/no column|Cannot read column 'z'/);
  });

  it('prints aligned, names over types over values', () => {
    expect(inspect(emitted())).toMatchInlineSnapshot(`
      "name                     n     x  at                        ok
      utf8                   i64   f64  timestamp                 bool
      one                      1   0.5  1970-01-01T00:00:01.000Z  true
      null   1152921504606846976  null  null                      null
      three                 null     0  1970-01-01T00:00:03.000Z  false"
    `);
  });

  it('goes to Arrow and comes back', async () => {
    const arrow = await emitted().toArrow();
    const copy = tableFromIPC(tableToIPC(arrow));
    expect(copy.numRows).toBe(3);
    const frame = new DataFrame(schema);
    const seen = frame.sinkToList();
    frame.emit(copy);
    frame.emit(copy.batches[0]!);
    expect(seen.map((table) => table.toRows())).toEqual([rows, rows]);
  });
});

describe('Arrow data', () => {
  it('with a dictionary, shared by batches or not, whole or with missing values', () => {
    const names = ['a', 'b', 'c'];
    const type = new Dictionary(new Utf8(), new Int32());
    const dictionary = vectorFromArray(names, new Utf8());
    const key = (ids: number[]) => makeVector({ type, dictionary, data: Int32Array.from(ids) });
    const frame = new DataFrame({ key: 'utf8', value: 'i32' });
    const sums = frame.groupBy('key').value.sum().sinkToList();
    const keys = frame.key.sinkToList();
    const value = makeVector(Int32Array.of(1, 2, 3));
    frame.emit(new ArrowTable({ key: key([2, 0, 2]), value }));
    frame.emit(new ArrowTable({ key: key([1, 1, 0]), value }));
    frame.emit(new ArrowTable({ key: vectorFromArray(['b', null, 'z'], type), value }));
    frame.emit([{ key: 'z', value: 10 }]);
    expect(keys.flatMap((column: Column) => column.toArray())).toEqual([
      'c',
      'a',
      'c',
      'b',
      'b',
      'a',
      'b',
      null,
      'z',
      'z',
    ]);
    expect(sums.at(-1)?.toRows()).toEqual([
      { key: 'c', value: 4 },
      { key: 'a', value: 5 },
      { key: 'b', value: 4 },
      { key: null, value: 2 },
      { key: 'z', value: 13 },
    ]);
  });

  it('with a dictionary whose ids are ours, a part of ours, or in another order', () => {
    const type = new Dictionary(new Utf8(), new Int32());
    const table = (names: string[], ids: number[]) =>
      new ArrowTable({
        key: makeVector({
          type,
          dictionary: vectorFromArray(names, new Utf8()),
          data: Int32Array.from(ids),
        }),
      });
    const frame = new DataFrame({ key: 'utf8' });
    const keys = frame.key.sinkToList();
    const batches: [string[], number[]][] = [
      [
        ['a', 'b', 'c'],
        [2, 0],
      ],
      [
        ['a', 'b'],
        [1, 0, 1],
      ],
      [
        ['b', 'a'],
        [0, 1],
      ],
      [
        ['a', 'b', 'c', 'd'],
        [3, 2],
      ],
      [
        ['a', 'a', 'c'],
        [1, 2],
      ],
    ];
    for (const [names, ids] of batches) {
      const data = table(names, ids);
      frame.emit(data);
      frame.emit(data.slice(1));
    }
    const expected = batches.flatMap(([names, ids]) => {
      const texts = ids.map((id) => names[id]!);
      return [texts, texts.slice(1)];
    });
    expect(keys.map((column: Column) => column.toArray())).toEqual(expected);
  });

  it('with any text in its dictionary, whole or a part of another', () => {
    const type = new Dictionary(new Utf8(), new Int32());
    const lists = [
      ['b', '', 'a long one, long enough to be cut out of another', 'c'],
      ['ä', 'b', '', '🙂🙂', 'c'],
      ['b', null, 'c'],
    ];
    for (const list of lists) {
      for (const start of [0, 1]) {
        const names = list.slice(start);
        const dictionary = vectorFromArray(list, new Utf8()).slice(start);
        const data = Int32Array.from(names, (_, id) => id);
        const frame = new DataFrame({ key: 'utf8' });
        const counts = frame.groupBy('key').size().sinkToList();
        frame.emit(new ArrowTable({ key: makeVector({ type, dictionary, data }) }));
        frame.emit([{ key: 'c' }]);
        const expected = names.map((key) => ({ key, size: key === 'c' ? 2 : 1 }));
        expect(counts.at(-1)?.toRows()).toEqual(expected);
      }
    }
  });

  it('whose ids are beyond their dictionary is refused, without harm to later batches', () => {
    const type = new Dictionary(new Utf8(), new Int32());
    const dictionary = vectorFromArray(['a', 'b'], new Utf8());
    const table = (...ids: number[]) =>
      new ArrowTable({ key: makeVector({ type, dictionary, data: Int32Array.from(ids) }) });
    const frame = new DataFrame({ key: 'utf8' });
    const keys = frame.key.sinkToList();
    const counts = frame.groupBy('key').size().sinkToList();
    for (const id of [2, -1, 2 ** 31 - 1]) {
      expect(() => frame.emit(table(1, id))).toThrow(
        new RangeError(
          `Cannot emit: column 'key' has ids of a dictionary of 2 strings, got id ${id} in row 1`,
        ),
      );
    }
    frame.emit(table(1, 0));
    expect(keys.map((column: Column) => column.toArray())).toEqual([['b', 'a']]);
    expect(counts.map((counts) => counts.toRows())).toEqual([
      [
        { key: 'b', size: 1 },
        { key: 'a', size: 1 },
      ],
    ]);
  });

  it('without a column, or of another type', () => {
    const frame = new DataFrame({ key: 'utf8', value: 'f64' });
    const value = makeVector(Int32Array.of(1));
    expect(() => frame.emit(new ArrowTable({ value }))).toThrow(
      /column 'key' is missing, the Arrow table has value/,
    );
    expect(() => frame.emit(new ArrowTable({ key: value, value }))).toThrow(
      /column 'key' \(utf8\)/,
    );
    const seen = frame.sinkToList();
    frame.emit(new ArrowTable({ key: vectorFromArray(['x'], new Utf8()), value }));
    expect(seen[0]?.toRows()).toEqual([{ key: 'x', value: 1 }]);
  });
});
