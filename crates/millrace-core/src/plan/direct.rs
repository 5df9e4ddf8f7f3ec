//! Plans of one node that works on one column of floats: these need no arrays.

use super::build::BuiltNode;
use super::schema::{InputSchema, SinkSchema};
use crate::column_type::ColumnType;
use crate::expression::{Expression, ExpressionId, Expressions};

/// The one node that keeps state, if the only column of the only input goes into it as it is, and
/// its result to the only sink.
pub(super) fn node(
    expressions: &Expressions,
    nodes: &[BuiltNode],
    inputs: &[InputSchema],
    sinks: &[SinkSchema],
) -> Option<usize> {
    let ([input], [sink]) = (inputs, sinks) else {
        return None;
    };
    let [column] = &input.columns[..] else {
        return None;
    };
    let mut stateful = (0..nodes.len()).filter(|&id| nodes[id].operator.is_stateful());
    let (Some(id), None) = (stateful.next(), stateful.next()) else {
        return None;
    };
    let shown = nodes[sink.node].needs == [id] && nodes[sink.node].operator.operand().is_none();
    let lone = column.column_type == ColumnType::F64;
    let reads_input = is_input(expressions, nodes, nodes[id].operator.operand()?);
    (lone && shown && reads_input).then_some(id)
}

/// Whether an expression is a column of the input as it is.
fn is_input(expressions: &Expressions, nodes: &[BuiltNode], expression: ExpressionId) -> bool {
    let Expression::Column { node, .. } = expressions.get(expression).expression else {
        return false;
    };
    match nodes[node].operator.operand() {
        Some(operand) => {
            !nodes[node].operator.is_stateful() && is_input(expressions, nodes, operand)
        }
        None => nodes[node].needs.is_empty(),
    }
}
