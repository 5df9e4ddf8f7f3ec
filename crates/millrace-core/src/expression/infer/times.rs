//! Arithmetic of times.

use super::super::arithmetic::ArithmeticOperator;
use super::super::literal::fits;
use super::super::operand::Literal;
use super::super::{Expression, ExpressionId};
use super::Operator;
use crate::column_type::ColumnType;
use crate::error::PlanError;

const NANOS_PER_MILLI: f64 = 1e6;

impl Operator<'_> {
    /// A number literal as a count of nanoseconds; it was given in milliseconds.
    pub(super) fn nanos(&mut self, id: ExpressionId) -> Result<ExpressionId, PlanError> {
        let typed = self.pool.get(id);
        let Expression::Literal(literal) = &typed.expression else {
            return Ok(id);
        };
        if typed.column_type != ColumnType::F64 || *literal == Literal::Null {
            return Ok(id);
        }
        let nanos = match literal {
            Literal::Integer(millis) => millis.checked_mul(1_000_000),
            Literal::Float(bits) => {
                let nanos = (f64::from_bits(*bits) * NANOS_PER_MILLI).round_ties_even();
                #[expect(clippy::cast_possible_truncation, reason = "within ±1e19")]
                (nanos.abs() < 1e19).then_some(nanos as i128)
            }
            Literal::Null | Literal::Bool(_) | Literal::Text(_) => None,
        };
        let literal = nanos
            .map(Literal::Integer)
            .filter(|literal| fits(literal, ColumnType::I64));
        let Some(literal) = literal else {
            return Err(self.mismatch("a time in milliseconds", &[id]));
        };
        Ok(self.pool.literal(literal, ColumnType::I64))
    }

    /// Times with times and spans, spans with spans and numbers. A date counts as its first
    /// nanosecond; integers beside a time are nanoseconds.
    pub(super) fn time_arithmetic(
        &mut self,
        operator: ArithmeticOperator,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ArithmeticOperator::{Add, Div, Mod, Mul, Sub};
        use ColumnType::{Duration, F64, I64, Timestamp};
        let (mut left, mut right) = (a, b);
        if matches!(operator, Add | Sub) {
            (left, right) = (self.nanos(a)?, self.nanos(b)?);
        }
        for id in [&mut left, &mut right] {
            if self.type_of(*id) == ColumnType::Date {
                *id = self.convert(*id, Timestamp)?;
            }
        }
        let span = |column_type: ColumnType| column_type == Duration || column_type.is_integer();
        let result = match (operator, self.type_of(left), self.type_of(right)) {
            (Sub, Timestamp, Timestamp) | (Mod, Duration, Duration) => Duration,
            (Add | Sub, Timestamp, right) if span(right) => Timestamp,
            (Add, left, Timestamp) if span(left) => Timestamp,
            (Add | Sub, Duration, right) if span(right) => Duration,
            (Add, left, Duration) if span(left) => Duration,
            (Div, Duration, Duration) => {
                let (left, right) = (self.convert(left, F64)?, self.convert(right, F64)?);
                return Ok(self.binary(operator, left, right, F64));
            }
            (Mul, Duration, other) if other.is_numeric() => {
                return self.scale(operator, left, right);
            }
            (Mul, other, Duration) if other.is_numeric() => {
                return self.scale(operator, right, left);
            }
            (Div, Duration, other) if other.is_numeric() => {
                return self.scale(operator, left, right);
            }
            _ => return Err(self.mismatch("times and spans that go together", &[a, b])),
        };
        let (left, right) = (self.convert(left, I64)?, self.convert(right, I64)?);
        let nanos = self.binary(operator, left, right, I64);
        self.convert(nanos, result)
    }

    /// A span times or divided by a number, to the nearest nanosecond; exact for whole factors. What
    /// is no span, as a quotient by zero, is missing.
    fn scale(
        &mut self,
        operator: ArithmeticOperator,
        span: ExpressionId,
        factor: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{Duration, F64, I64};
        let whole = match self.literal_of(factor) {
            Some(literal) => fits(literal, I64) && *literal != Literal::Null,
            None => self.type_of(factor).is_integer(),
        };
        let nanos = if whole && operator == ArithmeticOperator::Mul {
            let (span, factor) = (self.convert(span, I64)?, self.convert(factor, I64)?);
            self.binary(operator, span, factor, I64)
        } else {
            let (span, factor) = (self.convert(span, F64)?, self.convert(factor, F64)?);
            let scaled = self.binary(operator, span, factor, F64);
            let rounded = self.result(
                Expression::Round {
                    value: scaled,
                    decimals: 0,
                },
                F64,
            );
            self.result(
                Expression::Cast {
                    value: rounded,
                    from: F64,
                    strict: false,
                },
                I64,
            )
        };
        self.convert(nanos, Duration)
    }

    fn binary(
        &mut self,
        operator: ArithmeticOperator,
        left: ExpressionId,
        right: ExpressionId,
        column_type: ColumnType,
    ) -> ExpressionId {
        let expression = Expression::Arithmetic {
            operator,
            left,
            right,
        };
        self.result(expression, column_type)
    }
}
