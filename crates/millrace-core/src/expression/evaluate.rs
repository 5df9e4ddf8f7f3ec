//! Computes expressions of one batch, each once.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int64Array};
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat;

use super::arithmetic::arithmetic;
use super::cast::{cast, check};
use super::choose::choose;
use super::comparison::compare;
use super::date_part::date_part;
use super::extremum::extremum;
use super::numeric::convert;
use super::operand::{Literal, Operand};
use super::{Expression, ExpressionId, Expressions, logic, math, missing, text, unary};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::take::take_keys;

/// The expressions computed so far for the current batch.
#[derive(Debug, Default)]
pub(crate) struct Evaluation {
    known: Vec<Option<ArrayRef>>,
    /// What functions of text gave for the strings of a dictionary, by expression. A dictionary only
    /// grows, so each string is computed once.
    tables: HashMap<ExpressionId, ArrayRef>,
}

impl Evaluation {
    /// Forgets everything: a new batch begins.
    pub(crate) fn begin(&mut self, expressions: &Expressions) {
        self.known.clear();
        self.known.resize(expressions.len(), None);
    }

    /// Forgets what was computed for strings: dictionaries were replaced.
    pub(crate) fn forget_tables(&mut self) {
        self.tables.clear();
    }

    /// Applies a function of plain values to a column. Of a column with a dictionary, it is applied to
    /// those of its strings that are new; a text result then has a dictionary of its own.
    fn by_entry(
        &mut self,
        id: ExpressionId,
        source: &ArrayRef,
        apply: impl Fn(&ArrayRef) -> Result<ArrayRef, PlanError>,
    ) -> Result<ArrayRef, PlanError> {
        let Some(encoded) = source.as_dictionary_opt::<Int32Type>() else {
            return apply(source);
        };
        let arrow = |error: ArrowError| PlanError::Internal(error.to_string());
        let strings = encoded.values();
        let table = match self.tables.get(&id) {
            Some(table) if table.len() >= strings.len() => Arc::clone(table),
            Some(table) => {
                let fresh = strings.slice(table.len(), strings.len() - table.len());
                concat(&[table, &apply(&fresh)?]).map_err(arrow)?
            }
            None => apply(strings)?,
        };
        self.tables.insert(id, Arc::clone(&table));
        if *table.data_type() == DataType::Utf8 {
            let keys = encoded.keys().clone();
            return Ok(Arc::new(
                DictionaryArray::<Int32Type>::try_new(keys, table).map_err(arrow)?,
            ));
        }
        take_keys(&table, encoded.keys()).map_err(arrow)
    }

    /// The column that an expression yields, text in plain form unless its ids are those of a
    /// dictionary of the plan.
    pub(crate) fn column(
        &mut self,
        expressions: &Expressions,
        id: ExpressionId,
        rows: usize,
        column: &dyn Fn(usize, usize) -> Option<ArrayRef>,
    ) -> Result<ArrayRef, PlanError> {
        let array = self.array(expressions, id, rows, column)?;
        match array.as_dictionary_opt::<Int32Type>() {
            Some(encoded) if expressions.get(id).dictionary.is_none() => {
                take_keys(encoded.values(), encoded.keys())
                    .map_err(|error| PlanError::Internal(error.to_string()))
            }
            _ => Ok(array),
        }
    }

    /// The column that an expression yields; `column(node, index)` gives the columns of nodes.
    fn array(
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
            Expression::DatePart {
                part,
                value: source,
                from,
            } => date_part(*part, &value(*source)?, *from),
            Expression::Cast {
                value: source,
                from,
                strict,
            } => {
                let source = value(*source)?;
                let to = typed.column_type;
                let result = self.by_entry(id, &source, |array| cast(array, *from, to))?;
                if *strict {
                    check(&source, &result, *from, to)?;
                }
                Ok(result)
            }
            Expression::If {
                condition,
                then,
                other,
            } => {
                let condition = value(*condition)?;
                let then = self.operand(expressions, *then, rows, column)?;
                let other = self.operand(expressions, *other, rows, column)?;
                choose(&condition, &then, &other, typed.column_type)
            }
            Expression::Extremum { kind, left, right } => {
                let (left, right) = self.pair(expressions, (*left, *right), rows, column)?;
                extremum(*kind, &left, &right, typed.column_type)
            }
            Expression::Text {
                function,
                value: source,
            } => {
                let source = value(*source)?;
                self.by_entry(id, &source, |array| Ok(function.apply(array.as_string())))
            }
            Expression::Concat { parts } => {
                let parts = parts
                    .iter()
                    .map(|&part| self.operand(expressions, part, rows, column))
                    .collect::<Result<Vec<_>, _>>()?;
                text::concat(&parts, rows)
            }
        }
    }
}
