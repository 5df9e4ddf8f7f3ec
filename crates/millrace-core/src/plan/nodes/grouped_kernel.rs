//! The kernels of running aggregates per group, by what they run on.

use arrow_array::{Array, ArrayRef, Int64Array};

use crate::aggregate::AggregateFunction;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::frequencies::Frequencies;
use crate::group::{GroupedAggregate, GroupedDistinct, GroupedInteger, GroupedText};
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};

/// The kernel of one aggregate per group.
#[derive(Debug)]
pub(super) enum GroupedKernel {
    Float(GroupedAggregate),
    Integer(GroupedInteger),
    Text(GroupedText),
    Distinct(GroupedDistinct),
    /// Rows per group, missing or not.
    Size(Frequencies),
}

impl GroupedKernel {
    pub(super) fn new(aggregation: &Aggregation) -> Result<Self, PlanError> {
        Ok(match (aggregation.lane, aggregation.column) {
            (_, None) => Self::Size(Frequencies::new()),
            (Lane::Float, _) => Self::Float(GroupedAggregate::new(aggregation.function)),
            (Lane::Integer | Lane::Presence, _) => {
                Self::Integer(GroupedInteger::new(aggregation.function)?)
            }
            (Lane::Text, _) => Self::Text(GroupedText::new(aggregation.function)?),
            (Lane::Distinct, _) if aggregation.of == ColumnType::Utf8 => {
                Self::Distinct(GroupedDistinct::texts())
            }
            (Lane::Distinct, _) => Self::Distinct(GroupedDistinct::numbers()),
        })
    }

    pub(super) fn update(&mut self, ids: &[u32], column: &LaneColumn) -> Result<(), PlanError> {
        match (self, column) {
            (Self::Float(kernel), LaneColumn::Float(column)) => {
                kernel.update(ids, column.values(), column.nulls());
            }
            (Self::Integer(kernel), LaneColumn::Integer(column)) => {
                kernel.update(ids, column.values(), column.nulls());
            }
            (Self::Text(kernel), LaneColumn::Text(column)) => kernel.update(ids, column.rows()),
            (Self::Distinct(kernel), LaneColumn::Float(column)) => {
                kernel.update_floats(ids, column.iter());
            }
            (Self::Distinct(kernel), LaneColumn::Integer(column)) => {
                kernel.update_integers(ids, column.iter());
            }
            (Self::Distinct(kernel), LaneColumn::Text(column)) => {
                kernel.update_texts(ids, column.rows());
            }
            (Self::Size(kernel), _) => kernel.update(ids),
            _ => {
                return Err(PlanError::Internal(
                    "grouped kernel of another lane".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// As [`Self::update`], of floats that are all there; false, with nothing done, where the kernel
    /// takes none.
    pub(super) fn update_floats(&mut self, ids: &[u32], values: &[f64]) -> bool {
        match self {
            Self::Float(kernel) => kernel.update(ids, values, None),
            Self::Size(kernel) => kernel.update(ids),
            _ => return false,
        }
        true
    }

    /// The results of the given groups; `all` says that these are all groups, by number.
    pub(super) fn results(
        &self,
        aggregation: &Aggregation,
        groups: &[u32],
        all: bool,
    ) -> Result<ArrayRef, PlanError> {
        match self {
            Self::Float(kernel) => {
                let mut values = kernel.results(groups);
                if of_no_rows(aggregation.function) && values.null_count() > 0 {
                    values = values.iter().map(|value| value.or(Some(0.0))).collect();
                }
                aggregation.float_array(values)
            }
            Self::Integer(kernel) => {
                let unseen = of_no_rows(aggregation.function).then_some(0);
                let values = groups
                    .iter()
                    .map(|&group| kernel.value(group).map(|value| value.or(unseen)))
                    .collect::<Result<Int64Array, _>>()?;
                aggregation.integers(values)
            }
            Self::Text(kernel) => {
                Ok(aggregation.texts(groups.iter().map(|&group| kernel.value(group))))
            }
            Self::Distinct(kernel) => {
                let values = groups.iter().map(|&group| kernel.value(group));
                aggregation.integers(values.collect::<Vec<_>>().into())
            }
            Self::Size(kernel) if all && kernel.counts().len() == groups.len() => {
                let counts = kernel.counts().iter().map(|count| count.cast_signed());
                aggregation.integers(counts.collect::<Vec<_>>().into())
            }
            Self::Size(kernel) => {
                let counts = kernel.counts();
                let values: Vec<i64> = groups
                    .iter()
                    .map(|&group| {
                        counts
                            .get(group as usize)
                            .map_or(0, |count| count.cast_signed())
                    })
                    .collect();
                aggregation.integers(values.into())
            }
        }
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub(super) fn keep(&mut self, groups: &[u32]) {
        match self {
            Self::Float(kernel) => kernel.keep(groups),
            Self::Integer(kernel) => kernel.keep(groups),
            Self::Text(kernel) => kernel.keep(groups),
            Self::Distinct(kernel) => kernel.keep(groups),
            Self::Size(kernel) => kernel.keep(groups),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Float(kernel) => kernel.clear(),
            Self::Integer(kernel) => kernel.clear(),
            Self::Text(kernel) => kernel.clear(),
            Self::Distinct(kernel) => kernel.clear(),
            Self::Size(kernel) => *kernel = Frequencies::new(),
        }
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Float(kernel) => kernel.snapshot(),
            Self::Integer(kernel) => kernel.snapshot(),
            Self::Text(kernel) => kernel.snapshot(),
            Self::Distinct(kernel) => kernel.snapshot(),
            Self::Size(kernel) => kernel.snapshot(),
        }
    }

    pub(super) fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Float(kernel) => kernel.restore(bytes)?,
            Self::Integer(kernel) => kernel.restore(bytes)?,
            Self::Text(kernel) => kernel.restore(bytes)?,
            Self::Distinct(kernel) => kernel.restore(bytes)?,
            Self::Size(kernel) => kernel.restore(bytes)?,
        }
        Ok(())
    }
}

/// Whether the aggregate of no rows is 0, not undefined: kernels do not know groups without rows.
fn of_no_rows(function: AggregateFunction) -> bool {
    matches!(function, AggregateFunction::Count | AggregateFunction::Sum)
}
