//! Aggregates: which kernel each runs on, and the form of what comes out.

use super::parameters::{positive, whole};
use super::{Built, BuiltNode, Column, Nodes, find};
use crate::aggregate::{AggregateFunction, Interpolation, Quantile};
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::plan::aggregation::{Aggregation, Lane};
use crate::plan::nodes::sliding_window::{SlidingWindowNode, Windows};
use crate::plan::schema::ColumnSchema;
use crate::plan::spec::AggSpec;

impl Built {
    pub(super) fn windows(
        &mut self,
        input: usize,
        n: f64,
        windows: Windows,
        aggs: &[AggSpec],
        action: &str,
    ) -> Result<BuiltNode, PlanError> {
        let id = self.nodes.len();
        let n = positive(n, "n", action)?;
        let aggregations = self.aggregations(aggs, input, action)?;
        let kind = self.kind(input, &aggregations, EmissionKind::Series, action)?;
        let reads = self.aggregation_reads(&aggregations);
        let columns = outputs(&aggregations);
        let operator = Box::new(SlidingWindowNode::new(input, aggregations, n, windows)?);
        self.stateful(input, operator, kind, columns, id, reads, action)
    }

    /// `single` for one aggregate of a series, else the form of several columns.
    pub(super) fn kind(
        &self,
        input: usize,
        aggregations: &[Aggregation],
        single: EmissionKind,
        action: &str,
    ) -> Result<EmissionKind, PlanError> {
        let source = find(&self.nodes, input, action)?.schema.kind;
        Ok(match single {
            single if source == EmissionKind::Series && aggregations.len() == 1 => single,
            EmissionKind::Scalar => EmissionKind::Table,
            _ => EmissionKind::Frame,
        })
    }

    pub(super) fn aggregations(
        &mut self,
        specs: &[AggSpec],
        input: usize,
        action: &str,
    ) -> Result<Vec<Aggregation>, PlanError> {
        if specs.is_empty() {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {action}: there must be at least one aggregate, got none"
            )));
        }
        specs
            .iter()
            .map(|spec| self.aggregation(spec, input, action))
            .collect()
    }

    pub(super) fn aggregation(
        &mut self,
        spec: &AggSpec,
        input: usize,
        action: &str,
    ) -> Result<Aggregation, PlanError> {
        use AggregateFunction::{
            Count, First, Last, Max, Mean, Min, Quantile as Quantiles, Std, Sum, Var,
        };
        let ddof = whole(spec.ddof.unwrap_or(1.0), "ddof", action)?;
        let function = match spec.function.as_str() {
            "sum" => Sum,
            "mean" => Mean,
            "count" | "size" => Count,
            "min" => Min,
            "max" => Max,
            "var" => Var { ddof },
            "std" => Std { ddof },
            "first" => First,
            "last" => Last,
            "nunique" => Count,
            "median" => AggregateFunction::Quantile(Quantile::MEDIAN),
            "quantile" => AggregateFunction::Quantile(quantile(spec, action)?),
            other => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: fn must be one of sum, mean, count, size, min, max, var, \
                     std, first, last, median, quantile, nunique, got {other}"
                )));
            }
        };
        let named = spec
            .name
            .clone()
            .or_else(|| spec.column.as_ref().and_then(|column| self.name_of(column)));
        let name = named.unwrap_or_else(|| spec.function.clone());
        let size = spec.function == "size";
        let column = match &spec.column {
            Some(column) if !size => column,
            None if function != Count || spec.function == "nunique" => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: {} must have a column, got none",
                    spec.function
                )));
            }
            _ => {
                let output = ColumnType::I64;
                return Ok(Aggregation {
                    function,
                    lane: Lane::Presence,
                    column: None,
                    of: output,
                    output,
                    name,
                });
            }
        };
        let id = self
            .expressions
            .build(column, &Nodes(&self.nodes), action)?;
        let domain = find(&self.nodes, input, action)?.schema.domain;
        self.same_rows(id, domain, action)?;
        let column_type = self.expressions.get(id).column_type;
        let mismatch = || {
            Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: {} of {name} needs a number, got {column_type}",
                spec.function
            )))
        };
        let (lane, output) = match (function, column_type) {
            (Count, _) if spec.function == "nunique" => (Lane::Distinct, ColumnType::I64),
            (Count, _) => (Lane::Presence, ColumnType::I64),
            (First | Last | Min | Max, ColumnType::Utf8) => (Lane::Text, ColumnType::Utf8),
            (_, ColumnType::Utf8) => return mismatch(),
            (Mean | Var { .. } | Std { .. } | Sum | Quantiles(_), column_type)
                if column_type.is_temporal() =>
            {
                return mismatch();
            }
            (Mean | Var { .. } | Std { .. } | Quantiles(_), _) => (Lane::Float, ColumnType::F64),
            (Sum, column_type) if column_type.is_float() => (Lane::Float, ColumnType::F64),
            (Sum, _) => (Lane::Integer, ColumnType::I64),
            (_, column_type) if column_type.is_float() => (Lane::Float, column_type),
            (_, column_type) => (Lane::Integer, column_type),
        };
        let column = match lane {
            Lane::Float => self.expressions.lane(id, ColumnType::F64),
            Lane::Integer => self.expressions.lane(id, ColumnType::I64),
            Lane::Distinct if column_type != ColumnType::Utf8 => {
                self.expressions.lane(id, lane_type(column_type))
            }
            Lane::Presence | Lane::Text | Lane::Distinct => id,
        };
        Ok(Aggregation {
            function,
            lane,
            column: Some(column),
            of: column_type,
            output,
            name,
        })
    }

    pub(super) fn aggregation_reads(&self, aggregations: &[Aggregation]) -> Vec<Column> {
        aggregations
            .iter()
            .filter_map(|aggregation| aggregation.column)
            .flat_map(|column| self.reads(column))
            .collect()
    }
}

pub(super) fn outputs(aggregations: &[Aggregation]) -> Vec<ColumnSchema> {
    aggregations
        .iter()
        .map(|aggregation| ColumnSchema {
            name: aggregation.name.clone(),
            column_type: aggregation.output,
            dictionary: None,
        })
        .collect()
}

fn quantile(spec: &AggSpec, action: &str) -> Result<Quantile, PlanError> {
    let Some(share) = spec.q else {
        return Err(PlanError::InvalidArgument(format!(
            "Cannot {action}: quantile must have q, got none"
        )));
    };
    let name = spec.interpolation.as_deref().unwrap_or("linear");
    let interpolation = Interpolation::from_name(name).ok_or_else(|| {
        PlanError::InvalidArgument(format!(
            "Cannot {action}: interpolation must be one of linear, lower, higher, nearest, \
             midpoint, got {name}"
        ))
    })?;
    Ok(Quantile::new(share, interpolation)?)
}

/// The type of the lane that values of a type run on; utf8 has none.
pub(super) fn lane_type(column_type: ColumnType) -> ColumnType {
    match column_type {
        ColumnType::Utf8 => ColumnType::Utf8,
        ColumnType::F32 | ColumnType::F64 => ColumnType::F64,
        _ => ColumnType::I64,
    }
}
