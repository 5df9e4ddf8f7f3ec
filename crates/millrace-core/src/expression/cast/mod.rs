//! `cast`: values as those of another type; what does not fit is missing, or an error that names
//! its row.

pub(crate) mod format;
pub(crate) mod parse;

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, ScalarBuffer};

use super::comparison::Text;
use super::numeric::{DAY, Number, convert, dispatch_numeric};
use super::operand::Operand;
use super::wide::{Wide, widen};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// Whether there is a cast between two types.
pub(crate) fn is_possible(from: ColumnType, to: ColumnType) -> bool {
    use ColumnType::{Bool, Date, Duration, I32, I64, Timestamp, Utf8};
    let plain = |column_type: ColumnType| column_type.is_numeric() || column_type == Bool;
    match (from, to) {
        (from, to) if from == to => true,
        (_, Utf8) => true,
        (Utf8, to) => to != Duration,
        (Timestamp | Duration, I64) | (I64, Timestamp | Duration) => true,
        (Date, I32 | I64 | Timestamp) | (I32 | I64 | Timestamp, Date) => true,
        (from, to) => plain(from) && plain(to),
    }
}

/// The column as one of type `to`, missing where a value does not fit. Text must be plain.
pub(crate) fn cast(
    array: &ArrayRef,
    from: ColumnType,
    to: ColumnType,
) -> Result<ArrayRef, PlanError> {
    use ColumnType::{Bool, Date, Duration, I64, Timestamp, Utf8};
    match (from, to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (from, Utf8) => to_text(array, from),
        (Utf8, to) => from_text(array.as_string(), to),
        (Timestamp | Duration | I64, I64 | Timestamp | Duration) => convert(array, from, to),
        (Date, Timestamp) => {
            let days = array.as_primitive::<Date32Type>();
            let times =
                days.unary_opt::<_, TimestampNanosecondType>(|day| i64::from(day).checked_mul(DAY));
            Ok(Arc::new(times))
        }
        (Timestamp, Date) => {
            let times = array.as_primitive::<TimestampNanosecondType>();
            Ok(Arc::new(times.unary_opt::<_, Date32Type>(|nanos| {
                i32::try_from(nanos.div_euclid(DAY)).ok()
            })))
        }
        (Bool, to) => {
            let bits = array.as_boolean();
            let ones: Vec<i64> = bits.values().iter().map(i64::from).collect();
            let ones = PrimitiveArray::<Int64Type>::new(ones.into(), bits.nulls().cloned());
            convert(&(Arc::new(ones) as ArrayRef), I64, to)
        }
        (from, Bool) => dispatch_numeric!(from, F => {
            let numbers = array.as_primitive::<F>();
            let zero = <F as ArrowPrimitiveType>::Native::default();
            let bits = BooleanBuffer::collect_bool(numbers.len(), |row| numbers.value(row) != zero);
            Ok(Arc::new(BooleanArray::new(bits, numbers.nulls().cloned())) as ArrayRef)
        }),
        (from, to) => {
            let wide = widen(array, from)?;
            dispatch_numeric!(to, T => Ok(number::<T>(&wide, to)))
        }
    }
}

/// Refuses a cast of `source` that gave a missing value for one that is there.
pub(crate) fn check(
    source: &ArrayRef,
    result: &ArrayRef,
    from: ColumnType,
    to: ColumnType,
) -> Result<(), PlanError> {
    if result.null_count() == source.null_count() {
        return Ok(());
    }
    let lost = (0..source.len()).find(|&row| result.is_null(row) && source.is_valid(row));
    let Some(row) = lost else { return Ok(()) };
    let shown = if from == ColumnType::Utf8 {
        let source = Operand::Array(Arc::clone(source));
        format!("{:?}", Text::new(&source)?.at(row))
    } else {
        let value = cast(&source.slice(row, 1), from, ColumnType::Utf8)?;
        value.as_string::<i32>().value(0).to_owned()
    };
    Err(PlanError::Conversion(format!(
        "Cannot cast {from} to {to}: the value in row {row} must be {}, got {shown}",
        wanted(to)
    )))
}

fn wanted(to: ColumnType) -> String {
    match to {
        ColumnType::Bool => "true or false".to_owned(),
        ColumnType::F32 | ColumnType::F64 => format!("a number within {to}"),
        ColumnType::Date => "a date such as 2024-02-29".to_owned(),
        ColumnType::Timestamp => {
            "a time such as 2024-02-29T12:30:00Z, of the years 1678 to 2261".to_owned()
        }
        to => format!("a whole number within {to}"),
    }
}

/// Numbers as numbers: a float is cut to a whole number, and one that is finite must stay so.
fn number<T: ArrowPrimitiveType>(numbers: &Wide, to: ColumnType) -> ArrayRef
where
    T::Native: Number,
{
    let result: PrimitiveArray<T> = match numbers {
        Wide::Signed(values) => values.unary_opt(|value| T::Native::from_integer(value.into())),
        Wide::Unsigned(values) => values.unary_opt(|value| T::Native::from_integer(value.into())),
        Wide::Float(values) => values.unary_opt(|value| {
            let whole = if to.is_float() { value } else { value.trunc() };
            T::Native::from_float(whole)
                .filter(|result| result.to_float().is_finite() || !value.is_finite())
        }),
    };
    Arc::new(result)
}

fn to_text(array: &ArrayRef, from: ColumnType) -> Result<ArrayRef, PlanError> {
    let mut builder = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut text = String::new();
    let mut append = |row: usize, write: &dyn Fn(&mut String)| {
        if array.is_valid(row) {
            text.clear();
            write(&mut text);
            builder.append_value(&text);
        } else {
            builder.append_null();
        }
    };
    match from {
        ColumnType::Bool => {
            let bits = array.as_boolean();
            for row in 0..bits.len() {
                append(row, &|text| {
                    text.push_str(if bits.value(row) { "true" } else { "false" });
                });
            }
        }
        ColumnType::F32 => {
            let values = array.as_primitive::<arrow_array::types::Float32Type>();
            for (row, &value) in values.values().iter().enumerate() {
                append(row, &|text| format::float(value, text));
            }
        }
        ColumnType::F64 => {
            let values = array.as_primitive::<arrow_array::types::Float64Type>();
            for (row, &value) in values.values().iter().enumerate() {
                append(row, &|text| format::float(value, text));
            }
        }
        _ => dispatch_numeric!(from, F => {
            let values = array.as_primitive::<F>();
            for (row, &value) in values.values().iter().enumerate() {
                append(row, &|text| format::integer(value.to_wide(), from, text));
            }
        }),
    }
    Ok(Arc::new(builder.finish()))
}

fn from_text(strings: &StringArray, to: ColumnType) -> Result<ArrayRef, PlanError> {
    Ok(match to {
        ColumnType::Bool => {
            let mut bits = BooleanBufferBuilder::new(strings.len());
            let valid: NullBuffer = strings
                .iter()
                .map(|text| {
                    bits.append(text == Some("true"));
                    matches!(text, Some("true" | "false"))
                })
                .collect::<Vec<bool>>()
                .into();
            Arc::new(BooleanArray::new(bits.finish(), Some(valid)))
        }
        ColumnType::Timestamp => parsed::<TimestampNanosecondType>(strings, parse::timestamp),
        ColumnType::Date => parsed::<Date32Type>(strings, parse::date),
        to => dispatch_numeric!(to, T => {
            if to.is_float() {
                parsed::<T>(strings, |text| {
                    let value: f64 = text.parse().ok()?;
                    let is_inf = text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
                    // An f32 is rounded once, from the text.
                    let value = if to == ColumnType::F32 {
                        f64::from(text.parse::<f32>().ok()?)
                    } else {
                        value
                    };
                    (value.is_finite() || value.is_nan() || is_inf)
                        .then(|| <T as ArrowPrimitiveType>::Native::from_float(value))
                        .flatten()
                })
            } else {
                parsed::<T>(strings, |text| {
                    <T as ArrowPrimitiveType>::Native::from_integer(text.parse().ok()?)
                })
            }
        }),
    })
}

fn parsed<T: ArrowPrimitiveType>(
    strings: &StringArray,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> ArrayRef {
    let mut values = Vec::with_capacity(strings.len());
    let mut valid = Vec::with_capacity(strings.len());
    for text in strings {
        let value = text.and_then(&parse);
        valid.push(value.is_some());
        values.push(value.unwrap_or_default());
    }
    let nulls = NullBuffer::from(valid);
    Arc::new(PrimitiveArray::<T>::new(
        ScalarBuffer::from(values),
        (nulls.null_count() > 0).then_some(nulls),
    ))
}
