//! `slidingWindow` and `partition`: one row for each window, or each n rows.

use arrow_array::{Array, ArrayRef};

use super::row_kernel::{Reach, RowKernel};
use crate::error::PlanError;
use crate::group::Placed;
use crate::kernel_error::KernelError;
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::column_state::arrow;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::take::take;
use crate::window::{Extent, Partition};

/// Which rows end a window that is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Windows {
    /// The n-th row and every `step`-th from there; of partial windows those as many steps before it.
    Sliding { step: usize, partial: bool },
    /// Every n-th row.
    Disjoint,
}

impl Windows {
    /// Whether the row that `before` rows come before ends a window of `n`.
    fn ends(self, n: usize, before: u64) -> bool {
        let (n, row) = (n as u64, before + 1);
        match self {
            Self::Sliding { step, partial } => {
                (partial || row >= n) && row.abs_diff(n).is_multiple_of(step as u64)
            }
            Self::Disjoint => row.is_multiple_of(n),
        }
    }
}

#[derive(Debug)]
enum Kernel {
    /// Floats of partitions.
    Partition(Box<Partition>),
    /// The last n rows after every row, of which those that end a window are taken.
    Rows(RowKernel),
}

impl Kernel {
    fn new(aggregation: &Aggregation, n: usize, windows: Windows) -> Result<Self, PlanError> {
        Ok(match (aggregation.lane, windows) {
            (Lane::Float, Windows::Disjoint) => {
                Self::Partition(Box::new(Partition::new(aggregation.function, n)?))
            }
            _ => {
                let reach = Reach {
                    extent: Extent::Rows(n),
                    min_periods: 0,
                    keyed: false,
                };
                Self::Rows(RowKernel::new(aggregation, reach)?)
            }
        })
    }

    /// The results of the windows that the rows `ends` end.
    fn push(
        &mut self,
        aggregation: &Aggregation,
        ids: &[u32],
        column: &LaneColumn,
        ends: &[u32],
    ) -> Result<ArrayRef, PlanError> {
        match (self, column) {
            (Self::Partition(kernel), LaneColumn::Float(column)) => {
                let mut out = Vec::with_capacity(ends.len());
                let nulls = kernel.push(column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            (Self::Rows(kernel), column) => {
                let all = kernel.push(aggregation, Placed { ids, times: &[] }, column)?;
                match ends.first() {
                    Some(&first) if first as usize + ends.len() == all.len() => {
                        Ok(all.slice(first as usize, ends.len()))
                    }
                    _ => take(&all, ends, None).map_err(arrow),
                }
            }
            _ => Err(PlanError::Internal(
                "window kernel of another lane".to_owned(),
            )),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Partition(kernel) => kernel.snapshot(),
            Self::Rows(kernel) => kernel.snapshot(),
        }
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Partition(kernel) => Ok(kernel.restore(bytes)?),
            Self::Rows(kernel) => kernel.restore(bytes),
        }
    }
}

/// Aggregates of windows of rows, one row out for each window that this batch completed.
#[derive(Debug)]
pub(crate) struct SlidingWindowNode {
    input: usize,
    n: usize,
    windows: Windows,
    aggregations: Vec<Aggregation>,
    kernels: Vec<Kernel>,
    rows: u64,
    ids: Vec<u32>,
}

impl SlidingWindowNode {
    pub(crate) fn new(
        input: usize,
        aggregations: Vec<Aggregation>,
        n: usize,
        windows: Windows,
    ) -> Result<Self, PlanError> {
        let kernels = aggregations
            .iter()
            .map(|aggregation| Kernel::new(aggregation, n, windows))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input,
            n,
            windows,
            aggregations,
            kernels,
            rows: 0,
            ids: Vec::new(),
        })
    }
}

impl Operator for SlidingWindowNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        self.ids.resize(rows, 0);
        let (n, windows, before) = (self.n, self.windows, self.rows);
        let ends: Vec<u32> = (0..rows as u32)
            .filter(|&row| windows.ends(n, before + u64::from(row)))
            .collect();
        let columns = self
            .kernels
            .iter_mut()
            .zip(&self.aggregations)
            .zip(&lanes)
            .map(|((kernel, aggregation), lane)| kernel.push(aggregation, &self.ids, lane, &ends))
            .collect::<Result<Vec<_>, _>>()?;
        self.rows += rows as u64;
        Ok(Some(Value::new(ends.len(), columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = vec![self.rows.to_le_bytes().to_vec()];
        parts.extend(self.kernels.iter().map(Kernel::snapshot));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, 1 + self.kernels.len())?;
        let rows = state[0].try_into().map_err(|_| KernelError::CorruptState {
            kernel: "window",
            detail: format!("a count of rows in {} bytes", state[0].len()),
        })?;
        self.kernels
            .iter_mut()
            .zip(&state[1..])
            .try_for_each(|(kernel, part)| kernel.restore(part))?;
        self.rows = u64::from_le_bytes(rows);
        Ok(())
    }
}
