//! The exported function that writes tables to files.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::write::{FileFormat, Packing, WriteOptions, write_files};
use napi::bindgen_prelude::{AsyncTask, Env, Task, Uint8Array};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::failure::{Failure, Result, guard};
use crate::reader::{columns, text};

/// Writes tables on a thread of the pool.
pub(crate) struct WriteTask {
    options: WriteOptions,
    batches: Vec<Batch>,
}

impl Task for WriteTask {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<String> {
        let batches = std::mem::take(&mut self.batches);
        let written = guard("write files", || {
            write_files(&self.options, &batches)
                .map_err(|error| Failure::new(error.code(), error.to_string()))
        });
        // The code of an error would not come through the result of a task.
        Ok(match written {
            Ok(files) => {
                let files = files.iter().map(
                    |file| json!({ "path": file.path, "rows": file.rows, "bytes": file.bytes }),
                );
                json!({ "files": files.collect::<Vec<_>>() })
            }
            Err(failure) => json!({ "code": failure.status, "message": failure.reason }),
        }
        .to_string())
    }

    fn resolve(&mut self, _env: Env, output: String) -> napi::Result<String> {
        Ok(output)
    }
}

/// Writes tables of one schema to files: to one, or to one for each partition.
///
/// `spec` is JSON text: `{"folder", "name", "format": "ndjson" | "csv" | "parquet" | "arrow",
/// "delimiter", "packing": "none" | "gzip" | "zstd", "columns": [{"name", "type"}], "partitionBy":
/// string[], "sync": bool, "rows": number[]}`, with the rows of each table. `buffers` has for each
/// column of each table its values as bytes, or for text Int32 offsets and UTF-8 text, and its
/// validity bitmap, which is empty where none is missing. Values of `bool` are a byte each.
///
/// The result is JSON text: `{"files": [{"path", "rows", "bytes"}]}` or `{"code", "message"}`.
#[napi(ts_return_type = "Promise<string>")]
pub(crate) fn write_tables(spec: String, buffers: Vec<Uint8Array>) -> Result<AsyncTask<WriteTask>> {
    guard("write files", || {
        let spec: Value =
            serde_json::from_str(&spec).map_err(|error| invalid(&error.to_string()))?;
        let columns = columns(&spec)?.unwrap_or_default();
        let mut buffers = buffers.iter().map(|buffer| &buffer[..]);
        let mut batches = Vec::new();
        for rows in spec["rows"].as_array().into_iter().flatten() {
            let rows = usize::try_from(rows.as_u64().unwrap_or(0)).unwrap_or(0);
            let arrays = columns
                .iter()
                .map(|column| array(column.column_type, rows, &mut buffers));
            let columns = arrays
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| invalid("its buffers do not fit its columns"))?;
            batches.push(Batch { rows, columns });
        }
        let names = spec["partitionBy"].as_array().into_iter().flatten();
        let options = WriteOptions {
            folder: text(&spec, "folder").into(),
            name: text(&spec, "name"),
            format: match spec["format"].as_str() {
                Some("parquet") => FileFormat::Parquet,
                Some("arrow") => FileFormat::Arrow,
                Some("csv") => FileFormat::Csv {
                    delimiter: text(&spec, "delimiter").bytes().next().unwrap_or(b','),
                },
                _ => FileFormat::Ndjson,
            },
            packing: match spec["packing"].as_str() {
                Some("gzip") => Packing::Gzip,
                Some("zstd") => Packing::Zstd,
                _ => Packing::None,
            },
            columns,
            partition_by: names.filter_map(Value::as_str).map(str::to_owned).collect(),
            sync: spec["sync"].as_bool().unwrap_or(true),
        };
        Ok(AsyncTask::new(WriteTask { options, batches }))
    })
}

fn invalid(detail: &str) -> Failure {
    Failure::new(
        "ERR_INVALID_ARGUMENT",
        format!("Cannot write files: {detail}"),
    )
}

/// A column from its buffers; none where they do not fit.
fn array<'a>(
    column_type: ColumnType,
    rows: usize,
    buffers: &mut impl Iterator<Item = &'a [u8]>,
) -> Option<ArrayRef> {
    use ColumnType as C;
    let values = buffers.next()?;
    let words = if column_type == C::Utf8 {
        buffers.next()?
    } else {
        &[]
    };
    let bits = buffers.next()?;
    let nulls = match bits {
        [] => None,
        bits if bits.len() < rows.div_ceil(8) => return None,
        bits => Some(NullBuffer::new(BooleanBuffer::new(
            Buffer::from(bits),
            0,
            rows,
        ))),
    };
    Some(match column_type {
        C::Bool => {
            let values = values.get(..rows)?;
            let bits = BooleanBuffer::collect_bool(rows, |row| values[row] != 0);
            Arc::new(BooleanArray::new(bits, nulls))
        }
        C::Utf8 => {
            let offsets = OffsetBuffer::new(scalars::<i32>(values, rows + 1)?);
            Arc::new(StringArray::try_new(offsets, Buffer::from(words), nulls).ok()?)
        }
        C::I8 => primitive::<Int8Type>(values, rows, nulls)?,
        C::I16 => primitive::<Int16Type>(values, rows, nulls)?,
        C::I32 => primitive::<Int32Type>(values, rows, nulls)?,
        C::I64 => primitive::<Int64Type>(values, rows, nulls)?,
        C::U8 => primitive::<UInt8Type>(values, rows, nulls)?,
        C::U16 => primitive::<UInt16Type>(values, rows, nulls)?,
        C::U32 => primitive::<UInt32Type>(values, rows, nulls)?,
        C::U64 => primitive::<UInt64Type>(values, rows, nulls)?,
        C::F32 => primitive::<Float32Type>(values, rows, nulls)?,
        C::F64 => primitive::<Float64Type>(values, rows, nulls)?,
        C::Timestamp => primitive::<TimestampNanosecondType>(values, rows, nulls)?,
        C::Duration => primitive::<DurationNanosecondType>(values, rows, nulls)?,
        C::Date => primitive::<Date32Type>(values, rows, nulls)?,
    })
}

fn primitive<T: ArrowPrimitiveType>(
    values: &[u8],
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Option<ArrayRef> {
    Some(Arc::new(PrimitiveArray::<T>::new(
        scalars(values, rows)?,
        nulls,
    )))
}

/// A copy of the values, aligned for their type.
fn scalars<N: arrow_buffer::ArrowNativeType>(
    values: &[u8],
    count: usize,
) -> Option<ScalarBuffer<N>> {
    let bytes = values.get(..count.checked_mul(size_of::<N>())?)?;
    let mut copy = MutableBuffer::new(bytes.len());
    copy.extend_from_slice(bytes);
    Some(ScalarBuffer::new(copy.into(), 0, count))
}
