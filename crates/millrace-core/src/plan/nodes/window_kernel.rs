//! The kernels of aggregates per group of a window, by what they run on.

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};

use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::group::{DistinctWindows, FloatWindows, IntegerWindows, Moves, TextWindows};
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};

/// The kernel of one aggregate of the rows that each group has in a window.
#[derive(Debug)]
pub(super) enum WindowKernel {
    Float(FloatWindows),
    Integer(IntegerWindows),
    Text(TextWindows),
    Distinct(DistinctWindows),
    /// Rows per group, which the window counts itself.
    Size,
}

impl WindowKernel {
    pub(super) fn new(aggregation: &Aggregation) -> Result<Self, PlanError> {
        let function = aggregation.function;
        Ok(match (aggregation.lane, aggregation.column) {
            (_, None) => Self::Size,
            (Lane::Float, _) => Self::Float(FloatWindows::new(function)),
            (Lane::Integer | Lane::Presence, _) => Self::Integer(IntegerWindows::new(function)?),
            (Lane::Text, _) => Self::Text(TextWindows::new(function)?),
            (Lane::Distinct, _) if aggregation.of == ColumnType::Utf8 => {
                Self::Distinct(DistinctWindows::texts())
            }
            (Lane::Distinct, _) => Self::Distinct(DistinctWindows::numbers()),
        })
    }

    /// Lets rows in and out.
    pub(super) fn advance(
        &mut self,
        moves: Moves<'_>,
        column: &LaneColumn,
    ) -> Result<(), PlanError> {
        match (self, column) {
            (Self::Float(kernel), LaneColumn::Float(column)) => {
                kernel.advance(moves, column.values(), column.nulls());
            }
            (Self::Integer(kernel), LaneColumn::Integer(column)) => {
                kernel.advance(moves, column.values(), column.nulls());
            }
            (Self::Text(kernel), LaneColumn::Text(column)) => kernel.advance(moves, column.rows()),
            (Self::Distinct(kernel), LaneColumn::Float(column)) => {
                kernel.advance_floats(moves, column.values(), column.nulls());
            }
            (Self::Distinct(kernel), LaneColumn::Integer(column)) => {
                kernel.advance_integers(moves, column.values(), column.nulls());
            }
            (Self::Distinct(kernel), LaneColumn::Text(column)) => {
                kernel.advance_texts(moves, column.rows());
            }
            (Self::Size, _) => {}
            _ => {
                return Err(PlanError::Internal(
                    "windowed kernel of another lane".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// The results of the given groups, of which `sizes` tells the rows.
    pub(super) fn results(
        &self,
        aggregation: &Aggregation,
        groups: &[u32],
        sizes: &[u32],
    ) -> Result<ArrayRef, PlanError> {
        let groups = groups.iter();
        match self {
            Self::Float(kernel) => {
                let values = groups.map(|&group| kernel.value(group));
                aggregation.float_array(values.collect::<Float64Array>())
            }
            Self::Integer(kernel) => {
                let values = groups.map(|&group| kernel.value(group));
                aggregation.integers(values.collect::<Result<Int64Array, _>>()?)
            }
            Self::Text(kernel) => Ok(aggregation.texts(groups.map(|&group| kernel.value(group)))),
            Self::Distinct(kernel) => {
                let values = groups.map(|&group| kernel.value(group));
                aggregation.integers(values.collect::<Vec<_>>().into())
            }
            Self::Size => {
                let values = groups.map(|&group| i64::from(sizes[group as usize]));
                aggregation.integers(values.collect::<Vec<_>>().into())
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
            Self::Size => {}
        }
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Float(kernel) => kernel.snapshot(),
            Self::Integer(kernel) => kernel.snapshot(),
            Self::Text(kernel) => kernel.snapshot(),
            Self::Distinct(kernel) => kernel.snapshot(),
            Self::Size => Vec::new(),
        }
    }

    /// Takes up a state; `ids` are the groups of the rows in the window, oldest first.
    pub(super) fn restore(&mut self, bytes: &[u8], ids: &[u32]) -> Result<(), PlanError> {
        match self {
            Self::Float(kernel) => kernel.restore(bytes, ids)?,
            Self::Integer(kernel) => kernel.restore(bytes, ids)?,
            Self::Text(kernel) => kernel.restore(bytes, ids)?,
            Self::Distinct(kernel) => kernel.restore(bytes, ids)?,
            Self::Size => {}
        }
        Ok(())
    }
}
