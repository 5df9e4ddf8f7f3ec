//! `filter`: the rows for which a predicate is true.

use arrow_array::BooleanArray;
use arrow_array::cast::AsArray;
use arrow_select::filter::FilterBuilder;

use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::plan::operator::{Context, Operator, Value, unused_column};

/// Drops the rows whose predicate is false or missing.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) input: usize,
    pub(crate) predicate: ExpressionId,
    pub(crate) used: Vec<bool>,
}

impl Operator for Filter {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let predicate = context.array(self.predicate, rows)?;
        let predicate = predicate.as_boolean();
        let kept = predicate.true_count();
        let source = context.value(self.input)?;
        let breaks = source
            .breaks
            .iter()
            .map(|&end| predicate.slice(0, end).true_count())
            .collect();
        let columns = if kept == rows {
            source.columns.clone()
        } else {
            let filter = keep(predicate, self.used.iter().filter(|&&used| used).count());
            source
                .columns
                .iter()
                .zip(&self.used)
                .map(|(column, &used)| {
                    if used {
                        filter.filter(column)
                    } else {
                        Ok(unused_column())
                    }
                })
                .collect::<Result<_, _>>()
                .map_err(|error| PlanError::Internal(error.to_string()))?
        };
        Ok(Some(Value {
            rows: kept,
            columns,
            breaks,
            aside: None,
        }))
    }

    fn filters(&self) -> Option<(usize, ExpressionId)> {
        Some((self.input, self.predicate))
    }

    fn is_stateful(&self) -> bool {
        false
    }

    fn prune(&mut self, used: &[bool]) {
        self.used = used.to_vec();
    }
}

/// The filter of a predicate, laid out for use on `columns` columns.
fn keep(predicate: &BooleanArray, columns: usize) -> arrow_select::filter::FilterPredicate {
    let builder = FilterBuilder::new(predicate);
    if columns > 1 {
        builder.optimize().build()
    } else {
        builder.build()
    }
}
