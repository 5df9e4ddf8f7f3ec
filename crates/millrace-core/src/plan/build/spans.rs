//! Windows over spans of time, and those that a batch looks back over.

use super::aggregations::outputs;
use super::groups::not_at_end;
use super::parameters::{positive, whole};
use super::{Built, BuiltNode, Nodes, Reads, find};
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{ExpressionId, parse_nanos};
use crate::plan::nodes::reorder::Reorder;
use crate::plan::nodes::rolling::{RollingNode, RollingParts};
use crate::plan::nodes::window::{WindowNode, WindowParts};
use crate::plan::spec::{AggSpec, EmitSpec, ExprSpec, NamedExprSpec};
use crate::plan::time_axis::{TimeAxis, TimeColumn};
use crate::window::Extent;

/// How far a window reaches back: `n` rows, or a span of the times `on`.
pub(super) struct WindowSpec<'a> {
    pub(super) n: Option<f64>,
    pub(super) span: Option<&'a str>,
    pub(super) on: Option<&'a ExprSpec>,
}

impl Built {
    pub(super) fn rolling_span(
        &mut self,
        input: usize,
        (span, on): (&str, &ExprSpec),
        keys: &[NamedExprSpec],
        min_periods: Option<f64>,
        aggs: &[AggSpec],
    ) -> Result<BuiltNode, PlanError> {
        let action = "roll over a span of time";
        let span = parse_nanos(span, "span", action)?;
        let min_periods = whole(min_periods.unwrap_or(1.0), "minPeriods", action)? as usize;
        let (times, time) = self.time_axis(on, input, action)?;
        let mut reads = self.reads(time);
        let keys = if keys.is_empty() {
            None
        } else {
            let (keys, _, key_reads) = self.keys(keys, input, action)?;
            reads.extend(key_reads);
            Some(keys)
        };
        let aggregations = self.aggregations(aggs, input, action)?;
        reads.extend(self.aggregation_reads(&aggregations));
        let columns = outputs(&aggregations);
        let kind = match &keys {
            None => self.kind(input, &aggregations, EmissionKind::Series, action)?,
            Some(_) if columns.len() == 1 => EmissionKind::Series,
            Some(_) => EmissionKind::Frame,
        };
        let operator = RollingNode::new(RollingParts {
            input,
            extent: Extent::Span(span),
            times: Some(times),
            keys,
            aggregations,
            min_periods,
        })?;
        let domain = find(&self.nodes, input, action)?.schema.domain;
        self.stateful(
            input,
            Box::new(operator),
            kind,
            columns,
            domain,
            reads,
            action,
        )
    }

    pub(super) fn reorder(
        &mut self,
        input: usize,
        on: &str,
        lateness: &str,
        max_rows: f64,
    ) -> Result<BuiltNode, PlanError> {
        let action = "reorder rows";
        let id = self.nodes.len();
        let lateness = match lateness {
            "0" => 0,
            lateness => parse_nanos(lateness, "lateness", action)?,
        };
        let max_rows = positive(max_rows, "maxRows", action)?;
        let column = self.time(input, on, action)?;
        let predicate = self.reads(column);
        let (mut schema, columns, _) = self.kept(input, action)?;
        schema.domain = id;
        let times = TimeColumn {
            column,
            name: on.to_owned(),
            action,
        };
        Ok(BuiltNode {
            operator: Box::new(Reorder::new(input, times, lateness, max_rows, columns)),
            schema,
            needs: vec![input],
            needed: true,
            input: find(&self.nodes, input, action)?.input,
            reads: Reads::Filter { predicate, input },
        })
    }

    pub(super) fn window(
        &mut self,
        input: usize,
        spec: &WindowSpec<'_>,
        keys: &[NamedExprSpec],
        aggs: &[AggSpec],
        emit: EmitSpec,
    ) -> Result<BuiltNode, PlanError> {
        let action = "create window";
        let id = self.nodes.len();
        let (keys, mut columns, mut reads) = if keys.is_empty() {
            (None, Vec::new(), Vec::new())
        } else {
            let (keys, columns, reads) = self.keys(keys, input, action)?;
            (Some(keys), columns, reads)
        };
        let (extent, times) = match (spec.n, spec.span, spec.on) {
            (Some(n), None, None) => (Extent::Rows(positive(n, "n", action)?), None),
            (None, Some(span), Some(on)) => {
                let span = parse_nanos(span, "span", action)?;
                let (times, time) = self.time_axis(on, input, action)?;
                reads.extend(self.reads(time));
                (Extent::Span(span), Some(times))
            }
            _ => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: either n must be given, or span and on"
                )));
            }
        };
        let aggregations = self.aggregations(aggs, input, action)?;
        let kind = match keys {
            Some(_) => EmissionKind::Table,
            None => self.kind(input, &aggregations, EmissionKind::Scalar, action)?,
        };
        reads.extend(self.aggregation_reads(&aggregations));
        columns.extend(outputs(&aggregations));
        let operator = Box::new(WindowNode::new(WindowParts {
            input,
            extent,
            times,
            keys,
            aggregations,
            changes: not_at_end(emit, action)? == EmitSpec::Changes,
        })?);
        self.stateful(input, operator, kind, columns, id, reads, action)
    }

    /// The times of the rows of `input`, and the expression that they are.
    fn time_axis(
        &mut self,
        on: &ExprSpec,
        input: usize,
        action: &'static str,
    ) -> Result<(TimeAxis, ExpressionId), PlanError> {
        let time = self.expressions.build(on, &Nodes(&self.nodes), action)?;
        let domain = find(&self.nodes, input, action)?.schema.domain;
        self.same_rows(time, domain, action)?;
        let column_type = self.expressions.get(time).column_type;
        let name = self.name_of(on).unwrap_or_else(|| "on".to_owned());
        if column_type != ColumnType::Timestamp {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: column {name} must be timestamp, got {column_type}"
            )));
        }
        let column = TimeColumn {
            column: time,
            name,
            action,
        };
        Ok((TimeAxis::new(column), time))
    }
}
