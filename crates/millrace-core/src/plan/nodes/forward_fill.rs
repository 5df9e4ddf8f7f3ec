//! `forwardFill`: the last value that was there, where one is missing.

use arrow_array::{Array, ArrayRef};
use arrow_select::concat::concat;

use crate::error::PlanError;
use crate::plan::column_state::{KeptColumn, arrow, read_kept, write_kept};
use crate::plan::operator::{Context, Operator, Value};
use crate::take::take;

/// Each column of its input with missing values filled by the last one before; those before the
/// first value stay missing. Memory: one value per column.
#[derive(Debug)]
pub(crate) struct ForwardFillNode {
    input: usize,
    columns: Vec<KeptColumn>,
    /// The last value of each column: one row, or none before there was a value.
    last: Vec<ArrayRef>,
}

impl ForwardFillNode {
    pub(crate) fn new(input: usize, columns: Vec<KeptColumn>) -> Self {
        Self {
            input,
            last: columns.iter().map(|column| column.empty()).collect(),
            columns,
        }
    }
}

/// The rows filled, and the last value.
fn fill(last: &ArrayRef, rows: &ArrayRef) -> Result<(ArrayRef, ArrayRef), PlanError> {
    let known = last.len();
    let pool = concat(&[last, rows]).map_err(arrow)?;
    let mut latest = (known > 0).then_some(0);
    let mut places = Vec::with_capacity(rows.len());
    let mut found = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        if rows.is_valid(row) {
            latest = u32::try_from(row + known).ok();
        }
        found.push(latest.is_some());
        places.push(latest.unwrap_or_default());
    }
    let filled = if rows.null_count() == 0 {
        rows.clone()
    } else {
        take(&pool, &places, Some(&found.into())).map_err(arrow)?
    };
    // Taken rather than sliced: a slice would keep the whole batch.
    Ok((filled, take(&pool, latest.as_slice(), None).map_err(arrow)?))
}

impl Operator for ForwardFillNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let fresh = self
            .columns
            .iter()
            .map(|column| column.rows(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(fresh.len());
        for ((column, last), fresh) in self.columns.iter().zip(&mut self.last).zip(&fresh) {
            let filled;
            (filled, *last) = fill(last, fresh)?;
            out.push(column.shown(context, filled)?);
        }
        Ok(Some(Value::new(rows, out)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        write_kept(&self.columns, &self.last)
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        let fits = |last: &ArrayRef| last.len() <= 1 && last.null_count() == 0;
        self.last = read_kept("forwardFill", &self.columns, state, fits)?;
        Ok(())
    }
}
