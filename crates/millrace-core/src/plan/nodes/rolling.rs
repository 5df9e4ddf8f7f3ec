//! `rolling`, `rollingSpan` and `groupRolling`: aggregates over the last n rows, or those of a span of
//! time, of all rows or of those with the row's key; one row out for each row in.

use arrow_buffer::NullBuffer;

use super::row_kernel::{Reach, RowKernel};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::group::Placed;
use crate::plan::aggregation::Aggregation;
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::plan::time_axis::TimeAxis;
use crate::window::Extent;

/// Aggregates over the last rows at every row.
#[derive(Debug)]
pub(crate) struct RollingNode {
    input: usize,
    /// Of a span of time.
    times: Option<TimeAxis>,
    keys: Option<GroupKeys>,
    aggregations: Vec<Aggregation>,
    kernels: Vec<RowKernel>,
    ids: Vec<u32>,
}

/// What a [`RollingNode`] is made of.
pub(crate) struct RollingParts {
    pub(crate) input: usize,
    pub(crate) extent: Extent,
    pub(crate) times: Option<TimeAxis>,
    pub(crate) keys: Option<GroupKeys>,
    pub(crate) aggregations: Vec<Aggregation>,
    pub(crate) min_periods: usize,
}

impl RollingNode {
    pub(crate) fn new(parts: RollingParts) -> Result<Self, PlanError> {
        let RollingParts {
            input,
            extent,
            times,
            keys,
            aggregations,
            min_periods,
        } = parts;
        let reach = Reach {
            extent,
            min_periods,
            keyed: keys.is_some(),
        };
        let kernels = aggregations
            .iter()
            .map(|aggregation| RowKernel::new(aggregation, reach))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input,
            times,
            keys,
            aggregations,
            kernels,
            ids: Vec::new(),
        })
    }

    /// The parts of the state that are not of a kernel.
    fn head(&self) -> usize {
        self.keys.as_ref().map_or(0, GroupKeys::parts) + usize::from(self.times.is_some())
    }
}

impl Operator for RollingNode {
    fn check(&self, context: &mut Context<'_>) -> Result<(), PlanError> {
        let Some(times) = &self.times else {
            return Ok(());
        };
        let rows = context.value(self.input)?.rows;
        times.times(context, rows).map(drop)
    }

    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let times = self
            .times
            .as_ref()
            .map(|times| times.times(context, rows))
            .transpose()?;
        let keys = self
            .keys
            .as_ref()
            .map(|keys| keys.arrays(context, rows))
            .transpose()?;
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        self.ids.clear();
        if let (Some(keys), Some(arrays)) = (&mut self.keys, keys) {
            keys.intern(&arrays, rows, &mut self.ids);
        } else if self.kernels.iter().any(RowKernel::wants_ids) {
            self.ids.resize(rows, 0);
        }
        let placed = Placed {
            ids: &self.ids,
            times: times.as_ref().map_or(&[][..], |times| times.values()),
        };
        let columns = self
            .kernels
            .iter_mut()
            .zip(&self.aggregations)
            .zip(&lanes)
            .map(|((kernel, aggregation), lane)| kernel.push(aggregation, placed, lane))
            .collect::<Result<_, _>>()?;
        if let (Some(axis), Some(times)) = (&mut self.times, &times) {
            axis.advance(times);
        }
        Ok(Some(Value::new(rows, columns)))
    }

    fn operand(&self) -> Option<ExpressionId> {
        match (&self.aggregations[..], &self.keys, &self.times) {
            ([only], None, None) => only.column,
            _ => None,
        }
    }

    fn run_floats(&mut self, values: &[f64], out: &mut [f64]) -> Option<Option<NullBuffer>> {
        match (&mut self.kernels[..], &self.aggregations[..]) {
            ([RowKernel::Float(kernel)], [only]) if only.output == ColumnType::F64 => {
                Some(kernel.push(values, None, out))
            }
            _ => None,
        }
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self
            .keys
            .as_ref()
            .map_or_else(Vec::new, GroupKeys::snapshot);
        parts.extend(self.times.as_ref().map(TimeAxis::snapshot));
        parts.extend(self.kernels.iter().map(RowKernel::snapshot));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        let head = self.head();
        expect_parts(state, head + self.kernels.len())?;
        let (head, kernels) = state.split_at(head);
        if let Some(keys) = &mut self.keys {
            keys.restore(&head[..keys.parts()])?;
        }
        if let (Some(times), Some(part)) = (&mut self.times, head.last()) {
            times.restore(part)?;
        }
        self.kernels
            .iter_mut()
            .zip(kernels)
            .try_for_each(|(kernel, part)| kernel.restore(part))
    }
}
