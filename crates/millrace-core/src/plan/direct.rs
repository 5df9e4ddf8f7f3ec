//! Plans of one node that works on columns of the input as they are: these need no arrays.

use super::build::BuiltNode;
use super::schema::{InputSchema, SinkSchema};
use crate::column_type::ColumnType;
use crate::expression::{Expression, ExpressionId, Expressions};

/// The one node of a plan that does all the work, and the columns of the only input that it reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direct {
    /// It works on the lone column, of floats.
    Floats { node: usize },
    /// It works on keys, which are ids of a dictionary, and floats.
    Keyed {
        node: usize,
        key: usize,
        dictionary: usize,
        value: usize,
    },
}

/// What the plan comes down to, if the only node that keeps state reads the only input as it is and
/// its result goes to the only sink.
pub(super) fn find(
    expressions: &Expressions,
    nodes: &[BuiltNode],
    inputs: &[InputSchema],
    sinks: &[SinkSchema],
) -> Option<Direct> {
    let ([input], [sink]) = (inputs, sinks) else {
        return None;
    };
    let mut stateful = (0..nodes.len()).filter(|&id| nodes[id].operator.is_stateful());
    let (Some(node), None) = (stateful.next(), stateful.next()) else {
        return None;
    };
    let shown = nodes[sink.node].needs == [node] && nodes[sink.node].operator.operand().is_none();
    if !shown {
        return None;
    }
    let column = |expression| input_column(expressions, nodes, expression);
    let is_float = |column: usize| input.columns[column].column_type == ColumnType::F64;
    if let Some((key, value)) = nodes[node].operator.keyed_operands() {
        let (key, value) = (column(key)?, column(value)?);
        let dictionary = input.columns[key].dictionary?;
        return is_float(value).then_some(Direct::Keyed {
            node,
            key,
            dictionary,
            value,
        });
    }
    let read = column(nodes[node].operator.operand()?)?;
    (input.columns.len() == 1 && is_float(read)).then_some(Direct::Floats { node })
}

/// Which column of the input an expression is, if it is one as it is.
fn input_column(
    expressions: &Expressions,
    nodes: &[BuiltNode],
    expression: ExpressionId,
) -> Option<usize> {
    let Expression::Column { node, column } = expressions.get(expression).expression else {
        return None;
    };
    match nodes[node].operator.operand() {
        Some(operand) if !nodes[node].operator.is_stateful() => {
            input_column(expressions, nodes, operand)
        }
        Some(_) => None,
        None => nodes[node].needs.is_empty().then_some(column),
    }
}
