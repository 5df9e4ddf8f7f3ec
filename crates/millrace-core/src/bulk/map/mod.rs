//! Expressions, element by element: columns of f32 from columns of f32.

mod program;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array};
use serde::Deserialize;

pub use program::{Element, ElementProgram};

use super::column::{Column, ColumnKind, wrong_kind};
use super::step::Kernel;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{ColumnRef, Evaluation, ExpressionId, Expressions, Scope};
use crate::kernel_error::KernelError;
use crate::plan::spec::ExprSpec;

/// The most columns that come in or go out.
const MOST: usize = 64;

/// What [`Step::Map`](super::Step::Map) computes: expressions as plans write them, over columns of f32,
/// which they call by name; each yields a column of f32.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elements {
    /// The names of the columns that come in.
    columns: Vec<String>,
    exprs: Vec<ExprSpec>,
}

/// The expressions, typed: each reads a column, and yields f32 that is never missing.
#[derive(Debug)]
struct Typed {
    expressions: Expressions,
    results: Vec<ExpressionId>,
}

impl Elements {
    /// How the expressions are computed one operation after another, as devices do it.
    ///
    /// # Errors
    /// Where an expression is none of f32, or has an operation that only the CPU knows: its name.
    pub fn program(&self) -> Result<Result<ElementProgram, &'static str>, KernelError> {
        let Typed {
            expressions,
            results,
        } = self.typed()?;
        Ok(program::lower(&expressions, self.columns.len(), &results))
    }

    fn typed(&self) -> Result<Typed, KernelError> {
        for (what, count) in [("columns", self.columns.len()), ("exprs", self.exprs.len())] {
            if !(1..=MOST).contains(&count) {
                return Err(KernelError::InvalidArgument(format!(
                    "Cannot create map: there must be from 1 to {MOST} {what}, got {count}"
                )));
            }
        }
        let mut expressions = Expressions::default();
        let mut results = Vec::with_capacity(self.exprs.len());
        for spec in &self.exprs {
            let id = expressions.build(spec, self, "create map").map_err(said)?;
            let typed = expressions.get(id);
            let problem = if typed.column_type != ColumnType::F32 {
                format!("must yield f32, got {}", typed.column_type)
            } else if typed.domain.is_none() {
                "must read a column".to_owned()
            } else if expressions.has_missing(id) {
                "must not yield what is missing, got null".to_owned()
            } else {
                results.push(id);
                continue;
            };
            return Err(KernelError::TypeMismatch(format!(
                "Cannot create map: an expression {problem}"
            )));
        }
        Ok(Typed {
            expressions,
            results,
        })
    }
}

impl Scope for Elements {
    fn column(
        &self,
        _node: usize,
        name: Option<&str>,
        action: &str,
    ) -> Result<ColumnRef, PlanError> {
        let place = self
            .columns
            .iter()
            .position(|column| Some(column.as_str()) == name);
        let column = place.ok_or_else(|| {
            PlanError::UnknownColumn(format!(
                "Cannot {action}: there is no column {name:?} among {:?}",
                self.columns
            ))
        })?;
        Ok(ColumnRef {
            column,
            column_type: ColumnType::F32,
            dictionary: None,
            domain: 0,
        })
    }

    fn domain_name(&self, _domain: usize) -> String {
        "the batch".to_owned()
    }
}

/// An error of the expressions as one of kernels.
fn said(error: PlanError) -> KernelError {
    match error {
        PlanError::TypeMismatch(text) | PlanError::UnknownColumn(text) => {
            KernelError::TypeMismatch(text)
        }
        PlanError::Overflow(text) => KernelError::Overflow(text),
        other => KernelError::InvalidArgument(other.to_string()),
    }
}

/// Expressions over each batch by itself, in f32 as the core's evaluator computes them.
#[derive(Debug)]
pub(super) struct Map {
    columns: usize,
    typed: Typed,
    evaluation: Evaluation,
}

impl Map {
    pub(super) fn new(elements: &Elements) -> Result<Self, KernelError> {
        Ok(Self {
            columns: elements.columns.len(),
            typed: elements.typed()?,
            evaluation: Evaluation::default(),
        })
    }
}

/// Fails unless the columns are as many as wanted, and of f32.
///
/// # Errors
/// Says so.
pub fn check_columns(
    wanted: usize,
    kinds: impl ExactSizeIterator<Item = ColumnKind>,
) -> Result<(), KernelError> {
    if kinds.len() != wanted {
        return Err(KernelError::InvalidArgument(format!(
            "Cannot run map: it takes {wanted} columns, got {}",
            kinds.len()
        )));
    }
    for kind in kinds {
        if kind != ColumnKind::F32 {
            return Err(wrong_kind("map", ColumnKind::F32, kind));
        }
    }
    Ok(())
}

impl Kernel for Map {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        check_columns(self.columns, columns.iter().map(Column::kind))?;
        let rows = columns.first().map_or(0, Column::len);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
        for column in columns {
            let values = column.f32s("map")?;
            if values.len() != rows {
                return Err(KernelError::InvalidArgument(format!(
                    "Cannot run map: its columns must have {rows} rows each, got {}",
                    values.len()
                )));
            }
            arrays.push(Arc::new(Float32Array::from(values.to_vec())));
        }
        let Typed {
            expressions,
            results,
        } = &self.typed;
        self.evaluation.begin(expressions);
        let column = |_: usize, index: usize| arrays.get(index).map(Arc::clone);
        let outcome = results
            .iter()
            .map(|&id| {
                let array = self.evaluation.column(expressions, id, rows, &column)?;
                Ok(array.as_primitive::<Float32Type>().values().to_vec().into())
            })
            .collect::<Result<_, PlanError>>();
        // What was computed is not kept from batch to batch.
        self.evaluation.begin(expressions);
        outcome.map_err(said)
    }

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), KernelError> {
        Ok(())
    }
}
