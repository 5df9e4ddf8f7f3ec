//! `add sub mul mod div pow`, element by element.
//!
//! A float follows IEEE 754. An integer result beyond its type is an error, and the remainder by
//! zero of an integer is missing. `mod` takes the sign of its divisor, as in Python.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type};
use arrow_array::{ArrayRef, ArrowNativeTypeOp, PrimitiveArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};

use super::numeric::{Number, dispatch_numeric};
use super::operand::{Operand, Values};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// An operator of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ArithmeticOperator {
    Add,
    Sub,
    Mul,
    Mod,
    Div,
    Pow,
}

impl ArithmeticOperator {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Mod => "mod",
            Self::Div => "div",
            Self::Pow => "pow",
        }
    }
}

/// Applies the operator; both operands are of type `operands` (literals fit it).
pub(crate) fn arithmetic(
    operator: ArithmeticOperator,
    left: &Operand,
    right: &Operand,
    operands: ColumnType,
) -> Result<ArrayRef, PlanError> {
    let nulls = NullBuffer::union(left.nulls(), right.nulls());
    match operands {
        ColumnType::F64 => float::<Float64Type>(operator, left, right, nulls, f64::powf, |a, b| {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
                rest + b
            } else {
                rest
            }
        }),
        ColumnType::F32 => float::<Float32Type>(operator, left, right, nulls, power, |a, b| {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
                rest + b
            } else {
                rest
            }
        }),
        _ => dispatch_numeric!(operands, T => integer::<T>(operator, left, right, nulls)),
    }
}

/// A power of `f32`, rounded once: powers of `f32` themselves may be off by the last bit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding is what is wanted"
)]
fn power(base: f32, exponent: f32) -> f32 {
    f64::from(base).powf(f64::from(exponent)) as f32
}

fn float<T: ArrowPrimitiveType>(
    operator: ArithmeticOperator,
    left: &Operand,
    right: &Operand,
    nulls: Option<NullBuffer>,
    pow: impl Fn(T::Native, T::Native) -> T::Native,
    modulo: impl Fn(T::Native, T::Native) -> T::Native,
) -> Result<ArrayRef, PlanError>
where
    T::Native: Number + ArrowNativeTypeOp,
{
    let (a, b) = (left.values::<T>()?, right.values::<T>()?);
    let values = match operator {
        ArithmeticOperator::Add => zip(&a, &b, ArrowNativeTypeOp::add_wrapping),
        ArithmeticOperator::Sub => zip(&a, &b, ArrowNativeTypeOp::sub_wrapping),
        ArithmeticOperator::Mul => zip(&a, &b, ArrowNativeTypeOp::mul_wrapping),
        ArithmeticOperator::Div => zip(&a, &b, ArrowNativeTypeOp::div_wrapping),
        ArithmeticOperator::Mod => zip(&a, &b, modulo),
        ArithmeticOperator::Pow => zip(&a, &b, pow),
    };
    Ok(Arc::new(PrimitiveArray::<T>::new(
        ScalarBuffer::from(values),
        nulls,
    )))
}

fn integer<T: ArrowPrimitiveType>(
    operator: ArithmeticOperator,
    left: &Operand,
    right: &Operand,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, PlanError>
where
    T::Native: Number + ArrowNativeTypeOp,
{
    let (a, b) = (left.values::<T>()?, right.values::<T>()?);
    let (values, nulls) = match operator {
        ArithmeticOperator::Add => (
            checked(&a, &b, nulls.as_ref(), operator, |a, b| {
                a.add_checked(b).ok()
            })?,
            nulls,
        ),
        ArithmeticOperator::Sub => (
            checked(&a, &b, nulls.as_ref(), operator, |a, b| {
                a.sub_checked(b).ok()
            })?,
            nulls,
        ),
        ArithmeticOperator::Mul => (
            checked(&a, &b, nulls.as_ref(), operator, |a, b| {
                a.mul_checked(b).ok()
            })?,
            nulls,
        ),
        ArithmeticOperator::Mod => {
            let values = zip(&a, &b, floored_remainder);
            let divisible = match &b {
                Values::Same(value) if value.is_zero() => Some(NullBuffer::new_null(values.len())),
                Values::Same(_) => None,
                Values::Each(divisors) => divisors
                    .iter()
                    .any(|divisor| divisor.is_zero())
                    .then(|| divisors.iter().map(|divisor| !divisor.is_zero()).collect()),
            };
            (
                values,
                NullBuffer::union(nulls.as_ref(), divisible.as_ref()),
            )
        }
        ArithmeticOperator::Div | ArithmeticOperator::Pow => {
            return Err(PlanError::Internal(format!(
                "{} of integers",
                operator.name()
            )));
        }
    };
    Ok(Arc::new(PrimitiveArray::<T>::new(
        ScalarBuffer::from(values),
        nulls,
    )))
}

/// The remainder with the sign of the divisor; 0 for a divisor of zero, which the caller nulls.
fn floored_remainder<N: ArrowNativeTypeOp>(a: N, b: N) -> N {
    if b.is_zero() {
        return N::ZERO;
    }
    let rest = a.mod_wrapping(b);
    if !rest.is_zero() && rest.is_lt(N::ZERO) != b.is_lt(N::ZERO) {
        rest.add_wrapping(b)
    } else {
        rest
    }
}

/// Applies `f` to every pair of values.
pub(super) fn zip<N: Copy, R>(
    a: &Values<'_, N>,
    b: &Values<'_, N>,
    mut f: impl FnMut(N, N) -> R,
) -> Vec<R> {
    match (a, b) {
        (Values::Each(a), Values::Each(b)) => a.iter().zip(*b).map(|(&a, &b)| f(a, b)).collect(),
        (Values::Each(a), Values::Same(b)) => a.iter().map(|&a| f(a, *b)).collect(),
        (Values::Same(a), Values::Each(b)) => b.iter().map(|&b| f(*a, b)).collect(),
        (Values::Same(a), Values::Same(b)) => vec![f(*a, *b)],
    }
}

/// As [`zip`]; `f` yields nothing on overflow, which is an error unless the row is missing.
fn checked<N: ArrowNativeTypeOp>(
    a: &Values<'_, N>,
    b: &Values<'_, N>,
    nulls: Option<&NullBuffer>,
    operator: ArithmeticOperator,
    f: impl Fn(N, N) -> Option<N>,
) -> Result<Vec<N>, PlanError> {
    let mut overflowed = false;
    let values = zip(a, b, |a, b| {
        let value = f(a, b);
        overflowed |= value.is_none();
        value.unwrap_or(N::ZERO)
    });
    if overflowed {
        for row in 0..values.len() {
            let (a, b) = (a.at(row), b.at(row));
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) && f(a, b).is_none() {
                return Err(PlanError::Overflow(format!(
                    "Cannot {} {a:?} and {b:?} in row {row}: the result is out of range",
                    operator.name()
                )));
            }
        }
    }
    Ok(values)
}
