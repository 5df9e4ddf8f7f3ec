//! Rows as NDJSON and CSV.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use millrace_core::column_type::ColumnType;
use millrace_core::text::{write_float, write_integer};

/// A value as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Missing,
    /// Stands for itself.
    Bare,
    /// A float that is no number, in words.
    Special,
    /// A time, in ISO 8601.
    Time,
    Text,
}

/// Appends one value as it is, without quotes; says what it is.
pub(crate) fn write_value(array: &ArrayRef, row: usize, out: &mut String) -> Shape {
    if array.is_null(row) {
        return Shape::Missing;
    }
    match array.data_type() {
        DataType::Boolean => {
            out.push_str(if array.as_boolean().value(row) {
                "true"
            } else {
                "false"
            });
            Shape::Bare
        }
        DataType::Int8 => whole::<Int8Type>(array, row, out),
        DataType::Int16 => whole::<Int16Type>(array, row, out),
        DataType::Int32 => whole::<Int32Type>(array, row, out),
        DataType::Int64 => whole::<Int64Type>(array, row, out),
        DataType::UInt8 => whole::<UInt8Type>(array, row, out),
        DataType::UInt16 => whole::<UInt16Type>(array, row, out),
        DataType::UInt32 => whole::<UInt32Type>(array, row, out),
        DataType::UInt64 => whole::<UInt64Type>(array, row, out),
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            sign_of_zero(value, out);
            write_float(value, out);
            shape(value.is_finite())
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            sign_of_zero(value.into(), out);
            write_float(value, out);
            shape(value.is_finite())
        }
        DataType::Timestamp(..) => {
            let value = array.as_primitive::<TimestampNanosecondType>().value(row);
            write_integer(value.into(), ColumnType::Timestamp, out);
            Shape::Time
        }
        DataType::Date32 => {
            let value = array.as_primitive::<Date32Type>().value(row);
            write_integer(value.into(), ColumnType::Date, out);
            Shape::Time
        }
        DataType::Duration(_) => {
            let value = array.as_primitive::<DurationNanosecondType>().value(row);
            write_integer(value.into(), ColumnType::Duration, out);
            Shape::Time
        }
        _ => match array.as_string_opt::<i32>() {
            Some(strings) => {
                out.push_str(strings.value(row));
                Shape::Text
            }
            None => Shape::Missing,
        },
    }
}

/// Text for people has no negative zero, files do.
fn sign_of_zero(value: f64, out: &mut String) {
    if value == 0.0 && value.is_sign_negative() {
        out.push('-');
    }
}

fn shape(is_finite: bool) -> Shape {
    if is_finite {
        Shape::Bare
    } else {
        Shape::Special
    }
}

fn whole<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize, out: &mut String) -> Shape
where
    T::Native: std::fmt::Display,
{
    // Writing to a string does not fail.
    let _ = write!(out, "{}", array.as_primitive::<T>().value(row));
    Shape::Bare
}

/// Appends each row as an object; missing values as `null`, as are floats that are no numbers, which
/// JSON has not.
pub(crate) fn write_ndjson(batch: &RecordBatch, out: &mut String) {
    let schema = batch.schema();
    let names: Vec<String> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let mut name = String::from(if index == 0 { "{" } else { "," });
            quote_json(field.name(), &mut name);
            name.push(':');
            name
        })
        .collect();
    let mut value = String::new();
    for row in 0..batch.num_rows() {
        for (name, column) in names.iter().zip(batch.columns()) {
            out.push_str(name);
            value.clear();
            match write_value(column, row, &mut value) {
                Shape::Missing | Shape::Special => out.push_str("null"),
                Shape::Bare => out.push_str(&value),
                Shape::Time | Shape::Text => quote_json(&value, out),
            }
        }
        out.push_str("}\n");
    }
}

pub(crate) fn quote_json(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let code = special.as_bytes()[0];
        match code {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{code:04x}");
            }
        }
        rest = &special[1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Replaces `out` by the names of the columns.
pub(crate) fn write_csv_header(schema: &Schema, delimiter: u8, out: &mut String) {
    out.clear();
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            out.push(char::from(delimiter));
        }
        quote_csv(field.name(), delimiter, out);
    }
    out.push('\n');
}

/// Appends each row as a record; a missing value is nothing, and empty text is in quotes.
pub(crate) fn write_csv(batch: &RecordBatch, delimiter: u8, out: &mut String) {
    let mut value = String::new();
    for row in 0..batch.num_rows() {
        for (index, column) in batch.columns().iter().enumerate() {
            if index > 0 {
                out.push(char::from(delimiter));
            }
            value.clear();
            match write_value(column, row, &mut value) {
                Shape::Missing => {}
                Shape::Text => quote_csv(&value, delimiter, out),
                // A number or time may have a delimiter that is a point, a sign or a digit.
                _ if value.as_bytes().contains(&delimiter) => quote_csv(&value, delimiter, out),
                _ => out.push_str(&value),
            }
        }
        out.push('\n');
    }
}

fn quote_csv(text: &str, delimiter: u8, out: &mut String) {
    let special = |byte: u8| matches!(byte, b'"' | b'\n' | b'\r') || byte == delimiter;
    if !text.is_empty() && !text.bytes().any(special) {
        return out.push_str(text);
    }
    out.push('"');
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}
