//! `cumulative`: the running sum, product, minimum or maximum after every row.

use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_buffer::NullBuffer;

use crate::column_type::ColumnType;
use crate::cumulative::{Cumulative, CumulativeFunction};
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::kernel_error::KernelError;
use crate::plan::aggregation::{LaneColumn, from_float, from_integer};
use crate::plan::operator::{Context, Operator, Value, expect_parts};

#[derive(Debug)]
enum Kernel {
    Float(Cumulative),
    /// The exact total so far; none before the first value.
    Integer(Option<i64>),
}

/// A running total of each column.
#[derive(Debug)]
pub(crate) struct CumulativeNode {
    input: usize,
    function: CumulativeFunction,
    columns: Vec<(ExpressionId, ColumnType)>,
    kernels: Vec<Kernel>,
}

impl CumulativeNode {
    /// Totals of columns that are of a lane, and the types of the results.
    pub(crate) fn new(
        input: usize,
        function: CumulativeFunction,
        columns: Vec<(ExpressionId, ColumnType)>,
    ) -> Self {
        let kernels = columns
            .iter()
            .map(|&(_, output)| {
                if output.is_float() {
                    Kernel::Float(Cumulative::new(function))
                } else {
                    Kernel::Integer(None)
                }
            })
            .collect();
        Self {
            input,
            function,
            columns,
            kernels,
        }
    }
}

impl Operator for CumulativeNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self
            .columns
            .iter()
            .map(|&(column, _)| context.array(column, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(arrays.len());
        for ((kernel, &(_, output)), array) in
            self.kernels.iter_mut().zip(&self.columns).zip(&arrays)
        {
            columns.push(match (kernel, LaneColumn::from_array(&**array)) {
                (Kernel::Float(kernel), LaneColumn::Float(column)) => {
                    let mut out = vec![0.0; rows];
                    kernel.push(column.values(), column.nulls(), &mut out);
                    let nulls = column.nulls().cloned();
                    from_float(arrow_array::Float64Array::new(out.into(), nulls), output)?
                }
                (Kernel::Integer(total), LaneColumn::Integer(column)) => {
                    let (next, values) =
                        scan(self.function, *total, column.values(), column.nulls())?;
                    *total = next;
                    from_integer(
                        Int64Array::new(values.into(), column.nulls().cloned()),
                        output,
                    )?
                }
                _ => return Err(PlanError::Internal("cumulative of another lane".to_owned())),
            });
        }
        Ok(Some(Value::new(rows, columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.kernels
            .iter()
            .map(|kernel| match kernel {
                Kernel::Float(kernel) => kernel.snapshot(),
                Kernel::Integer(total) => {
                    total.map(i64::to_le_bytes).into_iter().flatten().collect()
                }
            })
            .collect()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.kernels.len())?;
        for (kernel, part) in self.kernels.iter_mut().zip(state) {
            match (kernel, part) {
                (Kernel::Float(kernel), part) => kernel.restore(part)?,
                (Kernel::Integer(total), []) => *total = None,
                (Kernel::Integer(total), part) => {
                    let bytes =
                        <[u8; 8]>::try_from(*part).map_err(|_| KernelError::CorruptState {
                            kernel: "cumulative",
                            detail: format!("{} bytes of a total", part.len()),
                        })?;
                    *total = Some(i64::from_le_bytes(bytes));
                }
            }
        }
        Ok(())
    }
}

/// The totals after each row, and the last.
fn scan(
    function: CumulativeFunction,
    mut total: Option<i64>,
    values: &[i64],
    nulls: Option<&NullBuffer>,
) -> Result<(Option<i64>, Vec<i64>), PlanError> {
    let mut out = Vec::with_capacity(values.len());
    for (row, &value) in values.iter().enumerate() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.push(0);
            continue;
        }
        let next = match (total, function) {
            (None, _) => Some(value),
            (Some(total), CumulativeFunction::Sum) => total.checked_add(value),
            (Some(total), CumulativeFunction::Prod) => total.checked_mul(value),
            (Some(total), CumulativeFunction::Min) => Some(total.min(value)),
            (Some(total), CumulativeFunction::Max) => Some(total.max(value)),
        };
        let next = next.ok_or_else(|| {
            PlanError::Overflow(format!(
                "Cannot compute cumulative {function:?}: the total must fit i64, got {} and \
                 {value} in row {row}",
                total.unwrap_or_default()
            ))
        })?;
        total = Some(next);
        out.push(next);
    }
    Ok((total, out))
}
