//! `least greatest clipMin clipMax`: the smaller or larger of two values, row by row.
//!
//! `least` and `greatest` skip a missing value and let NaN win, as aggregates do. A bound that is
//! missing or NaN bounds nothing, and what is missing or NaN stays so.

use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};

use super::arithmetic::zip;
use super::numeric::{Number, dispatch_numeric};
use super::operand::Operand;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::nulls::is_valid;

/// Which of two values is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Extremum {
    /// The smaller of two values.
    Least,
    /// The larger of two values.
    Greatest,
    /// The left value, or the right one where that is larger.
    AtLeast,
    /// The left value, or the right one where that is smaller.
    AtMost,
}

impl Extremum {
    #[expect(clippy::eq_op, reason = "a NaN differs from itself")]
    fn of<N: PartialOrd + Copy>(self, left: N, right: N) -> N {
        let takes_right = match self {
            Self::Least => right < left || right != right,
            Self::Greatest => right > left || right != right,
            Self::AtLeast => right > left,
            Self::AtMost => right < left,
        };
        if takes_right && (left == left || !matches!(self, Self::Least | Self::Greatest)) {
            right
        } else {
            left
        }
    }

    fn keeps_missing(self) -> bool {
        matches!(self, Self::AtLeast | Self::AtMost)
    }
}

/// Takes the extremum of operands that are both of `column_type`.
pub(crate) fn extremum(
    kind: Extremum,
    left: &Operand,
    right: &Operand,
    column_type: ColumnType,
) -> Result<ArrayRef, PlanError> {
    dispatch_numeric!(column_type, T => of::<T>(kind, left, right))
}

fn of<T: ArrowPrimitiveType>(
    kind: Extremum,
    left: &Operand,
    right: &Operand,
) -> Result<ArrayRef, PlanError>
where
    T::Native: Number,
{
    let (a, b) = (left.values::<T>()?, right.values::<T>()?);
    let mut values = zip(&a, &b, |a, b| kind.of(a, b));
    let (left, right) = (left.nulls(), right.nulls());
    if left.is_some() || right.is_some() {
        for (row, value) in values.iter_mut().enumerate() {
            match (is_valid(left, row), is_valid(right, row)) {
                (true, false) => *value = a.at(row),
                (false, true) => *value = b.at(row),
                _ => {}
            }
        }
    }
    let nulls = match (left, right) {
        (Some(left), _) if kind.keeps_missing() => Some(left.clone()),
        (Some(left), Some(right)) => Some(NullBuffer::new(left.inner() | right.inner())),
        _ => None,
    };
    let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls);
    Ok(Arc::new(array) as ArrayRef)
}
