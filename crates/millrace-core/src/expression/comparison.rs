//! `eq ne lt le gt ge`, element by element: numbers by IEEE 754 (NaN compares false, and is
//! unequal to itself), text by its bytes. A missing operand gives missing.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::numeric::Number;
use super::operand::{Literal, Operand, Values};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// A comparison; `gt` and `ge` are these with the operands exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ComparisonOperator {
    Eq,
    Ne,
    Lt,
    Le,
}

impl ComparisonOperator {
    fn holds<T: PartialOrd + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
        }
    }
}

/// Compares operands that are both of type `operands`: i64, u64, f64, bool or utf8.
pub(crate) fn compare(
    operator: ComparisonOperator,
    left: &Operand,
    right: &Operand,
    operands: ColumnType,
) -> Result<ArrayRef, PlanError> {
    let nulls = NullBuffer::union(left.nulls(), right.nulls());
    let bits = match operands {
        ColumnType::F64 => numbers::<Float64Type>(operator, left, right)?,
        ColumnType::I64 => numbers::<Int64Type>(operator, left, right)?,
        ColumnType::U64 => numbers::<UInt64Type>(operator, left, right)?,
        ColumnType::Bool => booleans(operator, left, right)?,
        ColumnType::Utf8 => text(operator, left, right)?,
        _ => return Err(PlanError::Internal(format!("comparison of {operands}"))),
    };
    Ok(Arc::new(BooleanArray::new(bits, nulls)))
}

fn numbers<T: ArrowPrimitiveType>(
    operator: ComparisonOperator,
    left: &Operand,
    right: &Operand,
) -> Result<BooleanBuffer, PlanError>
where
    T::Native: Number,
{
    let (a, b) = (left.values::<T>()?, right.values::<T>()?);
    Ok(match operator {
        ComparisonOperator::Eq => collect(&a, &b, |a, b| a == b),
        ComparisonOperator::Ne => collect(&a, &b, |a, b| a != b),
        ComparisonOperator::Lt => collect(&a, &b, |a, b| a < b),
        ComparisonOperator::Le => collect(&a, &b, |a, b| a <= b),
    })
}

fn collect<N: Copy>(
    a: &Values<'_, N>,
    b: &Values<'_, N>,
    f: impl Fn(N, N) -> bool,
) -> BooleanBuffer {
    match (a, b) {
        (Values::Each(a), Values::Each(b)) => {
            let b = &b[..a.len()];
            BooleanBuffer::collect_bool(a.len(), |row| f(a[row], b[row]))
        }
        (Values::Each(a), Values::Same(b)) => {
            BooleanBuffer::collect_bool(a.len(), |row| f(a[row], *b))
        }
        (Values::Same(a), Values::Each(b)) => {
            BooleanBuffer::collect_bool(b.len(), |row| f(*a, b[row]))
        }
        (Values::Same(a), Values::Same(b)) => BooleanBuffer::collect_bool(1, |_| f(*a, *b)),
    }
}

fn booleans(
    operator: ComparisonOperator,
    left: &Operand,
    right: &Operand,
) -> Result<BooleanBuffer, PlanError> {
    let value = |operand: &Operand| match operand {
        Operand::Array(array) => Ok(array.as_boolean().values().clone()),
        Operand::Literal(Literal::Bool(true)) => Ok(BooleanBuffer::new_set(0)),
        Operand::Literal(Literal::Bool(false)) => Ok(BooleanBuffer::new_unset(0)),
        Operand::Literal(literal) => Err(PlanError::Internal(format!(
            "literal {literal} is not bool"
        ))),
    };
    let at = |operand: &Operand, bits: &BooleanBuffer, row: usize| match operand {
        Operand::Literal(literal) => *literal == Literal::Bool(true),
        Operand::Array(_) => bits.value(row),
    };
    let (a, b) = (value(left)?, value(right)?);
    Ok(BooleanBuffer::collect_bool(a.len().max(b.len()), |row| {
        operator.holds(&at(left, &a, row), &at(right, &b, row))
    }))
}

/// A text operand with its ids, where it has a dictionary.
pub(super) struct Text<'a> {
    ids: Option<&'a [i32]>,
    strings: Option<&'a StringArray>,
    literal: &'a str,
}

impl<'a> Text<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self, PlanError> {
        match operand {
            Operand::Literal(Literal::Text(literal)) => Ok(Self {
                ids: None,
                strings: None,
                literal,
            }),
            Operand::Literal(literal) => Err(PlanError::Internal(format!(
                "literal {literal} is not utf8"
            ))),
            Operand::Array(array) => Ok(array.as_dictionary_opt::<Int32Type>().map_or_else(
                || Self {
                    ids: None,
                    strings: Some(array.as_string()),
                    literal: "",
                },
                |array| Self {
                    ids: Some(array.keys().values()),
                    strings: Some(array.values().as_string()),
                    literal: "",
                },
            )),
        }
    }

    fn len(&self) -> usize {
        self.ids
            .map_or_else(|| self.strings.map_or(0, Array::len), <[i32]>::len)
    }

    /// The text of a row; empty where the row is missing.
    pub(super) fn at(&self, row: usize) -> &'a str {
        let Some(strings) = self.strings else {
            return self.literal;
        };
        let index = self
            .ids
            .map_or(Some(row), |ids| usize::try_from(ids[row]).ok());
        index
            .filter(|&index| index < strings.len())
            .map_or("", |index| strings.value(index))
    }
}

fn text(
    operator: ComparisonOperator,
    left: &Operand,
    right: &Operand,
) -> Result<BooleanBuffer, PlanError> {
    let (a, b) = (Text::new(left)?, Text::new(right)?);
    // A column with a dictionary against a literal: one comparison per string, then a lookup.
    let table = |text: &Text<'_>, holds: &dyn Fn(&str) -> bool| {
        let (Some(ids), Some(strings)) = (text.ids, text.strings) else {
            return None;
        };
        let answers: Vec<bool> = strings
            .iter()
            .map(|string| string.is_some_and(holds))
            .collect();
        Some(BooleanBuffer::collect_bool(ids.len(), |row| {
            usize::try_from(ids[row]).is_ok_and(|id| answers.get(id) == Some(&true))
        }))
    };
    let by_dictionary = match (left, right) {
        (Operand::Array(_), Operand::Literal(_)) => {
            table(&a, &|string| operator.holds(string, b.literal))
        }
        (Operand::Literal(_), Operand::Array(_)) => {
            table(&b, &|string| operator.holds(a.literal, string))
        }
        _ => None,
    };
    Ok(by_dictionary.unwrap_or_else(|| {
        BooleanBuffer::collect_bool(a.len().max(b.len()), |row| {
            operator.holds(a.at(row), b.at(row))
        })
    }))
}
