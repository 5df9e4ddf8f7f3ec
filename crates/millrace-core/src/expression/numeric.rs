//! Native numbers and the conversions between them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int64Type,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, Int64Array, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, ScalarBuffer};

use super::wide::{dispatch_wide, widen};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// Nanoseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000_000;

/// A native number that literals and other numbers convert to, where they fit.
pub(crate) trait Number: ArrowNativeType {
    /// The integer as this type, unless it is out of range.
    fn from_integer(value: i128) -> Option<Self>;
    /// The float as this type; for an integer only when it is whole and in range.
    fn from_float(value: f64) -> Option<Self>;
    /// The value as an f64, rounded to the nearest.
    fn to_float(self) -> f64;
    /// The value as a wide integer; a float is cut to a whole number.
    fn to_wide(self) -> i128;
}

macro_rules! integer_number {
    ($($native:ty),*) => {$(
        impl Number for $native {
            fn from_integer(value: i128) -> Option<Self> {
                Self::try_from(value).ok()
            }
            #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2^64 here")]
            fn from_float(value: f64) -> Option<Self> {
                (value.fract() == 0.0 && value.abs() <= 18_446_744_073_709_551_616.0)
                    .then(|| Self::try_from(value as i128).ok())
                    .flatten()
            }
            fn to_float(self) -> f64 {
                self as f64
            }
            fn to_wide(self) -> i128 {
                self.into()
            }
        }
    )*};
}
integer_number!(i8, i16, i32, i64, u8, u16, u32, u64);

impl Number for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "rounding to the nearest is documented"
    )]
    fn from_integer(value: i128) -> Option<Self> {
        Some(value as Self)
    }
    fn from_float(value: f64) -> Option<Self> {
        Some(value)
    }
    fn to_float(self) -> f64 {
        self
    }
    #[expect(clippy::cast_possible_truncation, reason = "cutting is documented")]
    fn to_wide(self) -> i128 {
        self as i128
    }
}

impl Number for f32 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "rounding to the nearest is documented"
    )]
    fn from_integer(value: i128) -> Option<Self> {
        Some(value as Self)
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to the nearest is documented"
    )]
    fn from_float(value: f64) -> Option<Self> {
        Some(value as Self)
    }
    fn to_float(self) -> f64 {
        self.into()
    }
    #[expect(clippy::cast_possible_truncation, reason = "cutting is documented")]
    fn to_wide(self) -> i128 {
        self as i128
    }
}

/// Runs `$body` with `$T` as the Arrow type of a numeric or temporal column type.
macro_rules! dispatch_numeric {
    ($column_type:expr, $T:ident => $body:expr) => {{
        use arrow_array::types as t;
        use $crate::column_type::ColumnType as C;
        match $column_type {
            C::I8 => {
                type $T = t::Int8Type;
                $body
            }
            C::I16 => {
                type $T = t::Int16Type;
                $body
            }
            C::I32 => {
                type $T = t::Int32Type;
                $body
            }
            C::I64 => {
                type $T = t::Int64Type;
                $body
            }
            C::U8 => {
                type $T = t::UInt8Type;
                $body
            }
            C::U16 => {
                type $T = t::UInt16Type;
                $body
            }
            C::U32 => {
                type $T = t::UInt32Type;
                $body
            }
            C::U64 => {
                type $T = t::UInt64Type;
                $body
            }
            C::F32 => {
                type $T = t::Float32Type;
                $body
            }
            C::F64 => {
                type $T = t::Float64Type;
                $body
            }
            C::Timestamp => {
                type $T = t::TimestampNanosecondType;
                $body
            }
            C::Date => {
                type $T = t::Date32Type;
                $body
            }
            C::Duration => {
                type $T = t::DurationNanosecondType;
                $body
            }
            C::Bool | C::Utf8 => {
                return Err($crate::error::PlanError::Internal(format!(
                    "{} is not numeric",
                    $column_type
                )));
            }
        }
    }};
}
pub(crate) use dispatch_numeric;

/// The column as one of type `to`.
///
/// To a float it rounds to the nearest; to an integer only a narrower or equally wide type is
/// converted, and a value beyond its range is an overflow.
pub(crate) fn convert(
    array: &ArrayRef,
    from: ColumnType,
    to: ColumnType,
) -> Result<ArrayRef, PlanError> {
    use ColumnType::{Date, Duration, I64, Timestamp};
    match (from, to) {
        (from, to) if from == to => return Ok(Arc::clone(array)),
        (Timestamp | Duration | I64, I64 | Timestamp | Duration) => {
            return Ok(reinterpret(&nanoseconds(array), to));
        }
        (Date, Timestamp) => return midnights(array.as_primitive()),
        _ => {}
    }
    match to {
        ColumnType::F64 => dispatch_numeric!(from, F => {
            let source = array.as_primitive::<F>();
            Ok(Arc::new(source.unary::<_, Float64Type>(Number::to_float)) as ArrayRef)
        }),
        ColumnType::F32 => dispatch_numeric!(from, F => {
            let source = array.as_primitive::<F>();
            Ok(Arc::new(source.unary::<_, Float32Type>(|value| {
                #[expect(clippy::cast_possible_truncation, reason = "rounding is documented")]
                let value = value.to_float() as f32;
                value
            })) as ArrayRef)
        }),
        _ => {
            let wide = widen(array, from)?;
            dispatch_numeric!(to, T => dispatch_wide!(&wide, source => to_integer::<_, T>(source, to)))
        }
    }
}

/// 64-bit integers as the times that they count the nanoseconds of; without a copy.
pub(crate) fn reinterpret(values: &Int64Array, to: ColumnType) -> ArrayRef {
    match to {
        ColumnType::Timestamp => Arc::new(values.reinterpret_cast::<TimestampNanosecondType>()),
        ColumnType::Duration => Arc::new(values.reinterpret_cast::<DurationNanosecondType>()),
        _ => Arc::new(values.clone()),
    }
}

/// The nanoseconds of times, or 64-bit integers as they are; without a copy.
pub(crate) fn nanoseconds(array: &ArrayRef) -> Int64Array {
    if let Some(times) = array.as_primitive_opt::<TimestampNanosecondType>() {
        return times.reinterpret_cast();
    }
    if let Some(spans) = array.as_primitive_opt::<DurationNanosecondType>() {
        return spans.reinterpret_cast();
    }
    array.as_primitive::<Int64Type>().clone()
}

/// The first nanosecond of each day; a day outside the years 1677 to 2262 is an overflow.
fn midnights(days: &PrimitiveArray<Date32Type>) -> Result<ArrayRef, PlanError> {
    let times = days
        .try_unary::<_, TimestampNanosecondType, _>(|day| {
            i64::from(day).checked_mul(DAY).ok_or(day)
        })
        .map_err(|day| {
            PlanError::Overflow(format!(
                "Cannot convert date to timestamp: it must lie in the years 1678 to 2261, got day \
                 {day} since 1970"
            ))
        })?;
    Ok(Arc::new(times))
}

fn to_integer<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    source: &PrimitiveArray<F>,
    to: ColumnType,
) -> Result<ArrayRef, PlanError>
where
    F::Native: Number,
    T::Native: Number,
{
    let nulls = source.nulls();
    let mut values = Vec::with_capacity(source.len());
    for (row, value) in source.values().iter().enumerate() {
        match T::Native::from_integer(value.to_wide()) {
            Some(converted) => values.push(converted),
            None if nulls.is_some_and(|nulls| nulls.is_null(row)) => {
                values.push(T::Native::default());
            }
            None => {
                return Err(PlanError::Overflow(format!(
                    "Cannot convert {value:?} to {to}: the value is out of range"
                )));
            }
        }
    }
    Ok(Arc::new(PrimitiveArray::<T>::new(
        ScalarBuffer::from(values),
        nulls.cloned(),
    )))
}
