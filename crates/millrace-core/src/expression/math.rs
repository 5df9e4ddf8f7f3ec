//! `floor ceil sqrt exp log`, element by element, by IEEE 754: the root or logarithm of a negative
//! number is NaN, not missing.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};

use crate::column_type::ColumnType;
use crate::error::PlanError;

/// A function of one floating-point number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MathFunction {
    Floor,
    Ceil,
    Sqrt,
    Exp,
    Log,
}

impl MathFunction {
    /// The function that a plan calls by this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            "sqrt" => Self::Sqrt,
            "exp" => Self::Exp,
            "log" => Self::Log,
            _ => return None,
        })
    }

    /// Whether a whole number is its own result.
    pub(crate) fn keeps_integers(self) -> bool {
        matches!(self, Self::Floor | Self::Ceil)
    }
}

/// Applies the function to a column of `column_type`, which must be f32 or f64.
pub(crate) fn math(
    function: MathFunction,
    array: &ArrayRef,
    column_type: ColumnType,
) -> Result<ArrayRef, PlanError> {
    match column_type {
        ColumnType::F64 => {
            let values = array.as_primitive::<Float64Type>();
            Ok(Arc::new(values.unary::<_, Float64Type>(match function {
                MathFunction::Floor => f64::floor,
                MathFunction::Ceil => f64::ceil,
                MathFunction::Sqrt => f64::sqrt,
                MathFunction::Exp => f64::exp,
                MathFunction::Log => f64::ln,
            })))
        }
        ColumnType::F32 => {
            let values = array.as_primitive::<Float32Type>();
            Ok(Arc::new(values.unary::<_, Float32Type>(match function {
                MathFunction::Floor => f32::floor,
                MathFunction::Ceil => f32::ceil,
                MathFunction::Sqrt => f32::sqrt,
                MathFunction::Exp => f32::exp,
                MathFunction::Log => f32::ln,
            })))
        }
        _ => Err(PlanError::Internal(format!(
            "{function:?} of {column_type}"
        ))),
    }
}
