//! Numbers in the widest native type of their kind, through which conversions between types go: a
//! kernel for each of three sources and each target instead of one for each pair of types.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, Float64Array, Int64Array, UInt64Array};

use super::numeric::nanoseconds;
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// A column of numbers or times, widened without loss.
pub(crate) enum Wide {
    Signed(Int64Array),
    Unsigned(UInt64Array),
    Float(Float64Array),
}

/// Runs `$body` with `$values` as the array inside of `$wide`.
macro_rules! dispatch_wide {
    ($wide:expr, $values:ident => $body:expr) => {
        match $wide {
            $crate::expression::wide::Wide::Signed($values) => $body,
            $crate::expression::wide::Wide::Unsigned($values) => $body,
            $crate::expression::wide::Wide::Float($values) => $body,
        }
    };
}
pub(crate) use dispatch_wide;

/// Widens a numeric or temporal column; without a copy where it is wide already.
pub(crate) fn widen(array: &ArrayRef, from: ColumnType) -> Result<Wide, PlanError> {
    Ok(match from {
        ColumnType::I8 => Wide::Signed(signed::<Int8Type>(array)),
        ColumnType::I16 => Wide::Signed(signed::<Int16Type>(array)),
        ColumnType::I32 => Wide::Signed(signed::<Int32Type>(array)),
        ColumnType::U8 => Wide::Signed(signed::<UInt8Type>(array)),
        ColumnType::U16 => Wide::Signed(signed::<UInt16Type>(array)),
        ColumnType::U32 => Wide::Signed(signed::<UInt32Type>(array)),
        ColumnType::Date => Wide::Signed(signed::<Date32Type>(array)),
        ColumnType::I64 | ColumnType::Timestamp | ColumnType::Duration => {
            Wide::Signed(nanoseconds(array))
        }
        ColumnType::U64 => Wide::Unsigned(array.as_primitive::<UInt64Type>().clone()),
        ColumnType::F32 => {
            let values = array.as_primitive::<Float32Type>();
            Wide::Float(values.unary::<_, Float64Type>(f64::from))
        }
        ColumnType::F64 => Wide::Float(array.as_primitive::<Float64Type>().clone()),
        ColumnType::Bool | ColumnType::Utf8 => {
            return Err(PlanError::Internal(format!("{from} is not numeric")));
        }
    })
}

fn signed<F: ArrowPrimitiveType>(array: &ArrayRef) -> Int64Array
where
    F::Native: Into<i64>,
{
    array.as_primitive::<F>().unary::<_, Int64Type>(Into::into)
}
