//! `project` and `frame`: columns computed row by row.

use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::plan::operator::{Context, Operator, Value, unused_column};

/// Computes its columns from the columns of nodes with the same rows.
#[derive(Debug)]
pub(crate) struct Project {
    /// The node whose rows these are.
    pub(crate) rows_of: usize,
    pub(crate) columns: Vec<ExpressionId>,
    pub(crate) used: Vec<bool>,
}

impl Operator for Project {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let source = context.value(self.rows_of)?;
        let (rows, breaks) = (source.rows, source.breaks.clone());
        let columns = self
            .columns
            .iter()
            .zip(&self.used)
            .map(|(&id, &used)| {
                if used {
                    context.array(id, rows)
                } else {
                    Ok(unused_column())
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Some(Value {
            rows,
            columns,
            breaks,
            aside: None,
        }))
    }

    fn operand(&self) -> Option<ExpressionId> {
        match self.columns[..] {
            [column] => Some(column),
            _ => None,
        }
    }

    fn projects(&self, column: usize) -> Option<ExpressionId> {
        self.columns.get(column).copied()
    }

    fn is_stateful(&self) -> bool {
        false
    }

    fn prune(&mut self, used: &[bool]) {
        self.used = used.to_vec();
    }
}
