//! One aggregate of one column: which kernel it runs on, and what its result becomes.
//!
//! Kernels exist for f64 and for exact i64. Every other type is converted to one of these lanes
//! and its result back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::operator::Context;
use crate::aggregate::AggregateFunction;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::expression::numeric::{convert, reinterpret};

/// The kernels a column runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Float,
    Integer,
    /// Only whether a value is there matters.
    Presence,
    /// Text is compared and kept.
    Text,
    /// Distinct values are counted, of floats, integers or text.
    Distinct,
}

/// A column converted to its lane.
#[derive(Debug, Clone)]
pub(crate) enum LaneColumn {
    Float(Float64Array),
    Integer(Int64Array),
    Text(TextColumn),
}

/// A column of text, plain or as ids of a dictionary.
#[derive(Debug, Clone)]
pub(crate) enum TextColumn {
    Plain(StringArray),
    Ids(Int32Array, StringArray),
}

/// One aggregate, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Aggregation {
    pub(crate) function: AggregateFunction,
    pub(crate) lane: Lane,
    /// The column converted to the lane; none counts rows.
    pub(crate) column: Option<ExpressionId>,
    /// The type of the column before it was converted.
    pub(crate) of: ColumnType,
    pub(crate) output: ColumnType,
    pub(crate) name: String,
}

impl Aggregation {
    /// The column of this batch.
    pub(crate) fn lane(
        &self,
        context: &mut Context<'_>,
        rows: usize,
    ) -> Result<LaneColumn, PlanError> {
        let Some(column) = self.column else {
            return Ok(LaneColumn::Integer(context.zeros(rows)));
        };
        let array = context.array(column, rows)?;
        Ok(match self.lane {
            Lane::Float => LaneColumn::Float(array.as_primitive::<Float64Type>().clone()),
            Lane::Integer => LaneColumn::Integer(array.as_primitive::<Int64Type>().clone()),
            Lane::Presence => {
                let (_, zeros, _) = context.zeros(rows).into_parts();
                LaneColumn::Integer(Int64Array::new(zeros, array.nulls().cloned()))
            }
            Lane::Text | Lane::Distinct => LaneColumn::of_any(&array),
        })
    }

    /// A result column of the float kernel, in the output's type.
    pub(crate) fn floats(
        &self,
        values: Vec<f64>,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, PlanError> {
        self.float_array(Float64Array::new(values.into(), nulls))
    }

    /// As [`Self::floats`], of an array.
    pub(crate) fn float_array(&self, values: Float64Array) -> Result<ArrayRef, PlanError> {
        from_float(values, self.output)
    }

    /// A result column of text.
    pub(crate) fn texts<'a>(&self, values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
        Arc::new(values.collect::<StringArray>())
    }

    /// A result column of the integer kernel, in the output's type.
    pub(crate) fn integers(&self, values: Int64Array) -> Result<ArrayRef, PlanError> {
        from_integer(values, self.output)
    }
}

impl TextColumn {
    /// The rows, `None` for a missing one.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Option<&str>> {
        (0..self.len()).map(move |row| match self {
            Self::Plain(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Ids(ids, strings) => ids
                .is_valid(row)
                .then(|| strings.value(ids.value(row) as usize)),
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Plain(texts) => texts.len(),
            Self::Ids(ids, _) => ids.len(),
        }
    }
}

impl LaneColumn {
    pub(crate) fn slice(&self, start: usize, rows: usize) -> Self {
        match self {
            Self::Float(array) => Self::Float(array.slice(start, rows)),
            Self::Integer(array) => Self::Integer(array.slice(start, rows)),
            Self::Text(TextColumn::Plain(texts)) => {
                Self::Text(TextColumn::Plain(texts.slice(start, rows)))
            }
            Self::Text(TextColumn::Ids(ids, strings)) => {
                Self::Text(TextColumn::Ids(ids.slice(start, rows), strings.clone()))
            }
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Float(array) => array.len(),
            Self::Integer(array) => array.len(),
            Self::Text(texts) => texts.len(),
        }
    }

    /// The column with nulls where a mask has them; text as it is.
    pub(crate) fn masked(self, mask: &NullBuffer) -> Self {
        let also = |nulls: Option<NullBuffer>| NullBuffer::union(nulls.as_ref(), Some(mask));
        match self {
            Self::Float(array) => {
                let (_, values, nulls) = array.into_parts();
                Self::Float(Float64Array::new(values, also(nulls)))
            }
            Self::Integer(array) => {
                let (_, values, nulls) = array.into_parts();
                Self::Integer(Int64Array::new(values, also(nulls)))
            }
            text @ Self::Text(_) => text,
        }
    }

    /// As [`Self::from_array`], of text too.
    fn of_any(array: &ArrayRef) -> Self {
        if let Some(encoded) = array.as_dictionary_opt::<Int32Type>() {
            let strings = encoded.values().as_string().clone();
            Self::Text(TextColumn::Ids(encoded.keys().clone(), strings))
        } else if let Some(texts) = array.as_string_opt() {
            Self::Text(TextColumn::Plain(texts.clone()))
        } else {
            Self::from_array(&**array)
        }
    }

    /// The column that an array of a lane's type is.
    pub(crate) fn from_array(array: &dyn Array) -> Self {
        array.as_primitive_opt::<Float64Type>().map_or_else(
            || Self::Integer(array.as_primitive::<Int64Type>().clone()),
            |floats| Self::Float(floats.clone()),
        )
    }
}

/// Results of a float kernel as a column of type `to`.
pub(crate) fn from_float(values: Float64Array, to: ColumnType) -> Result<ArrayRef, PlanError> {
    let array: ArrayRef = Arc::new(values);
    match to {
        ColumnType::F64 => Ok(array),
        ColumnType::F32 => convert(&array, ColumnType::F64, ColumnType::F32),
        _ => {
            let values = array.as_primitive::<Float64Type>();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole numbers within ±2^53"
            )]
            from_integer(values.unary::<_, Int64Type>(|value| value as i64), to)
        }
    }
}

/// Results of an integer kernel as a column of type `to`.
pub(crate) fn from_integer(values: Int64Array, to: ColumnType) -> Result<ArrayRef, PlanError> {
    match to {
        ColumnType::Timestamp | ColumnType::Duration => Ok(reinterpret(&values, to)),
        ColumnType::Bool => {
            let bits = BooleanBuffer::collect_bool(values.len(), |row| values.value(row) != 0);
            Ok(Arc::new(BooleanArray::new(bits, values.nulls().cloned())))
        }
        to => convert(&(Arc::new(values) as ArrayRef), ColumnType::I64, to),
    }
}
