//! `rolling`: aggregates over the last n rows, one row out for each row in.

use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_buffer::NullBuffer;

use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::window::{Rolling, RollingInteger};

/// The kernel of one aggregate.
#[derive(Debug)]
pub(super) enum RollingKernel {
    Float(Rolling),
    Integer(RollingInteger),
}

impl RollingKernel {
    pub(super) fn new(
        aggregation: &Aggregation,
        n: usize,
        min_periods: usize,
    ) -> Result<Self, PlanError> {
        let function = aggregation.function;
        Ok(match aggregation.lane {
            Lane::Float => Self::Float(Rolling::new(function, n, min_periods)?),
            Lane::Integer | Lane::Presence => {
                Self::Integer(RollingInteger::new(function, n, min_periods)?)
            }
            Lane::Text | Lane::Distinct => {
                return Err(PlanError::Internal("rolling of another lane".to_owned()));
            }
        })
    }

    pub(super) fn push(
        &mut self,
        aggregation: &Aggregation,
        column: &LaneColumn,
    ) -> Result<ArrayRef, PlanError> {
        match (self, column) {
            (Self::Float(kernel), LaneColumn::Float(column)) => {
                let mut out = vec![0.0; column.len()];
                let nulls = kernel.push(column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            (Self::Integer(kernel), LaneColumn::Integer(column)) => {
                let mut out = vec![0; column.len()];
                let nulls = kernel.push(column.values(), column.nulls(), &mut out)?;
                aggregation.integers(Int64Array::new(out.into(), nulls))
            }
            _ => Err(PlanError::Internal(
                "rolling kernel of another lane".to_owned(),
            )),
        }
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Float(kernel) => kernel.snapshot(),
            Self::Integer(kernel) => kernel.snapshot(),
        }
    }

    pub(super) fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Float(kernel) => kernel.restore(bytes)?,
            Self::Integer(kernel) => kernel.restore(bytes)?,
        }
        Ok(())
    }
}

/// Aggregates over the last n rows.
#[derive(Debug)]
pub(crate) struct RollingNode {
    input: usize,
    aggregations: Vec<Aggregation>,
    kernels: Vec<RollingKernel>,
}

impl RollingNode {
    pub(crate) fn new(
        input: usize,
        aggregations: Vec<Aggregation>,
        n: usize,
        min_periods: usize,
    ) -> Result<Self, PlanError> {
        let kernels = aggregations
            .iter()
            .map(|aggregation| RollingKernel::new(aggregation, n, min_periods))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input,
            aggregations,
            kernels,
        })
    }
}

impl Operator for RollingNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let columns = self
            .kernels
            .iter_mut()
            .zip(&self.aggregations)
            .zip(&lanes)
            .map(|((kernel, aggregation), lane)| kernel.push(aggregation, lane))
            .collect::<Result<_, _>>()?;
        Ok(Some(Value::new(rows, columns)))
    }

    fn operand(&self) -> Option<ExpressionId> {
        match &self.aggregations[..] {
            [only] => only.column,
            _ => None,
        }
    }

    fn run_floats(&mut self, values: &[f64], out: &mut [f64]) -> Option<Option<NullBuffer>> {
        match (&mut self.kernels[..], &self.aggregations[..]) {
            ([RollingKernel::Float(kernel)], [only]) if only.output == ColumnType::F64 => {
                Some(kernel.push(values, None, out))
            }
            _ => None,
        }
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.kernels.iter().map(RollingKernel::snapshot).collect()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.kernels.len())?;
        self.kernels
            .iter_mut()
            .zip(state)
            .try_for_each(|(kernel, part)| kernel.restore(part))
    }
}
