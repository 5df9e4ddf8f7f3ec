//! Computes expressions of one batch, each once.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, Int64Array};

use super::arithmetic::arithmetic;
use super::comparison::compare;
use super::numeric::convert;
use super::operand::{Literal, Operand};
use super::{Expression, ExpressionId, Expressions, logic, math, missing, unary};
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// The expressions computed so far for the current batch.
#[derive(Debug, Default)]
pub(crate) struct Evaluation {
    known: Vec<Option<ArrayRef>>,
}

impl Evaluation {
    /// Forgets everything: a new batch begins.
    pub(crate) fn begin(&mut self, expressions: &Expressions) {
        self.known.clear();
        self.known.resize(expressions.len(), None);
    }

    /// The column that an expression yields; `column(node, index)` gives the columns of nodes.
    pub(crate) fn array(
        &mut self,
        expressions: &Expressions,
        id: ExpressionId,
        rows: usize,
        column: &dyn Fn(usize, usize) -> Option<ArrayRef>,
    ) -> Result<ArrayRef, PlanError> {
        if let Some(known) = &self.known[id] {
            return Ok(Arc::clone(known));
        }
        let typed = expressions.get(id);
        let computed = match &typed.expression {
            Expression::Column {
                node,
                column: index,
            } => column(*node, *index)
                .ok_or_else(|| PlanError::Internal(format!("node {node} has no value")))?,
            Expression::Literal(literal) => literal.repeat(typed.column_type, rows)?,
            _ => self.compute(expressions, id, rows, column)?,
        };
        self.known[id] = Some(Arc::clone(&computed));
        Ok(computed)
    }

    fn operand(
        &mut self,
        expressions: &Expressions,
        id: ExpressionId,
        rows: usize,
        column: &dyn Fn(usize, usize) -> Option<ArrayRef>,
    ) -> Result<Operand, PlanError> {
        match &expressions.get(id).expression {
            Expression::Literal(literal) if *literal != Literal::Null => {
                Ok(Operand::Literal(literal.clone()))
            }
            _ => self
                .array(expressions, id, rows, column)
                .map(Operand::Array),
        }
    }

    /// The operands of an operator of two; not two literals, which would stand for one row.
    fn pair(
        &mut self,
        expressions: &Expressions,
        (left, right): (ExpressionId, ExpressionId),
        rows: usize,
        column: &dyn Fn(usize, usize) -> Option<ArrayRef>,
    ) -> Result<(Operand, Operand), PlanError> {
        let right = self.operand(expressions, right, rows, column)?;
        let left = if matches!(right, Operand::Literal(_)) {
            Operand::Array(self.array(expressions, left, rows, column)?)
        } else {
            self.operand(expressions, left, rows, column)?
        };
        Ok((left, right))
    }

    fn compute(
        &mut self,
        expressions: &Expressions,
        id: ExpressionId,
        rows: usize,
        column: &dyn Fn(usize, usize) -> Option<ArrayRef>,
    ) -> Result<ArrayRef, PlanError> {
        let typed = expressions.get(id);
        let mut value = |id| self.array(expressions, id, rows, column);
        match &typed.expression {
            Expression::Column { .. } | Expression::Literal(_) => value(id),
            Expression::Convert {
                value: source,
                from,
            } => {
                let source = value(*source)?;
                match (*from, typed.column_type) {
                    (ColumnType::Timestamp, ColumnType::I64) => Ok(Arc::new(
                        source
                            .as_primitive::<TimestampNanosecondType>()
                            .reinterpret_cast::<Int64Type>(),
                    )),
                    (ColumnType::I64, ColumnType::Timestamp) => Ok(Arc::new(
                        source
                            .as_primitive::<Int64Type>()
                            .reinterpret_cast::<TimestampNanosecondType>(),
                    )),
                    (ColumnType::Bool, to) => {
                        let bits = source.as_boolean();
                        let ones: Vec<i64> = bits.values().iter().map(i64::from).collect();
                        let ones = Int64Array::new(ones.into(), bits.nulls().cloned());
                        convert(&(Arc::new(ones) as ArrayRef), ColumnType::I64, to)
                    }
                    (from, to) => convert(&source, from, to),
                }
            }
            Expression::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = self.pair(expressions, (*left, *right), rows, column)?;
                arithmetic(*operator, &left, &right, typed.column_type)
            }
            Expression::Compare {
                operator,
                left,
                right,
                operands,
            } => {
                let (left, right) = self.pair(expressions, (*left, *right), rows, column)?;
                compare(*operator, &left, &right, *operands)
            }
            Expression::And { left, right } => Ok(logic::and(&value(*left)?, &value(*right)?)),
            Expression::Or { left, right } => Ok(logic::or(&value(*left)?, &value(*right)?)),
            Expression::Not { value: source } => Ok(logic::not(&value(*source)?)),
            Expression::IsNull { value: source } => Ok(missing::is_null(&value(*source)?)),
            Expression::FillNull {
                value: source,
                other,
            } => {
                let source = value(*source)?;
                let other = self.operand(expressions, *other, rows, column)?;
                missing::fill_null(&source, &other, typed.column_type)
            }
            Expression::Negate { value: source } => {
                unary::negate(&value(*source)?, typed.column_type)
            }
            Expression::Absolute { value: source } => {
                unary::absolute(&value(*source)?, typed.column_type)
            }
            Expression::Math {
                function,
                value: source,
            } => math::math(*function, &value(*source)?, typed.column_type),
            Expression::Round {
                value: source,
                decimals,
            } => unary::round(&value(*source)?, typed.column_type, *decimals),
            Expression::FloorTime {
                value: source,
                every,
            } => unary::floor_time(&value(*source)?, *every),
        }
    }
}
