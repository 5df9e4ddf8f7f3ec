//! What an operator is applied to: a column, or one literal that stands for every row.

use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{
    Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray, cast::AsArray, new_null_array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::numeric::{Number, dispatch_numeric};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// A literal of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Integer(i128),
    /// The bits of an f64, so that literals can be compared and hashed.
    Float(u64),
    Text(String),
}

/// A column, or a literal that stands for every row.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Array(ArrayRef),
    Literal(Literal),
}

/// Values of one native type: those of a column, or one for all rows.
pub(super) enum Values<'a, N> {
    Each(&'a [N]),
    Same(N),
}

impl<N: Copy> Values<'_, N> {
    /// The value of a row.
    pub(super) fn at(&self, row: usize) -> N {
        match self {
            Self::Each(values) => values[row],
            Self::Same(value) => *value,
        }
    }
}

impl Literal {
    /// The literal as a number of the native type, if it is one that fits.
    pub(crate) fn number<N: Number>(&self) -> Option<N> {
        match self {
            Self::Integer(value) => N::from_integer(*value),
            Self::Float(bits) => N::from_float(f64::from_bits(*bits)),
            Self::Null | Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// An array of `rows` times this literal.
    pub(crate) fn repeat(
        &self,
        column_type: ColumnType,
        rows: usize,
    ) -> Result<ArrayRef, PlanError> {
        let unfit = || {
            PlanError::TypeMismatch(format!(
                "Cannot make a column of {self}: the literal must be {column_type}"
            ))
        };
        Ok(match (self, column_type) {
            (Self::Null, _) => new_null_array(&column_type.arrow(), rows),
            (Self::Bool(value), ColumnType::Bool) => Arc::new(BooleanArray::new(
                if *value {
                    BooleanBuffer::new_set(rows)
                } else {
                    BooleanBuffer::new_unset(rows)
                },
                None,
            )),
            (Self::Text(text), ColumnType::Utf8) => Arc::new(StringArray::from_iter_values(
                std::iter::repeat_n(text, rows),
            )),
            (_, ColumnType::Bool | ColumnType::Utf8) => return Err(unfit()),
            _ => dispatch_numeric!(column_type, T => {
                let value = self.number::<<T as ArrowPrimitiveType>::Native>().ok_or_else(unfit)?;
                Arc::new(PrimitiveArray::<T>::from_value(value, rows)) as ArrayRef
            }),
        })
    }
}

impl std::fmt::Display for Literal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Float(bits) => write!(formatter, "{}", f64::from_bits(*bits)),
            Self::Text(text) => write!(formatter, "{text:?}"),
        }
    }
}

impl Operand {
    /// Which rows are valid; a literal that is not null is valid for all.
    pub(super) fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Array(array) => array.nulls(),
            Self::Literal(_) => None,
        }
    }

    /// The values as those of `T`, which the operand's type must be.
    pub(super) fn values<T: ArrowPrimitiveType>(&self) -> Result<Values<'_, T::Native>, PlanError>
    where
        T::Native: Number,
    {
        match self {
            Self::Array(array) => array
                .as_primitive_opt::<T>()
                .map(|array| Values::Each(array.values().as_ref()))
                .ok_or_else(|| {
                    PlanError::Internal(format!(
                        "operand is {}, wanted {}",
                        array.data_type(),
                        T::DATA_TYPE
                    ))
                }),
            Self::Literal(literal) => literal
                .number::<T::Native>()
                .map(Values::Same)
                .ok_or_else(|| PlanError::Internal(format!("literal {literal} does not fit"))),
        }
    }
}
