import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnWriter, Interner } from '../../src/frame/input/column-writer.ts';
import { createRowReader, loopReader, type RowReader } from '../../src/frame/input/row-reader.ts';
import type { ColumnType } from '../../src/frame/types.ts';

const types: ColumnType[] = ['bool', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'f32'];
const columns: ColumnType[] = [...types, 'f64', 'utf8', 'timestamp'];

/** Values that stand in some columns and not in others. */
const value = fc.oneof(
  fc.constantFrom(null, undefined, true, false, -0, 1.5, Number.NaN, 127, 128, -129, 65_536),
  fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 53, 1n, 2n ** 63n, 2n ** 64n - 1n, 'a', 'b', new Date(5)),
  fc.constantFrom('\ud800', '\udfff', '\ufffd', {}, [1]),
);

function write(reader: (columns: ColumnWriter) => RowReader, type: ColumnType, interned: boolean) {
  const writer = new ColumnWriter('x', type, 4, interned ? new Interner([]) : null);
  return { writer, reader: reader(writer) };
}

const generated = (writer: ColumnWriter) => createRowReader([{ writer, used: true }]);
const looped = (writer: ColumnWriter) => loopReader([writer], ['x']);

function outcome(run: () => void, writer: ColumnWriter, rows: number): unknown {
  try {
    run();
  } catch (error) {
    writer.discard(0);
    return String(error);
  }
  const buffers: unknown[] = [];
  writer.finish(rows, buffers as never);
  return buffers.map((buffer) => (buffer === null ? null : Array.from(buffer as Uint8Array)));
}

describe('rows are read by generated code as by its twin', () => {
  it.each(columns)('%s', (type) => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        (values, key, one) => {
          const rows = values.map((x) => (x === undefined ? {} : { x }));
          const [a, b] = [generated, looped].map((make) => {
            const { writer, reader } = write(make, type, key && type === 'utf8');
            writer.grow(rows.length);
            const many = () => reader.many(rows);
            return outcome(one ? () => rows.forEach(reader.one) : many, writer, rows.length);
          });
          expect(a).toEqual(b);
        },
      ),
    );
  });

  it('tells one row from whole columns by the first column', () => {
    for (const make of [generated, looped]) {
      const { reader } = write(make, 'f64', false);
      const rows = [{ x: 1 }, { x: null }, { x: [1] }, { x: Float64Array.of(1) }, {}];
      expect(rows.map((row) => reader.isRow(row))).toEqual([true, true, false, false, false]);
    }
  });
});
