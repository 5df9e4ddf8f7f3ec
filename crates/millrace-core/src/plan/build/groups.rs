//! Nodes with keys.

use super::aggregations::{lane_type, outputs};
use super::parameters::positive;
use super::{Built, BuiltNode, Column, Nodes, find};
use crate::aggregate::AggregateFunction;
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{ExpressionId, Scope, parse_nanos};
use crate::plan::aggregation::{Aggregation, Lane};
use crate::plan::keys::GroupKeys;
use crate::plan::nodes::aside::Aside;
use crate::plan::nodes::bounded_group_by::{Bound, BoundedGroupBy};
use crate::plan::nodes::group_by::GroupBy;
use crate::plan::nodes::integer_counts::IntegerCounts;
use crate::plan::nodes::partition_group_by::PartitionGroupBy;
use crate::plan::operator::Operator;
use crate::plan::schema::ColumnSchema;
use crate::plan::spec::{AggSpec, EmitSpec, NamedExprSpec};

impl Built {
    pub(super) fn partition_group_by(
        &mut self,
        input: usize,
        on: &str,
        every: &str,
        keys: &[NamedExprSpec],
        aggs: &[AggSpec],
    ) -> Result<BuiltNode, PlanError> {
        let action = "partition by time";
        let id = self.nodes.len();
        let every = parse_nanos(every, "every", action)?;
        let time = self.time(input, on, action)?;
        let (keys, key_columns, mut reads) = if keys.is_empty() {
            (GroupKeys::new(&[]), Vec::new(), Vec::new())
        } else {
            self.keys(keys, input, action)?
        };
        let aggregations = self.aggregations(aggs, input, action)?;
        reads.extend(self.aggregation_reads(&aggregations));
        reads.extend(self.reads(time));
        let mut columns = vec![ColumnSchema {
            name: on.to_owned(),
            column_type: ColumnType::Timestamp,
            dictionary: None,
        }];
        columns.extend(key_columns);
        columns.extend(outputs(&aggregations));
        let operator = Box::new(PartitionGroupBy::new(
            input,
            time,
            every,
            keys,
            aggregations,
        )?);
        self.stateful(
            input,
            operator,
            EmissionKind::Table,
            columns,
            id,
            reads,
            action,
        )
    }

    pub(super) fn group_by(
        &mut self,
        input: usize,
        keys: &[NamedExprSpec],
        aggs: &[AggSpec],
        emit: EmitSpec,
        bound: Option<Bound>,
    ) -> Result<BuiltNode, PlanError> {
        let action = "group by";
        let id = self.nodes.len();
        let (keys, mut columns, mut reads) = self.keys(keys, input, action)?;
        let aggregations = self.aggregations(aggs, input, action)?;
        reads.extend(self.aggregation_reads(&aggregations));
        columns.extend(outputs(&aggregations));
        let kind = EmissionKind::Table;
        let operator: Box<dyn Operator> = match bound {
            None => Box::new(GroupBy::new(input, keys, aggregations, emit)?),
            Some(bound) => {
                let changes = not_at_end(emit, action)? == EmitSpec::Changes;
                reads.extend(bound.time.into_iter().flat_map(|time| self.reads(time)));
                Box::new(BoundedGroupBy::new(
                    input,
                    keys,
                    aggregations,
                    changes,
                    bound,
                )?)
            }
        };
        self.stateful(input, operator, kind, columns, id, reads, action)
    }

    /// The bound of a group-by; none where nothing bounds it.
    pub(super) fn bound(
        &mut self,
        input: usize,
        max_groups: Option<f64>,
        ttl: Option<&str>,
        on: Option<&str>,
    ) -> Result<Option<Bound>, PlanError> {
        let action = "group by";
        if max_groups.is_none() && ttl.is_none() {
            return Ok(None);
        }
        let max_groups = max_groups
            .map(|most| positive(most, "maxGroups", action))
            .transpose()?;
        let ttl = ttl.map(|ttl| parse_nanos(ttl, "ttl", action)).transpose()?;
        let time = on.map(|on| self.time(input, on, action)).transpose()?;
        Ok(Some(Bound {
            max_groups,
            ttl,
            time,
        }))
    }

    /// The column of times that has this name.
    pub(super) fn time(
        &mut self,
        input: usize,
        on: &str,
        action: &str,
    ) -> Result<ExpressionId, PlanError> {
        let time = Nodes(&self.nodes).column(input, Some(on), action)?;
        if time.column_type != ColumnType::Timestamp {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: column {on} must be timestamp, got {}",
                time.column_type
            )));
        }
        Ok(self.expressions.column(
            input,
            time.column,
            time.column_type,
            time.dictionary,
            time.domain,
        ))
    }

    /// What `input` puts aside; `wanted` says which nodes do.
    pub(super) fn aside(
        &mut self,
        input: usize,
        action: &str,
        wanted: &str,
    ) -> Result<BuiltNode, PlanError> {
        let id = self.nodes.len();
        let source = find(&self.nodes, input, action)?;
        if !source.operator.puts_aside() {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: the input must be a {wanted}, got node {input}"
            )));
        }
        let (kind, columns) = (source.schema.kind, source.schema.columns.clone());
        let reads = (0..columns.len()).map(|column| (input, column)).collect();
        let operator = Box::new(Aside { input });
        self.stateful(input, operator, kind, columns, id, reads, action)
    }

    pub(super) fn value_counts(
        &mut self,
        input: usize,
        emit: EmitSpec,
    ) -> Result<BuiltNode, PlanError> {
        let action = "count values";
        let id = self.nodes.len();
        let schema = find(&self.nodes, input, action)?.schema.clone();
        let [column] = &schema.columns[..] else {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: the input must be one column, got {}",
                schema.columns.len()
            )));
        };
        if emit != EmitSpec::Changes && IntegerCounts::takes(column.column_type) {
            return self.integer_counts(input, column, emit);
        }
        let lane = self.column_lane(input, 0, &schema);
        let keys = GroupKeys::new(&[(lane, column.column_type, column.dictionary)]);
        let count = Aggregation {
            function: AggregateFunction::Count,
            lane: Lane::Presence,
            column: None,
            of: ColumnType::I64,
            output: ColumnType::I64,
            name: "count".to_owned(),
        };
        let mut columns = vec![column.clone()];
        columns.extend(outputs(std::slice::from_ref(&count)));
        let reads = self.reads(lane);
        let operator = Box::new(GroupBy::new(input, keys, vec![count], emit)?);
        self.stateful(
            input,
            operator,
            EmissionKind::Table,
            columns,
            id,
            reads,
            action,
        )
    }

    /// Counts of whole numbers need no groups.
    fn integer_counts(
        &mut self,
        input: usize,
        column: &ColumnSchema,
        emit: EmitSpec,
    ) -> Result<BuiltNode, PlanError> {
        let id = self.nodes.len();
        let domain = self.nodes[input].schema.domain;
        let values = self
            .expressions
            .column(input, 0, column.column_type, None, domain);
        let count = ColumnSchema {
            name: "count".to_owned(),
            column_type: ColumnType::I64,
            dictionary: None,
        };
        let reads = self.reads(values);
        self.stateful(
            input,
            Box::new(IntegerCounts::new(input, values, column.column_type, emit)),
            EmissionKind::Table,
            vec![column.clone(), count],
            id,
            reads,
            "count values",
        )
    }

    pub(super) fn keys(
        &mut self,
        specs: &[NamedExprSpec],
        input: usize,
        action: &str,
    ) -> Result<(GroupKeys, Vec<ColumnSchema>, Vec<Column>), PlanError> {
        if specs.is_empty() {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {action}: there must be at least one key, got none"
            )));
        }
        let domain = find(&self.nodes, input, action)?.schema.domain;
        let mut keys = Vec::with_capacity(specs.len());
        let mut columns = Vec::with_capacity(specs.len());
        let mut reads = Vec::new();
        for spec in specs {
            let id = self
                .expressions
                .build(&spec.expr, &Nodes(&self.nodes), action)?;
            self.same_rows(id, domain, action)?;
            let typed = self.expressions.get(id).clone();
            let lane = self.expressions.lane(id, lane_type(typed.column_type));
            keys.push((lane, typed.column_type, typed.dictionary));
            reads.extend(self.reads(lane));
            columns.push(ColumnSchema {
                name: spec.name.clone(),
                column_type: typed.column_type,
                dictionary: typed.dictionary,
            });
        }
        Ok((GroupKeys::new(&keys), columns, reads))
    }
}

/// Refuses `emit: 'end'`, where groups may be gone by then.
pub(super) fn not_at_end(emit: EmitSpec, action: &str) -> Result<EmitSpec, PlanError> {
    if emit == EmitSpec::End {
        return Err(PlanError::InvalidArgument(format!(
            "Cannot {action}: emit must be 'all' or 'changes' where groups end, got 'end'"
        )));
    }
    Ok(emit)
}
