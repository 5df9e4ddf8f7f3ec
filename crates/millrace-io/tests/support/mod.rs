//! What the tests of the decoders share.
#![allow(dead_code, reason = "each test uses some of it")]

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::FileColumn;

/// A value of a row, floats by their bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Integer(i128),
    Float(u64),
    Text(String),
}

/// A float as a cell.
pub(crate) fn float(value: f64) -> Cell {
    Cell::Float(value.to_bits())
}

/// Columns by name and type.
pub(crate) fn columns(columns: &[(&str, ColumnType)]) -> Vec<FileColumn> {
    columns
        .iter()
        .map(|&(name, column_type)| FileColumn {
            name: name.to_owned(),
            column_type,
        })
        .collect()
}

/// One value of a column of any type.
pub(crate) fn cell(array: &ArrayRef, row: usize) -> Cell {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Cell::Integer(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Integer(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Integer(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Integer(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => Cell::Integer(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Cell::Integer(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Cell::Integer(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Cell::Integer(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Date32 => Cell::Integer(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Timestamp(..) => Cell::Integer(
            array
                .as_primitive::<TimestampNanosecondType>()
                .value(row)
                .into(),
        ),
        DataType::Duration(_) => Cell::Integer(
            array
                .as_primitive::<DurationNanosecondType>()
                .value(row)
                .into(),
        ),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary::<Int32Type>();
            let id = usize::try_from(dictionary.keys().value(row)).unwrap();
            Cell::Text(dictionary.values().as_string::<i32>().value(id).to_owned())
        }
        other => panic!("no column of {other}"),
    }
}

/// The rows of batches.
pub(crate) fn rows<'a>(batches: impl IntoIterator<Item = &'a Batch>) -> Vec<Vec<Cell>> {
    batches
        .into_iter()
        .flat_map(|batch| {
            (0..batch.rows).map(|row| {
                batch
                    .columns
                    .iter()
                    .map(|column| cell(column, row))
                    .collect()
            })
        })
        .collect()
}
