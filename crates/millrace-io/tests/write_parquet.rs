//! Columns of every type written to Parquet, and read back by the crate's reader of record batches.

use std::fs::{self, File};
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DurationNanosecondArray, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampNanosecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::FileColumn;
use millrace_io::write::{FileFormat, Packing, WriteOptions, write_files};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// One row of every three is missing; the rest has the least and the greatest values in it.
fn columns(rows: usize) -> Vec<(ColumnType, ArrayRef)> {
    macro_rules! column {
        ($array:ty, $($value:expr),*) => {{
            let values = [$($value),*];
            let cells = (0..rows).map(|row| (row % 3 != 1).then(|| values[row % values.len()]));
            Arc::new(cells.collect::<$array>()) as ArrayRef
        }};
    }
    vec![
        (ColumnType::Bool, column!(BooleanArray, true, false)),
        (ColumnType::I8, column!(Int8Array, i8::MIN, 0, i8::MAX)),
        (ColumnType::I16, column!(Int16Array, i16::MIN, 0, i16::MAX)),
        (ColumnType::I32, column!(Int32Array, i32::MIN, 0, i32::MAX)),
        (ColumnType::I64, column!(Int64Array, i64::MIN, 0, i64::MAX)),
        (ColumnType::U8, column!(UInt8Array, 0, u8::MAX)),
        (ColumnType::U16, column!(UInt16Array, 0, u16::MAX)),
        (ColumnType::U32, column!(UInt32Array, 0, u32::MAX)),
        (ColumnType::U64, column!(UInt64Array, 0, u64::MAX)),
        (
            ColumnType::F32,
            column!(Float32Array, f32::MIN, -0.0, f32::INFINITY),
        ),
        (
            ColumnType::F64,
            column!(Float64Array, f64::MIN, -0.0, f64::INFINITY),
        ),
        (ColumnType::Utf8, column!(StringArray, "", "a", "日本")),
        (
            ColumnType::Timestamp,
            column!(TimestampNanosecondArray, i64::MIN, 1),
        ),
        (ColumnType::Date, column!(Date32Array, -1, 20_000)),
        (
            ColumnType::Duration,
            column!(DurationNanosecondArray, i64::MIN, 1),
        ),
    ]
}

#[test]
fn what_was_written_is_read_back() {
    let folder = std::env::temp_dir().join(format!("millrace-written-{}", std::process::id()));
    // Also more rows than one row group takes, in several batches.
    for (rows, batches, groups, packing) in [
        (0, 1, 0, Packing::None),
        (1, 1, 1, Packing::Gzip),
        (1000, 3, 1, Packing::Zstd),
        (600_000, 3, 2, Packing::None),
    ] {
        let columns = columns(rows);
        let named = |index: usize| format!("column {index}");
        let options = WriteOptions {
            folder: folder.clone(),
            name: "all".to_owned(),
            format: FileFormat::Parquet,
            packing,
            columns: columns
                .iter()
                .enumerate()
                .map(|(index, (column_type, _))| FileColumn {
                    name: named(index),
                    column_type: *column_type,
                })
                .collect(),
            partition_by: Vec::new(),
            sync: false,
        };
        let batch = Batch {
            rows,
            columns: columns.iter().map(|(_, array)| Arc::clone(array)).collect(),
        };
        let written = write_files(&options, &vec![batch; batches]).unwrap();
        assert_eq!(written[0].rows, (rows * batches) as u64);
        let file = File::open(&written[0].path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), groups);
        let mut read = 0;
        for found in reader.with_batch_size(rows.max(1)).build().unwrap() {
            let found = found.unwrap();
            for (index, (_, expected)) in columns.iter().enumerate() {
                assert_eq!(found.schema().field(index).name(), &named(index));
                assert_eq!(found.column(index).data_type(), expected.data_type());
                assert_eq!(found.column(index), expected, "{packing:?} of {rows} rows");
            }
            read += found.num_rows();
        }
        assert_eq!(read, rows * batches);
    }
    fs::remove_dir_all(folder).unwrap();
}
