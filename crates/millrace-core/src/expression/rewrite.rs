//! Expressions with other expressions in place of columns: how an operator reads through those that
//! stand before it.

use super::arithmetic::ArithmeticOperator;
use super::{Expression, ExpressionId, Expressions, Typed};
use crate::column_type::ColumnType;

impl Expressions {
    /// Whether an expression is cheap and has a result for every row whatever it holds: it may then be
    /// computed for rows that are dropped afterwards.
    pub(crate) fn is_total(&self, id: ExpressionId) -> bool {
        let typed = self.get(id);
        let by_itself = match &typed.expression {
            Expression::Column { .. }
            | Expression::Literal(_)
            | Expression::Compare { .. }
            | Expression::And { .. }
            | Expression::Or { .. }
            | Expression::Not { .. }
            | Expression::IsNull { .. } => true,
            Expression::Arithmetic { operator, .. } => {
                typed.column_type.is_float() && *operator != ArithmeticOperator::Pow
            }
            Expression::Negate { .. } | Expression::Absolute { .. } => typed.column_type.is_float(),
            Expression::Convert { from, .. } => converts_all(*from, typed.column_type),
            _ => false,
        };
        let mut total = by_itself;
        if by_itself {
            let visit = &mut |operand| total = total && self.is_total(operand);
            typed.expression.visit_operands(visit);
        }
        total
    }

    /// The expression with others in place of its columns, where `other` knows one for each; it must be
    /// one that [`Self::is_total`].
    pub(crate) fn replace_columns(
        &mut self,
        id: ExpressionId,
        other: &mut dyn FnMut(&mut Self, usize, usize) -> Option<ExpressionId>,
    ) -> Option<ExpressionId> {
        let Typed {
            expression,
            column_type,
            dictionary,
            domain,
        } = self.get(id).clone();
        let expression = match expression {
            Expression::Column { node, column } => return other(self, node, column),
            Expression::Literal(_) => return Some(id),
            Expression::Convert { value, from } => Expression::Convert {
                value: self.replace_columns(value, other)?,
                from,
            },
            Expression::Arithmetic {
                operator,
                left,
                right,
            } => Expression::Arithmetic {
                operator,
                left: self.replace_columns(left, other)?,
                right: self.replace_columns(right, other)?,
            },
            Expression::Compare {
                operator,
                left,
                right,
                operands,
            } => Expression::Compare {
                operator,
                left: self.replace_columns(left, other)?,
                right: self.replace_columns(right, other)?,
                operands,
            },
            Expression::And { left, right } => Expression::And {
                left: self.replace_columns(left, other)?,
                right: self.replace_columns(right, other)?,
            },
            Expression::Or { left, right } => Expression::Or {
                left: self.replace_columns(left, other)?,
                right: self.replace_columns(right, other)?,
            },
            Expression::Not { value } => Expression::Not {
                value: self.replace_columns(value, other)?,
            },
            Expression::IsNull { value } => Expression::IsNull {
                value: self.replace_columns(value, other)?,
            },
            Expression::Negate { value } => Expression::Negate {
                value: self.replace_columns(value, other)?,
            },
            Expression::Absolute { value } => Expression::Absolute {
                value: self.replace_columns(value, other)?,
            },
            _ => return None,
        };
        let mut replaced = domain;
        expression.visit_operands(&mut |operand| {
            replaced = self.get(operand).domain.or(replaced);
        });
        Some(self.enter(Typed {
            expression,
            column_type,
            dictionary,
            domain: replaced,
        }))
    }
}

/// Whether every value of a type has one of another.
fn converts_all(from: ColumnType, to: ColumnType) -> bool {
    use ColumnType::{Bool, I8, I16, I32, I64, U8, U16, U32};
    to.is_float() || (to == I64 && matches!(from, Bool | I8 | I16 | I32 | U8 | U16 | U32))
}
