//! `neg abs round floorTime`, element by element.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int64Type, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, ArrowNativeTypeOp, PrimitiveArray};
use arrow_buffer::ScalarBuffer;

use super::numeric::{Number, dispatch_numeric};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// The negated numbers, of a signed type.
pub(crate) fn negate(array: &ArrayRef, column_type: ColumnType) -> Result<ArrayRef, PlanError> {
    dispatch_numeric!(column_type, T => {
        checked::<T>(array, "negate", |value| value.neg_checked().ok())
    })
}

/// The absolute values.
pub(crate) fn absolute(array: &ArrayRef, column_type: ColumnType) -> Result<ArrayRef, PlanError> {
    match column_type {
        ColumnType::F64 => Ok(Arc::new(
            array
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(f64::abs),
        )),
        ColumnType::F32 => Ok(Arc::new(
            array
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(f32::abs),
        )),
        _ => dispatch_numeric!(column_type, T => {
            checked::<T>(array, "take the absolute value of", |value| {
                if value.is_lt(ArrowNativeTypeOp::ZERO) {
                    value.neg_checked().ok()
                } else {
                    Some(value)
                }
            })
        }),
    }
}

/// Rounds to `decimals` as numpy does: multiply by 10^decimals, round half to even, divide.
pub(crate) fn round(
    array: &ArrayRef,
    column_type: ColumnType,
    decimals: i32,
) -> Result<ArrayRef, PlanError> {
    match column_type {
        ColumnType::F64 => {
            let values = array.as_primitive::<Float64Type>();
            Ok(Arc::new(values.unary::<_, Float64Type>(|value| {
                round_f64(value, decimals)
            })))
        }
        ColumnType::F32 => {
            let values = array.as_primitive::<Float32Type>();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "rounding is what is wanted"
            )]
            let rounded = values
                .unary::<_, Float32Type>(|value| round_f64(f64::from(value), decimals) as f32);
            Ok(Arc::new(rounded))
        }
        _ if decimals >= 0 => Ok(Arc::clone(array)),
        _ => dispatch_numeric!(column_type, T => {
            checked::<T>(array, "round", |value| {
                let rounded = round_integer(value.to_wide(), decimals);
                <T as ArrowPrimitiveType>::Native::from_integer(rounded)
            })
        }),
    }
}

fn round_f64(value: f64, decimals: i32) -> f64 {
    // A negative power is applied the other way round, as 10^-d is not exact.
    if decimals >= 0 {
        let scale = 10_f64.powi(decimals);
        let scaled = (value * scale).round_ties_even() / scale;
        if scaled.is_finite() { scaled } else { value }
    } else {
        let scale = 10_f64.powi(-decimals);
        (value / scale).round_ties_even() * scale
    }
}

fn round_integer(value: i128, decimals: i32) -> i128 {
    let Some(scale) = 10_i128
        .checked_pow(decimals.unsigned_abs())
        .filter(|scale| *scale < 1 << 100)
    else {
        return 0;
    };
    let (quotient, rest) = (value.div_euclid(scale), value.rem_euclid(scale));
    let up = 2 * rest > scale || (2 * rest == scale && quotient % 2 != 0);
    (quotient + i128::from(up)) * scale
}

/// The start of the span of `every` nanoseconds that each timestamp lies in.
pub(crate) fn floor_time(array: &ArrayRef, every: i64) -> Result<ArrayRef, PlanError> {
    let times = array
        .as_primitive::<TimestampNanosecondType>()
        .reinterpret_cast::<Int64Type>();
    let floored = checked::<Int64Type>(&(Arc::new(times) as ArrayRef), "floor", |value| {
        value.checked_sub(value.rem_euclid(every))
    })?;
    Ok(Arc::new(
        floored
            .as_primitive::<Int64Type>()
            .reinterpret_cast::<TimestampNanosecondType>(),
    ))
}

fn checked<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    action: &str,
    f: impl Fn(T::Native) -> Option<T::Native>,
) -> Result<ArrayRef, PlanError> {
    let source = array.as_primitive::<T>();
    let mut values = Vec::with_capacity(source.len());
    for (row, &value) in source.values().iter().enumerate() {
        match f(value) {
            Some(result) => values.push(result),
            None if source.is_null(row) => values.push(T::Native::default()),
            None => {
                return Err(PlanError::Overflow(format!(
                    "Cannot {action} {value:?} in row {row}: the result is out of range"
                )));
            }
        }
    }
    Ok(Arc::new(PrimitiveArray::<T>::new(
        ScalarBuffer::from(values),
        source.nulls().cloned(),
    )))
}
