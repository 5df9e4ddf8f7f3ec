//! `rollingSpan`: aggregates over the rows of a span of time, one row out for each row in.

use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Int64Array};

use crate::error::PlanError;
use crate::group::GroupRolling;
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::plan::time_axis::TimeAxis;
use crate::window::RollingInteger;

/// The kernel of one aggregate. Integers by group run on floats: they are exact up to 2^53.
#[derive(Debug)]
enum Kernel {
    Float(GroupRolling),
    Integer(RollingInteger),
}

impl Kernel {
    fn new(
        aggregation: &Aggregation,
        span: i64,
        min_periods: usize,
        keyed: bool,
    ) -> Result<Self, PlanError> {
        let function = aggregation.function;
        Ok(match aggregation.lane {
            Lane::Integer | Lane::Presence if !keyed => {
                Self::Integer(RollingInteger::over_span(function, span, min_periods)?)
            }
            _ => Self::Float(GroupRolling::over_span(function, span, min_periods)?),
        })
    }

    fn push(
        &mut self,
        aggregation: &Aggregation,
        times: &[i64],
        ids: &[u32],
        lane: LaneColumn,
    ) -> Result<ArrayRef, PlanError> {
        match (self, lane) {
            (Self::Integer(kernel), LaneColumn::Integer(column)) => {
                let mut out = vec![0; column.len()];
                let nulls = kernel.push_timed(times, column.values(), column.nulls(), &mut out)?;
                aggregation.integers(Int64Array::new(out.into(), nulls))
            }
            (Self::Float(kernel), lane) => {
                let column = match lane {
                    LaneColumn::Float(column) => column,
                    LaneColumn::Integer(column) =>
                    {
                        #[expect(clippy::cast_precision_loss, reason = "documented: exact to 2^53")]
                        column.unary::<_, Float64Type>(|value| value as f64)
                    }
                    LaneColumn::Text(_) => {
                        return Err(PlanError::Internal("rolling of text".to_owned()));
                    }
                };
                let mut out = vec![0.0; column.len()];
                let nulls =
                    kernel.push_timed(times, ids, column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            _ => Err(PlanError::Internal(
                "rolling kernel of another lane".to_owned(),
            )),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Float(kernel) => kernel.snapshot(),
            Self::Integer(kernel) => kernel.snapshot(),
        }
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Float(kernel) => kernel.restore(bytes)?,
            Self::Integer(kernel) => kernel.restore(bytes)?,
        }
        Ok(())
    }
}

/// Aggregates over the rows of the row's key that are less than a span older than it.
#[derive(Debug)]
pub(crate) struct RollingSpanNode {
    input: usize,
    times: TimeAxis,
    keys: GroupKeys,
    aggregations: Vec<Aggregation>,
    kernels: Vec<Kernel>,
    ids: Vec<u32>,
}

impl RollingSpanNode {
    pub(crate) fn new(
        input: usize,
        times: TimeAxis,
        span: i64,
        keys: Option<GroupKeys>,
        aggregations: Vec<Aggregation>,
        min_periods: usize,
    ) -> Result<Self, PlanError> {
        let keyed = keys.is_some();
        let kernels = aggregations
            .iter()
            .map(|aggregation| Kernel::new(aggregation, span, min_periods, keyed))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input,
            times,
            keys: keys.unwrap_or_else(|| GroupKeys::new(&[])),
            aggregations,
            kernels,
            ids: Vec::new(),
        })
    }
}

impl Operator for RollingSpanNode {
    fn check(&self, context: &mut Context<'_>) -> Result<(), PlanError> {
        let rows = context.value(self.input)?.rows;
        self.times.times(context, rows).map(drop)
    }

    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let times = self.times.times(context, rows)?;
        let arrays = self.keys.arrays(context, rows)?;
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        self.ids.clear();
        self.keys.intern(&arrays, rows, &mut self.ids);
        let columns = self
            .kernels
            .iter_mut()
            .zip(&self.aggregations)
            .zip(lanes)
            .map(|((kernel, aggregation), lane)| {
                kernel.push(aggregation, times.values(), &self.ids, lane)
            })
            .collect::<Result<_, _>>()?;
        self.times.advance(&times);
        Ok(Some(Value::new(rows, columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.keys.snapshot();
        parts.push(self.times.snapshot());
        parts.extend(self.kernels.iter().map(Kernel::snapshot));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.keys.parts() + 1 + self.kernels.len())?;
        let (keys, rest) = state.split_at(self.keys.parts());
        self.keys.restore(keys)?;
        self.times.restore(rest[0])?;
        self.kernels
            .iter_mut()
            .zip(&rest[1..])
            .try_for_each(|(kernel, part)| kernel.restore(part))
    }
}
