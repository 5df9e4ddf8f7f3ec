import {
  DateDay,
  Duration,
  Float64,
  Int32,
  makeData,
  makeVector,
  type RecordBatch,
  Table,
  TimestampMicrosecond,
  TimestampNanosecond,
  TimeUnit,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DataFrame, type Schema } from '../../src/index.ts';
import { Plan, type TypedArray } from '../../src/native/plan.ts';

/** The arrays that the addon gets for a table. */
function given(schema: Schema, table: Table | RecordBatch): readonly (TypedArray | null)[] {
  const frame = new DataFrame(schema);
  const seen: unknown[] = [];
  frame.sink((rows) => seen.push(rows));
  const push = vi.spyOn(Plan.prototype, 'push');
  frame.emit(table as never);
  expect(push).toHaveBeenCalledTimes(1);
  return push.mock.calls[0]![1];
}

const sameMemory = (array: TypedArray | null | undefined, other: TypedArray) => {
  expect(array?.buffer).toBe(other.buffer);
  expect(array?.byteOffset).toBe(other.byteOffset);
};

describe('what Arrow has as we do reaches the addon from where it lies', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('of columns without missing values, in tables and record batches', () => {
    const x = Float64Array.of(1, 2, 3);
    const i = Int32Array.of(1, 2, 3);
    const table = new Table({ x: makeVector(x), i: makeVector(i) });
    for (const data of [table, table.batches[0]!]) {
      const buffers = given({ x: 'f64', i: 'i32' }, data);
      sameMemory(buffers[0], x);
      sameMemory(buffers[2], i);
      expect([buffers[1], buffers[3]]).toEqual([null, null]);
      vi.restoreAllMocks();
    }
  });

  it('of columns with missing values, and their bits', () => {
    const vector = vectorFromArray([1, null, 3], new Float64());
    const { values, nullBitmap } = vector.data[0]!;
    const buffers = given({ x: 'f64' }, new Table({ x: vector }));
    sameMemory(buffers[0], values);
    sameMemory(buffers[1], nullBitmap);
  });

  it('of times in nanoseconds and days', () => {
    const at = BigInt64Array.of(1n, 2n);
    const took = BigInt64Array.of(3n, 4n);
    const day = Int32Array.of(5, 6);
    const table = new Table({
      at: makeVector({ type: new TimestampNanosecond('UTC'), data: at }),
      took: makeVector({ type: new Duration(TimeUnit.NANOSECOND), data: took }),
      day: makeVector({ type: new DateDay(), data: day }),
    });
    const buffers = given({ at: 'timestamp', took: 'duration', day: 'date' }, table);
    sameMemory(buffers[0], at);
    sameMemory(buffers[2], took);
    sameMemory(buffers[4], day);
  });
});

describe('values of Arrow', () => {
  const toList = <S extends Schema>(schema: S, ...tables: Table[]) => {
    const frame = new DataFrame(schema);
    const seen = frame.sinkToList();
    for (const table of tables) frame.emit(table);
    return seen;
  };

  it('are those of a slice, wherever its bits begin', () => {
    const all = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? null : i));
    const vector = vectorFromArray(all, new Int32());
    for (const start of [0, 1, 7, 8, 13]) {
      const table = new Table({ i: vector.slice(start, 37) });
      const seen = toList({ i: 'i32' }, table);
      expect(seen[0]!.column('i').toArray()).toEqual(all.slice(start, 37));
    }
  });

  it('are those of several chunks', () => {
    const chunks = [[1, null], [], [null, 4, 5]];
    const vector = new Vector(
      chunks.flatMap((chunk) => vectorFromArray(chunk, new Float64()).data),
    );
    const seen = toList({ x: 'f64' }, new Table({ x: vector }));
    expect(seen[0]!.column('x').toArray()).toEqual(chunks.flat());
  });

  it('are no row, though a table has a method by the name of the column', () => {
    const table = new Table({ at: makeVector(Int32Array.of(3)) });
    expect(toList({ at: 'i32' }, table)[0]!.column('at').toArray()).toEqual([3]);
    const sizes = new Table({ numRows: makeVector(Int32Array.of(7)) });
    expect(toList({ numRows: 'i32' }, sizes)[0]!.column('numRows').toArray()).toEqual([7]);
  });

  it('keep every nanosecond of a timestamp', () => {
    const nanoseconds = 1_700_000_000_123_456_789n;
    const microseconds = 1_700_000_000_123_457n;
    const table = new Table({
      n: new Vector([
        makeData({
          type: new TimestampNanosecond(),
          data: BigInt64Array.of(nanoseconds, 0n),
          nullCount: 1,
          nullBitmap: Uint8Array.of(1),
        }),
      ]),
      u: makeVector({
        type: new TimestampMicrosecond(),
        data: BigInt64Array.of(microseconds, -1n),
      }),
    });
    const [seen] = toList({ n: 'timestamp', u: 'timestamp' }, table);
    const [n, u] = [seen!.column('n'), seen!.column('u')];
    expect(n.values[0]).toBe(nanoseconds);
    expect(n.at(1)).toBeNull();
    expect([...u.values]).toEqual([microseconds * 1000n, -1000n]);
  });
});
