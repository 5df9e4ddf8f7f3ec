//! How aggregates read through the projections and filters before them.
//!
//! An aggregate over the rows that a filter keeps is one over all rows with a mask, in which a dropped
//! row counts as little as a missing value does. Where that is so is a property of the plan alone:
//! results depend neither on the batches nor on what else is computed.

use super::{Built, BuiltNode};
use crate::expression::{ExpressionId, Expressions};
use crate::plan::aggregation::{Aggregation, Lane};

/// What an aggregation runs over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Masked {
    /// The node that began these rows.
    pub(crate) rows_of: usize,
    /// Only rows count for which all of these are true.
    pub(crate) conditions: Vec<ExpressionId>,
}

impl Built {
    /// Lets an aggregation of `input` read through filters.
    pub(super) fn mask(&mut self, input: usize, aggregation: &mut Aggregation) -> Masked {
        if matches!(aggregation.lane, Lane::Text | Lane::Distinct) {
            return Masked {
                rows_of: input,
                conditions: Vec::new(),
            };
        }
        let mut masked = Masked {
            rows_of: self.nodes[input].schema.domain,
            conditions: Vec::new(),
        };
        loop {
            // The condition of the next filter, if there is one, first.
            let mut all: Vec<ExpressionId> = aggregation.column.into_iter().collect();
            all.extend(&masked.conditions);
            for id in &mut all {
                *id = inlined(&mut self.expressions, &self.nodes, *id);
            }
            aggregation.column = aggregation.column.map(|_| all.remove(0));
            masked.conditions = all;
            let filter = masked.rows_of;
            let Some((source, condition)) = self.nodes[filter].operator.filters() else {
                return masked;
            };
            let Some((column, mut conditions)) =
                self.before(filter, source, aggregation.column, &masked.conditions)
            else {
                return masked;
            };
            if !self.expressions.is_total(condition) {
                return masked;
            }
            conditions.insert(0, condition);
            aggregation.column = column;
            masked = Masked {
                rows_of: self.nodes[source].schema.domain,
                conditions,
            };
        }
    }

    /// The expressions over the input of a filter, if they read nothing but what it lets through.
    fn before(
        &mut self,
        filter: usize,
        source: usize,
        column: Option<ExpressionId>,
        conditions: &[ExpressionId],
    ) -> Option<(Option<ExpressionId>, Vec<ExpressionId>)> {
        let Self {
            expressions, nodes, ..
        } = self;
        let mut through = |id| {
            if !expressions.is_total(id) {
                return None;
            }
            expressions.replace_columns(id, &mut |expressions, node, column| {
                (node == filter).then(|| column_of(expressions, nodes, source, column))
            })
        };
        let column = match column {
            Some(id) => Some(through(id)?),
            None => None,
        };
        let conditions = conditions.iter().map(|&id| through(id));
        Some((column, conditions.collect::<Option<_>>()?))
    }

    /// Which nodes anything needs: projections and filters that others have read through are not, if
    /// they could not fail either.
    pub(super) fn needed(&self) -> Vec<bool> {
        let mut needed: Vec<bool> = (self.nodes.iter())
            .map(|node| {
                let operator = &node.operator;
                let columns =
                    (0..node.schema.columns.len()).map(|column| operator.projects(column));
                let expressions: Option<Vec<ExpressionId>> = match operator.filters() {
                    Some((_, condition)) => Some(vec![condition]),
                    None => columns.collect(),
                };
                expressions.is_none_or(|all| !all.iter().all(|&id| self.expressions.is_total(id)))
            })
            .collect();
        for id in (0..self.nodes.len()).rev() {
            if needed[id] {
                for &need in &self.nodes[id].needs {
                    needed[need] = true;
                }
            }
        }
        needed
    }
}

/// The expression with those of projections in place of their columns, where that costs nothing but
/// time and cannot fail.
pub(in crate::plan) fn inlined(
    expressions: &mut Expressions,
    nodes: &[BuiltNode],
    id: ExpressionId,
) -> ExpressionId {
    if !expressions.is_total(id) {
        return id;
    }
    inline(expressions, nodes, id).unwrap_or(id)
}

fn inline(
    expressions: &mut Expressions,
    nodes: &[BuiltNode],
    id: ExpressionId,
) -> Option<ExpressionId> {
    expressions.replace_columns(id, &mut |expressions, node, column| match nodes[node]
        .operator
        .projects(column)
    {
        Some(projected) if expressions.is_total(projected) => inline(expressions, nodes, projected),
        _ => Some(column_of(expressions, nodes, node, column)),
    })
}

/// The expression that reads a column of a node.
fn column_of(
    expressions: &mut Expressions,
    nodes: &[BuiltNode],
    node: usize,
    column: usize,
) -> ExpressionId {
    let schema = &nodes[node].schema;
    let of = &schema.columns[column];
    expressions.column(node, column, of.column_type, of.dictionary, schema.domain)
}
