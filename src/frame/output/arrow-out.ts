import type { Table as ArrowTable, DataType, Vector } from 'apache-arrow';
import type { Column } from './column.ts';

type Arrow = typeof import('apache-arrow');

/**
 * A table of `apache-arrow` over the same memory; text and booleans are copied. The package takes
 * longer to load than all of millrace, so it is loaded when first asked for; and as a module, since
 * it does not recognise the objects of its other, CommonJS copy.
 */
export async function toArrowTable(table: {
  readonly columns: readonly Column[];
}): Promise<ArrowTable> {
  const arrow = await import('apache-arrow');
  const vectors: Record<string, Vector> = {};
  for (const column of table.columns) vectors[column.name] = toVector(arrow, column);
  return new arrow.Table(vectors);
}

function toVector(arrow: Arrow, column: Column): Vector {
  if (column.type === 'utf8') return arrow.vectorFromArray(column.toArray(), new arrow.Utf8());
  if (column.type === 'bool') return arrow.vectorFromArray(column.toArray(), new arrow.Bool());
  const data = arrow.makeData({
    type: arrowType(arrow, column),
    length: column.length,
    nullCount: column.nullCount,
    nullBitmap: column.validity,
    data: column.values,
  } as unknown as Parameters<Arrow['makeData']>[0]);
  return arrow.makeVector(data as never);
}

function arrowType(arrow: Arrow, column: Column): DataType {
  switch (column.type) {
    case 'i8':
      return new arrow.Int8();
    case 'i16':
      return new arrow.Int16();
    case 'i32':
      return new arrow.Int32();
    case 'i64':
      return new arrow.Int64();
    case 'u8':
      return new arrow.Uint8();
    case 'u16':
      return new arrow.Uint16();
    case 'u32':
      return new arrow.Uint32();
    case 'u64':
      return new arrow.Uint64();
    case 'f32':
      return new arrow.Float32();
    case 'timestamp':
      return new arrow.TimestampNanosecond();
    case 'date':
      return new arrow.DateDay();
    case 'duration':
      return new arrow.DurationNanosecond();
    default:
      return new arrow.Float64();
  }
}
