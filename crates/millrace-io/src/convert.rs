//! Arrow types of files as the column types of plans.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};
use millrace_core::column_type::ColumnType;

const DAY: i64 = 86_400_000_000_000;

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
        DataType::Dictionary(_, value) if **value == DataType::Utf8 => ColumnType::Utf8,
        DataType::Timestamp(..) | DataType::Date32 => ColumnType::Timestamp,
        _ => return None,
    })
}

/// A column in the form that plans take; none where a time is beyond the years 1677 to 2262.
pub(crate) fn plan_column(array: &ArrayRef) -> Option<ArrayRef> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, None) => Some(Arc::clone(array)),
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => Some(Arc::new(
            array
                .as_primitive::<TimestampNanosecondType>()
                .clone()
                .with_timezone_opt(None::<&str>),
        )),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            scaled::<TimestampMicrosecondType>(array, 1_000, |value| value)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            scaled::<TimestampMillisecondType>(array, 1_000_000, |value| value)
        }
        DataType::Timestamp(TimeUnit::Second, _) => {
            scaled::<TimestampSecondType>(array, 1_000_000_000, |value| value)
        }
        DataType::Date32 => scaled::<Date32Type>(array, DAY, i64::from),
        _ => Some(Arc::clone(array)),
    }
}

fn scaled<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    nanos: i64,
    value: impl Fn(T::Native) -> i64,
) -> Option<ArrayRef> {
    let source = array.as_primitive::<T>();
    let scaled: PrimitiveArray<Int64Type> = source.unary(|time| value(time).wrapping_mul(nanos));
    let limit = i64::MAX / nanos;
    let overflowed = source
        .values()
        .iter()
        .any(|&time| value(time).unsigned_abs() > limit.unsigned_abs());
    // What stands under a missing value does not matter.
    let bad = overflowed
        && (0..source.len()).any(|row| {
            source.is_valid(row) && value(source.value(row)).unsigned_abs() > limit.unsigned_abs()
        });
    (!bad).then(|| Arc::new(scaled.reinterpret_cast::<TimestampNanosecondType>()) as ArrayRef)
}
