//! `slidingWindow` and `partition`: one row for each window, or each n rows.

use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_buffer::NullBuffer;

use crate::error::PlanError;
use crate::kernel_error::KernelError;
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::window::{Partition, RollingInteger, SlidingWindow};

/// Which rows end a window that is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Windows {
    /// Every row.
    EveryRow,
    /// Every row from the n-th on.
    Full,
    /// Every n-th row.
    Disjoint,
}

#[derive(Debug)]
enum Kernel {
    Sliding(Box<SlidingWindow>),
    Partition(Box<Partition>),
    /// The last n rows after every row, of which those that end a window are taken.
    Integer {
        rolling: RollingInteger,
        rows: u64,
    },
}

impl Kernel {
    fn new(aggregation: &Aggregation, n: usize, windows: Windows) -> Result<Self, PlanError> {
        let function = aggregation.function;
        Ok(match (aggregation.lane, windows) {
            (Lane::Float, Windows::Disjoint) => {
                Self::Partition(Box::new(Partition::new(function, n)?))
            }
            (Lane::Float, _) => Self::Sliding(Box::new(SlidingWindow::new(
                function,
                n,
                windows == Windows::EveryRow,
            )?)),
            _ => Self::Integer {
                rolling: RollingInteger::new(function, n, 0)?,
                rows: 0,
            },
        })
    }

    fn push(
        &mut self,
        aggregation: &Aggregation,
        column: &LaneColumn,
        n: usize,
        windows: Windows,
    ) -> Result<ArrayRef, PlanError> {
        match (self, column) {
            (Self::Sliding(kernel), LaneColumn::Float(column)) => {
                let mut out = Vec::with_capacity(column.len());
                let nulls = kernel.push(column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            (Self::Partition(kernel), LaneColumn::Float(column)) => {
                let mut out = Vec::with_capacity(column.len() / n + 1);
                let nulls = kernel.push(column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            (Self::Integer { rolling, rows }, LaneColumn::Integer(column)) => {
                let mut all = vec![0; column.len()];
                let nulls = rolling.push(column.values(), column.nulls(), &mut all)?;
                let before = *rows;
                *rows += column.len() as u64;
                let ends = |row: &usize| match windows {
                    Windows::EveryRow => true,
                    Windows::Full => before + *row as u64 + 1 >= n as u64,
                    Windows::Disjoint => (before + *row as u64 + 1).is_multiple_of(n as u64),
                };
                let taken: Vec<usize> = (0..all.len()).filter(ends).collect();
                let validity = nulls.map(|nulls| {
                    taken
                        .iter()
                        .map(|&row| nulls.is_valid(row))
                        .collect::<NullBuffer>()
                });
                let values: Vec<i64> = taken.iter().map(|&row| all[row]).collect();
                aggregation.integers(Int64Array::new(values.into(), validity))
            }
            _ => Err(PlanError::Internal(
                "window kernel of another lane".to_owned(),
            )),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Sliding(kernel) => kernel.snapshot(),
            Self::Partition(kernel) => kernel.snapshot(),
            Self::Integer { rolling, rows } => {
                let mut bytes = rows.to_le_bytes().to_vec();
                bytes.extend(rolling.snapshot());
                bytes
            }
        }
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Sliding(kernel) => kernel.restore(bytes)?,
            Self::Partition(kernel) => kernel.restore(bytes)?,
            Self::Integer { rolling, rows } => {
                let (head, rest) =
                    bytes
                        .split_first_chunk::<8>()
                        .ok_or_else(|| KernelError::CorruptState {
                            kernel: "window",
                            detail: "the bytes end before the state does".to_owned(),
                        })?;
                rolling.restore(rest)?;
                *rows = u64::from_le_bytes(*head);
            }
        }
        Ok(())
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
        let (n, windows) = (self.n, self.windows);
        let columns = self
            .kernels
            .iter_mut()
            .zip(&self.aggregations)
            .zip(&lanes)
            .map(|((kernel, aggregation), lane)| kernel.push(aggregation, lane, n, windows))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Value::new(
            columns.first().map_or(0, |column| column.len()),
            columns,
        )))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.kernels.iter().map(Kernel::snapshot).collect()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.kernels.len())?;
        self.kernels
            .iter_mut()
            .zip(state)
            .try_for_each(|(kernel, part)| kernel.restore(part))
    }
}
