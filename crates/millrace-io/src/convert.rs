//! Arrow types of files as the column types of plans.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, Date32Array, PrimitiveArray, StringArray};
use arrow_schema::{DataType, TimeUnit};
use millrace_core::column_type::ColumnType;

use crate::column::Wanted;

const MILLIS_OF_DAY: i64 = 86_400_000;

/// The column type that values of an Arrow type become; none for a type that plans have not.
pub(crate) fn column_type(data_type: &DataType) -> Option<ColumnType> {
    Some(match data_type {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 => ColumnType::I8,
        DataType::Int16 => ColumnType::I16,
        DataType::Int32 => ColumnType::I32,
        DataType::Int64 => ColumnType::I64,
        DataType::UInt8 => ColumnType::U8,
        DataType::UInt16 => ColumnType::U16,
        DataType::UInt32 => ColumnType::U32,
        DataType::UInt64 => ColumnType::U64,
        DataType::Float32 => ColumnType::F32,
        DataType::Float64 => ColumnType::F64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::Utf8,
        DataType::Dictionary(_, value) if is_text(value) => ColumnType::Utf8,
        DataType::Timestamp(..) => ColumnType::Timestamp,
        DataType::Date32 | DataType::Date64 => ColumnType::Date,
        DataType::Duration(_) => ColumnType::Duration,
        _ => return None,
    })
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// A column in the form that plans take, except for text, see [`text_column`]; none where a time is
/// beyond the years 1677 to 2262, or a span as long.
pub(crate) fn plan_column(array: &ArrayRef) -> Option<ArrayRef> {
    match array.data_type() {
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Nanosecond => Some(Arc::new(zoneless::<TimestampNanosecondType>(array))),
            TimeUnit::Microsecond => {
                scaled::<TimestampMicrosecondType, TimestampNanosecondType>(array, 1_000)
            }
            TimeUnit::Millisecond => {
                scaled::<TimestampMillisecondType, TimestampNanosecondType>(array, 1_000_000)
            }
            TimeUnit::Second => {
                scaled::<TimestampSecondType, TimestampNanosecondType>(array, 1_000_000_000)
            }
        },
        DataType::Duration(unit) => match unit {
            TimeUnit::Nanosecond => Some(Arc::clone(array)),
            TimeUnit::Microsecond => {
                scaled::<DurationMicrosecondType, DurationNanosecondType>(array, 1_000)
            }
            TimeUnit::Millisecond => {
                scaled::<DurationMillisecondType, DurationNanosecondType>(array, 1_000_000)
            }
            TimeUnit::Second => {
                scaled::<DurationSecondType, DurationNanosecondType>(array, 1_000_000_000)
            }
        },
        DataType::Date64 => {
            let days = array.as_primitive::<Date64Type>().iter().map(|millis| {
                millis
                    .map(|millis| i32::try_from(millis.div_euclid(MILLIS_OF_DAY)))
                    .transpose()
            });
            Some(Arc::new(days.collect::<Result<Date32Array, _>>().ok()?))
        }
        _ => Some(Arc::clone(array)),
    }
}

/// Text in the form that is wanted: plain strings, or anything that can be turned into ids; other
/// columns as they are.
pub(crate) fn text_column(array: ArrayRef, wanted: Wanted) -> Option<ArrayRef> {
    let plain = |strings: StringArray| Some(Arc::new(strings) as ArrayRef);
    match array.data_type() {
        DataType::LargeUtf8 if wanted != Wanted::Interned => {
            plain(array.as_string::<i64>().iter().collect())
        }
        DataType::Utf8View => plain(array.as_string_view().iter().collect()),
        DataType::Dictionary(_, value)
            if wanted != Wanted::Interned || **value != DataType::Utf8 =>
        {
            let dictionary = array.as_any_dictionary_opt()?;
            let values = text_column(Arc::clone(dictionary.values()), Wanted::Plain)?;
            let values = values.as_string_opt::<i32>()?;
            let keys = dictionary.normalized_keys();
            let nulls = dictionary.keys().nulls();
            plain(
                keys.into_iter()
                    .enumerate()
                    .map(|(row, key)| {
                        let there =
                            nulls.is_none_or(|nulls| nulls.is_valid(row)) && values.is_valid(key);
                        there.then(|| values.value(key))
                    })
                    .collect(),
            )
        }
        _ => Some(array),
    }
}

fn zoneless<T: ArrowTimestampType>(array: &ArrayRef) -> PrimitiveArray<T> {
    array
        .as_primitive::<T>()
        .clone()
        .with_timezone_opt(None::<&str>)
}

/// The values times `nanos`.
fn scaled<T, U>(array: &ArrayRef, nanos: i64) -> Option<ArrayRef>
where
    T: ArrowPrimitiveType<Native = i64>,
    U: ArrowPrimitiveType<Native = i64>,
{
    let source = array.as_primitive::<T>();
    let scaled: PrimitiveArray<Int64Type> = source.unary(|time| time.wrapping_mul(nanos));
    let limit = (i64::MAX / nanos).unsigned_abs();
    let overflowed = source
        .values()
        .iter()
        .any(|&time| time.unsigned_abs() > limit);
    // What stands under a missing value does not matter.
    let bad = overflowed
        && (0..source.len())
            .any(|row| source.is_valid(row) && source.value(row).unsigned_abs() > limit);
    (!bad).then(|| Arc::new(scaled.reinterpret_cast::<U>()) as ArrayRef)
}
