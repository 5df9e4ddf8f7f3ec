//! Columns to a Parquet file.
//!
//! By the writers of columns: the crate's writer of record batches is made for nested data and every type
//! of Arrow, 0.3 MB of machine code.

use std::fs::File;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use bytes::Bytes;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::data_type as physical;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};

use super::encoder::Failure;
use crate::write::Packing;

/// Rows of a row group.
const GROUP: usize = 1 << 20;

/// A Parquet file being written.
pub(crate) struct ParquetEncoder {
    writer: SerializedFileWriter<File>,
    /// What makes the next row group.
    batches: Vec<RecordBatch>,
    rows: usize,
}

impl ParquetEncoder {
    pub(crate) fn new(file: File, schema: &SchemaRef, packing: Packing) -> Result<Self, Failure> {
        let compression = match packing {
            Packing::None => Compression::UNCOMPRESSED,
            Packing::Gzip => Compression::GZIP(GzipLevel::default()),
            Packing::Zstd => Compression::ZSTD(ZstdLevel::default()),
        };
        let mut properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        // By which other readers of Arrow know a duration from a number.
        add_encoded_arrow_schema_to_metadata(schema, &mut properties);
        let descriptor = ArrowSchemaConverter::new().convert(schema)?;
        let root = descriptor.root_schema_ptr();
        Ok(Self {
            writer: SerializedFileWriter::new(file, root, Arc::new(properties))?,
            batches: Vec::new(),
            rows: 0,
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.batches.push(batch.clone());
        self.rows += batch.num_rows();
        if self.rows >= GROUP {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), Failure> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let mut index = 0;
        while let Some(mut writer) = group.next_column()? {
            for batch in &self.batches {
                write_column(&mut writer, batch.column(index))?;
            }
            writer.close()?;
            index += 1;
        }
        group.close()?;
        self.batches.clear();
        self.rows = 0;
        Ok(())
    }

    /// Completes the file.
    pub(crate) fn finish(mut self) -> Result<File, Failure> {
        self.write_group()?;
        Ok(self.writer.into_inner()?)
    }
}

fn write_column(writer: &mut SerializedColumnWriter<'_>, array: &dyn Array) -> Result<(), Failure> {
    match array.data_type() {
        DataType::Boolean => {
            let values: Vec<bool> = array.as_boolean().iter().flatten().collect();
            write::<physical::BoolType>(writer, array, &values)
        }
        DataType::Int8 => narrow::<Int8Type>(writer, array, i32::from),
        DataType::Int16 => narrow::<Int16Type>(writer, array, i32::from),
        DataType::Int32 => narrow::<Int32Type>(writer, array, |value| value),
        DataType::UInt8 => narrow::<UInt8Type>(writer, array, i32::from),
        DataType::UInt16 => narrow::<UInt16Type>(writer, array, i32::from),
        DataType::UInt32 => narrow::<UInt32Type>(writer, array, u32::cast_signed),
        DataType::Date32 => narrow::<Date32Type>(writer, array, |value| value),
        DataType::Int64 => wide::<Int64Type>(writer, array, |value| value),
        DataType::UInt64 => wide::<UInt64Type>(writer, array, u64::cast_signed),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            wide::<TimestampNanosecondType>(writer, array, |value| value)
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            wide::<DurationNanosecondType>(writer, array, |value| value)
        }
        DataType::Float32 => {
            let values = present::<Float32Type, _>(array, |value| value);
            write::<physical::FloatType>(writer, array, &values)
        }
        DataType::Float64 => {
            let values = present::<Float64Type, _>(array, |value| value);
            write::<physical::DoubleType>(writer, array, &values)
        }
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            // One copy that all values share.
            let all = Bytes::copy_from_slice(texts.values());
            let offsets = texts.value_offsets();
            let there = (0..texts.len()).filter(|&row| texts.is_valid(row));
            let values: Vec<physical::ByteArray> = there
                .map(|row| {
                    let start = usize::try_from(offsets[row]).unwrap_or(0);
                    let end = usize::try_from(offsets[row + 1]).unwrap_or(0);
                    all.slice(start..end).into()
                })
                .collect();
            write::<physical::ByteArrayType>(writer, array, &values)
        }
        other => Err(format!("columns of {other} cannot be written to Parquet").into()),
    }
}

/// The values that are not missing.
fn present<T: ArrowPrimitiveType, N>(array: &dyn Array, of: impl Fn(T::Native) -> N) -> Vec<N> {
    array.as_primitive::<T>().iter().flatten().map(of).collect()
}

fn narrow<T: ArrowPrimitiveType>(
    writer: &mut SerializedColumnWriter<'_>,
    array: &dyn Array,
    of: impl Fn(T::Native) -> i32,
) -> Result<(), Failure> {
    write::<physical::Int32Type>(writer, array, &present::<T, _>(array, of))
}

fn wide<T: ArrowPrimitiveType>(
    writer: &mut SerializedColumnWriter<'_>,
    array: &dyn Array,
    of: impl Fn(T::Native) -> i64,
) -> Result<(), Failure> {
    write::<physical::Int64Type>(writer, array, &present::<T, _>(array, of))
}

/// Writes the values that are there, and which rows they are of.
fn write<T: physical::DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    array: &dyn Array,
    values: &[T::T],
) -> Result<(), Failure> {
    let levels: Vec<i16> = match array.nulls() {
        Some(nulls) => nulls.iter().map(i16::from).collect(),
        None => vec![1; array.len()],
    };
    writer
        .typed::<T>()
        .write_batch(values, Some(&levels), None)?;
    Ok(())
}
