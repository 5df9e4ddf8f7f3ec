//! `isNull` and `fillNull`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};

use super::comparison::Text;
use super::numeric::{Number, dispatch_numeric};
use super::operand::{Literal, Operand};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// Whether each row is missing; never missing itself.
pub(crate) fn is_null(array: &ArrayRef) -> ArrayRef {
    let bits = array.nulls().map_or_else(
        || BooleanBuffer::new_unset(array.len()),
        |nulls| !nulls.inner(),
    );
    Arc::new(BooleanArray::new(bits, None))
}

/// The rows of `array`, and those of `other` where they are missing. Both are of `column_type`.
pub(crate) fn fill_null(
    array: &ArrayRef,
    other: &Operand,
    column_type: ColumnType,
) -> Result<ArrayRef, PlanError> {
    let text = column_type == ColumnType::Utf8;
    let valid = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(valid) => valid,
        // Text without a dictionary is what comes out, whatever went in.
        None if text => &NullBuffer::new_valid(array.len()),
        None => return Ok(Arc::clone(array)),
    };
    let nulls = other
        .nulls()
        .map(|nulls| valid.inner() | nulls.inner())
        .map(Into::into);
    Ok(match column_type {
        ColumnType::Bool => {
            let values = array.as_boolean().values();
            let other = match other {
                Operand::Array(other) => other.as_boolean().values().clone(),
                Operand::Literal(Literal::Bool(true)) => BooleanBuffer::new_set(array.len()),
                Operand::Literal(_) => BooleanBuffer::new_unset(array.len()),
            };
            let bits = &(values & valid.inner()) | &(&other & &!valid.inner());
            Arc::new(BooleanArray::new(bits, nulls))
        }
        ColumnType::Utf8 => {
            let source = Operand::Array(Arc::clone(array));
            let (text, other) = (Text::new(&source)?, Text::new(other)?);
            let filled = StringArray::from_iter_values((0..array.len()).map(|row| {
                if valid.is_valid(row) {
                    text.at(row)
                } else {
                    other.at(row)
                }
            }));
            let (offsets, values, _) = filled.into_parts();
            Arc::new(StringArray::new(offsets, values, nulls))
        }
        _ => dispatch_numeric!(column_type, T => fill_numbers::<T>(array, valid, other, nulls)?),
    })
}

fn fill_numbers<T: arrow_array::ArrowPrimitiveType>(
    array: &ArrayRef,
    valid: &NullBuffer,
    other: &Operand,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, PlanError>
where
    T::Native: Number,
{
    let source = array.as_primitive::<T>().values();
    let other = other.values::<T>()?;
    let values: Vec<_> = source
        .iter()
        .enumerate()
        .map(|(row, &value)| {
            if valid.is_valid(row) {
                value
            } else {
                other.at(row)
            }
        })
        .collect();
    Ok(Arc::new(PrimitiveArray::<T>::new(
        ScalarBuffer::from(values),
        nulls,
    )))
}
