//! Operators that bring two values of one kind together: comparisons, choices and extrema.

use super::super::comparison::ComparisonOperator;
use super::super::extremum::Extremum;
use super::super::operand::Literal;
use super::super::{Expression, ExpressionId};
use super::Operator;
use crate::column_type::ColumnType;
use crate::error::PlanError;

impl Operator<'_> {
    pub(super) fn compare(
        &mut self,
        operator: ComparisonOperator,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{Bool, F32, F64, I64, U8, U16, U32, U64, Utf8};
        let (mut left, mut right) = (a, b);
        // A column of integers beside times counts nanoseconds.
        for (time, number) in [(a, &mut right), (b, &mut left)] {
            let span = matches!(
                self.type_of(time),
                ColumnType::Timestamp | ColumnType::Duration
            );
            if span && self.type_of(*number).is_integer() && self.literal_of(*number).is_none() {
                let nanos = self.convert(*number, I64)?;
                *number = self.convert(nanos, self.type_of(time))?;
            }
        }
        let common;
        (left, right, common) = self.unify(left, right)?;
        let operands = match common {
            Bool => Bool,
            Utf8 => Utf8,
            F32 | F64 => F64,
            U8 | U16 | U32 | U64 => U64,
            _ => I64,
        };
        if operands != Utf8 {
            (left, right) = (
                self.convert(left, operands)?,
                self.convert(right, operands)?,
            );
        }
        Ok(self.result(
            Expression::Compare {
                operator,
                left,
                right,
                operands,
            },
            Bool,
        ))
    }

    /// `other` where the value is missing.
    pub(super) fn fill_null(
        &mut self,
        value: ExpressionId,
        other: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        let (value, other, column_type) = self.unify(value, other)?;
        Ok(self.result(Expression::FillNull { value, other }, column_type))
    }

    /// `then` where the condition is true, else `other`, also where it is missing.
    pub(super) fn choose(
        &mut self,
        condition: ExpressionId,
        then: ExpressionId,
        other: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        let condition = self.boolean(condition)?;
        let (then, other, column_type) = self.unify(then, other)?;
        let expression = Expression::If {
            condition,
            then,
            other,
        };
        Ok(self.result(expression, column_type))
    }

    /// The smaller or larger of two values that have an order of numbers.
    pub(super) fn extremum(
        &mut self,
        kind: Extremum,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        let (left, right, column_type) = self.unify(a, b)?;
        if !column_type.is_numeric() && !column_type.is_temporal() {
            return Err(self.mismatch("numbers or times", &[a, b]));
        }
        let expression = Expression::Extremum { kind, left, right };
        Ok(self.result(expression, column_type))
    }

    /// Two values as ones of the type in which they meet. Text stays as it is: ids of a dictionary
    /// need no copy of their strings.
    fn unify(
        &mut self,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<(ExpressionId, ExpressionId, ColumnType), PlanError> {
        use ColumnType::{Date, Duration, Timestamp, Utf8};
        let (left, right) = (self.type_of(a), self.type_of(b));
        let null = |id| self.literal_of(id) == Some(&Literal::Null);
        let number = |id| self.type_of(id).is_numeric() && self.literal_of(id).is_some();
        let (mut x, mut y) = (a, b);
        let common = match (left, right) {
            _ if null(b) => left,
            _ if null(a) => right,
            (left, right) if left == right => left,
            (left, right) if left.is_numeric() && right.is_numeric() => self.common(a, b)?,
            (Timestamp, Date) | (Date, Timestamp) => Timestamp,
            (Timestamp | Duration, _) if number(b) => {
                y = self.nanos(b)?;
                left
            }
            (_, Timestamp | Duration) if number(a) => {
                x = self.nanos(a)?;
                right
            }
            _ => return Err(self.mismatch("two values of one kind", &[a, b])),
        };
        if common != Utf8 || left != right {
            (x, y) = (self.convert(x, common)?, self.convert(y, common)?);
        }
        Ok((x, y, common))
    }
}
