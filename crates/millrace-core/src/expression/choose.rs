//! `if`: one of two values, by a condition. A missing condition counts as false.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};

use super::comparison::Text;
use super::numeric::{Number, dispatch_numeric};
use super::operand::{Literal, Operand};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// `then` where the condition is true, else `other`; both are of `column_type`.
pub(crate) fn choose(
    condition: &ArrayRef,
    then: &Operand,
    other: &Operand,
    column_type: ColumnType,
) -> Result<ArrayRef, PlanError> {
    let condition = condition.as_boolean();
    let rows = condition.len();
    let chosen = match condition.nulls() {
        Some(valid) => condition.values() & valid.inner(),
        None => condition.values().clone(),
    };
    let nulls = (then.nulls().is_some() || other.nulls().is_some()).then(|| {
        let valid = |operand: &Operand| {
            operand.nulls().map_or_else(
                || BooleanBuffer::new_set(rows),
                |nulls| nulls.inner().clone(),
            )
        };
        NullBuffer::new(merge(&chosen, &valid(then), &valid(other)))
    });
    Ok(match column_type {
        ColumnType::Bool => {
            let bits = |operand: &Operand| match operand {
                Operand::Array(array) => array.as_boolean().values().clone(),
                Operand::Literal(Literal::Bool(true)) => BooleanBuffer::new_set(rows),
                Operand::Literal(_) => BooleanBuffer::new_unset(rows),
            };
            let merged = merge(&chosen, &bits(then), &bits(other));
            Arc::new(BooleanArray::new(merged, nulls))
        }
        ColumnType::Utf8 => {
            let (then, other) = (Text::new(then)?, Text::new(other)?);
            let strings =
                StringArray::from_iter_values(chosen.iter().enumerate().map(|(row, chosen)| {
                    if chosen { then.at(row) } else { other.at(row) }
                }));
            let (offsets, values, _) = strings.into_parts();
            Arc::new(StringArray::new(offsets, values, nulls))
        }
        _ => dispatch_numeric!(column_type, T => numbers::<T>(&chosen, then, other, nulls)?),
    })
}

fn merge(chosen: &BooleanBuffer, then: &BooleanBuffer, other: &BooleanBuffer) -> BooleanBuffer {
    &(chosen & then) | &(&!chosen & other)
}

fn numbers<T: ArrowPrimitiveType>(
    chosen: &BooleanBuffer,
    then: &Operand,
    other: &Operand,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, PlanError>
where
    T::Native: Number,
{
    let (then, other) = (then.values::<T>()?, other.values::<T>()?);
    let values: Vec<T::Native> = chosen
        .iter()
        .enumerate()
        .map(|(row, chosen)| if chosen { then.at(row) } else { other.at(row) })
        .collect();
    let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls);
    Ok(Arc::new(array) as ArrayRef)
}
