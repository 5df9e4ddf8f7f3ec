//! Nodes that show values of rows before.

use super::parameters::positive;
use super::{Built, BuiltNode, Column, find};
use crate::error::PlanError;
use crate::plan::column_state::KeptColumn;
use crate::plan::nodes::forward_fill::ForwardFillNode;
use crate::plan::nodes::shift::ShiftNode;
use crate::plan::operator::Operator;
use crate::plan::schema::NodeSchema;

impl Built {
    pub(super) fn shift(&mut self, input: usize, n: f64) -> Result<BuiltNode, PlanError> {
        let action = "shift";
        let n = positive(n, "n", action)?;
        let (schema, columns, reads) = self.kept(input, action)?;
        let operator = Box::new(ShiftNode::new(input, n, columns));
        self.rows_before(input, operator, schema, reads, action)
    }

    pub(super) fn forward_fill(&mut self, input: usize) -> Result<BuiltNode, PlanError> {
        let action = "fill forward";
        let (schema, columns, reads) = self.kept(input, action)?;
        let operator = Box::new(ForwardFillNode::new(input, columns));
        self.rows_before(input, operator, schema, reads, action)
    }

    fn rows_before(
        &self,
        input: usize,
        operator: Box<dyn Operator>,
        schema: NodeSchema,
        reads: Vec<Column>,
        action: &str,
    ) -> Result<BuiltNode, PlanError> {
        let NodeSchema {
            kind,
            columns,
            domain,
        } = schema;
        self.stateful(input, operator, kind, columns, domain, reads, action)
    }

    /// All columns of a node as ones whose rows are kept.
    pub(super) fn kept(
        &mut self,
        input: usize,
        action: &str,
    ) -> Result<(NodeSchema, Vec<KeptColumn>, Vec<Column>), PlanError> {
        let schema = find(&self.nodes, input, action)?.schema.clone();
        let mut columns = Vec::with_capacity(schema.columns.len());
        for (index, column) in schema.columns.iter().enumerate() {
            let (column_type, dictionary) = (column.column_type, column.dictionary);
            let expression =
                self.expressions
                    .column(input, index, column_type, dictionary, schema.domain);
            columns.push(KeptColumn {
                expression,
                column_type,
                dictionary,
            });
        }
        let reads = (0..columns.len()).map(|column| (input, column)).collect();
        Ok((schema, columns, reads))
    }
}
