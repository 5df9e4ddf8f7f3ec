//! The kernels of aggregates that have a result for every row, by what they run on.

use arrow_array::{Array, ArrayRef, Int64Array, StringArray};

use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::group::{GroupRolling, Placed, RollingValues};
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::window::{Extent, Rolling, RollingInteger};

/// The kernel of one aggregate of the rows of a window that ends at each row.
#[derive(Debug)]
pub(super) enum RowKernel {
    /// Floats, all of one group, over a number of rows.
    Float(Rolling),
    /// Integers of one group.
    Integer(RollingInteger),
    /// Floats by group, and over spans of time.
    GroupFloat(GroupRolling),
    /// Integers by group, text, and distinct values.
    Values(Box<RollingValues>),
}

/// How far the windows of a kernel reach, and whether there is more than one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) extent: Extent,
    pub(super) min_periods: usize,
    pub(super) keyed: bool,
}

impl RowKernel {
    pub(super) fn new(aggregation: &Aggregation, reach: Reach) -> Result<Self, PlanError> {
        let Reach {
            extent,
            min_periods,
            keyed,
        } = reach;
        let function = aggregation.function;
        let values = |kernel| Self::Values(Box::new(kernel));
        Ok(match (aggregation.lane, extent) {
            (Lane::Text, _) => values(RollingValues::texts(function, extent, min_periods)?),
            (Lane::Distinct, _) => {
                let texts = aggregation.of == ColumnType::Utf8;
                values(RollingValues::distinct(texts, extent, min_periods)?)
            }
            (Lane::Integer | Lane::Presence, _) if keyed => {
                values(RollingValues::integers(function, extent, min_periods)?)
            }
            (Lane::Integer | Lane::Presence, Extent::Rows(n)) => {
                Self::Integer(RollingInteger::new(function, n, min_periods)?)
            }
            (Lane::Integer | Lane::Presence, Extent::Span(span)) => {
                Self::Integer(RollingInteger::over_span(function, span, min_periods)?)
            }
            (Lane::Float, Extent::Rows(n)) if keyed => {
                Self::GroupFloat(GroupRolling::new(function, n, min_periods)?)
            }
            (Lane::Float, Extent::Rows(n)) => Self::Float(Rolling::new(function, n, min_periods)?),
            (Lane::Float, Extent::Span(span)) => {
                Self::GroupFloat(GroupRolling::over_span(function, span, min_periods)?)
            }
        })
    }

    /// Whether it wants the group of every row, also where there is but one.
    pub(super) fn wants_ids(&self) -> bool {
        matches!(self, Self::GroupFloat(_) | Self::Values(_))
    }

    /// The results of a batch, one for each row.
    pub(super) fn push(
        &mut self,
        aggregation: &Aggregation,
        rows: Placed<'_>,
        column: &LaneColumn,
    ) -> Result<ArrayRef, PlanError> {
        let count = |out: Vec<i64>, nulls| aggregation.integers(Int64Array::new(out.into(), nulls));
        match (self, column) {
            (Self::Float(kernel), LaneColumn::Float(column)) => {
                let mut out = vec![0.0; column.len()];
                let nulls = kernel.push(column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            (Self::GroupFloat(kernel), LaneColumn::Float(column)) => {
                let mut out = vec![0.0; column.len()];
                let Placed { times, ids } = rows;
                let nulls =
                    kernel.push_timed(times, ids, column.values(), column.nulls(), &mut out);
                aggregation.floats(out, nulls)
            }
            (Self::Integer(kernel), LaneColumn::Integer(column)) => {
                let mut out = vec![0; column.len()];
                let (values, nulls) = (column.values(), column.nulls());
                let nulls = kernel.push_timed(rows.times, values, nulls, &mut out)?;
                count(out, nulls)
            }
            (Self::Values(kernel), LaneColumn::Integer(column)) => {
                let mut out = vec![0; column.len()];
                let nulls =
                    kernel.push_integers(rows, column.values(), column.nulls(), &mut out)?;
                count(out, nulls)
            }
            (Self::Values(kernel), LaneColumn::Float(column)) => {
                let mut out = vec![0; column.len()];
                let nulls = kernel.push_floats(rows, column.values(), column.nulls(), &mut out);
                count(out, nulls)
            }
            (Self::Values(kernel), LaneColumn::Text(column)) => {
                if aggregation.lane == Lane::Distinct {
                    let mut out = vec![0; rows.ids.len()];
                    let nulls = kernel.count_texts(rows, column.rows(), &mut out);
                    return count(out, nulls);
                }
                let mut texts = Vec::with_capacity(rows.ids.len());
                kernel.push_texts(rows, column.rows(), |text| {
                    texts.push(text.map(str::to_owned));
                });
                Ok(std::sync::Arc::new(StringArray::from(texts)))
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
            Self::GroupFloat(kernel) => kernel.snapshot(),
            Self::Values(kernel) => kernel.snapshot(),
        }
    }

    pub(super) fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Float(kernel) => kernel.restore(bytes)?,
            Self::Integer(kernel) => kernel.restore(bytes)?,
            Self::GroupFloat(kernel) => kernel.restore(bytes)?,
            Self::Values(kernel) => kernel.restore(bytes)?,
        }
        Ok(())
    }
}
