//! Arithmetic and functions of numbers, and the types in which numbers meet.

use super::super::arithmetic::ArithmeticOperator;
use super::super::literal::fits;
use super::super::math::MathFunction;
use super::super::operand::Literal;
use super::super::{Expression, ExpressionId};
use super::Operator;
use crate::column_type::ColumnType;
use crate::error::PlanError;

impl Operator<'_> {
    /// The type in which two numbers meet.
    pub(super) fn common(&self, a: ExpressionId, b: ExpressionId) -> Result<ColumnType, PlanError> {
        use ColumnType::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        let (left, right) = (self.number(a)?, self.number(b)?);
        // A literal takes the type of the column it meets, where it fits that.
        let adapted = |literal: Option<&Literal>, column_type: ColumnType| {
            literal
                .is_some_and(|literal| fits(literal, column_type))
                .then_some(column_type)
        };
        match (self.literal_of(a), self.literal_of(b)) {
            (None, literal @ Some(_)) => {
                if let Some(column_type) = adapted(literal, left) {
                    return Ok(column_type);
                }
                if left.is_integer() && adapted(literal, I64).is_some() && left != U64 {
                    return Ok(I64);
                }
                return Ok(F64);
            }
            (literal @ Some(_), None) => {
                if let Some(column_type) = adapted(literal, right) {
                    return Ok(column_type);
                }
                if right.is_integer() && adapted(literal, I64).is_some() && right != U64 {
                    return Ok(I64);
                }
                return Ok(F64);
            }
            _ => {}
        }
        let rank = |column_type| match column_type {
            I8 | U8 => 1,
            I16 | U16 => 2,
            I32 | U32 => 3,
            _ => 4,
        };
        let signed = |column_type| matches!(column_type, I8 | I16 | I32 | I64);
        Ok(match (left, right) {
            (left, right) if left == right => left,
            (F32 | F64, _) | (_, F32 | F64) => F64,
            (left, right) if signed(left) == signed(right) => {
                if rank(left) >= rank(right) {
                    left
                } else {
                    right
                }
            }
            _ => I64,
        })
    }

    pub(super) fn arithmetic(
        &mut self,
        operator: ArithmeticOperator,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{F32, F64};
        if self.type_of(a).is_temporal() || self.type_of(b).is_temporal() {
            return self.time_arithmetic(operator, a, b);
        }
        let mut operands = self.common(a, b)?;
        if matches!(operator, ArithmeticOperator::Div | ArithmeticOperator::Pow) && operands != F32
        {
            operands = F64;
        }
        let (left, right) = (self.convert(a, operands)?, self.convert(b, operands)?);
        Ok(self.result(
            Expression::Arithmetic {
                operator,
                left,
                right,
            },
            operands,
        ))
    }

    /// A function of one number: f32 stays, any other number becomes f64.
    pub(super) fn math(
        &mut self,
        function: MathFunction,
        value: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        let column_type = self.number(value)?;
        if column_type.is_integer() && function.keeps_integers() {
            return Ok(value);
        }
        let column_type = match column_type {
            ColumnType::F32 => ColumnType::F32,
            _ => ColumnType::F64,
        };
        let value = self.convert(value, column_type)?;
        Ok(self.result(Expression::Math { function, value }, column_type))
    }
}
