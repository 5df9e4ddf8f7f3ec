//! Plans of one node that works on columns of the input as they are: these need no arrays.

use std::time::Instant;

use arrow_buffer::NullBuffer;

use super::Plan;
use super::build::BuiltNode;
use super::run::emit;
use super::schema::{InputSchema, SinkSchema};
use crate::batch::Emission;
use crate::column_type::ColumnType;
use crate::error::PlanError;
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

impl Plan {
    /// Runs one batch of a plan that does nothing but roll one aggregate over its one f64 column,
    /// from where the rows lie to where the results are wanted, without a copy of either. They are
    /// what [`Self::push`] gives to the one sink. Returns their validity; `None`, with nothing done,
    /// for any other plan.
    ///
    /// # Panics
    /// If `values` and `out` differ in length.
    pub fn push_floats(&mut self, values: &[f64], out: &mut [f64]) -> Option<Option<NullBuffer>> {
        assert_eq!(values.len(), out.len(), "output length");
        let Some(Direct::Floats { node: id }) = self.direct else {
            return None;
        };
        let start = Instant::now();
        let nulls = self.nodes[id].operator.run_floats(values, out);
        if nulls.is_some() {
            self.tallies[id].add(out.len(), start);
        }
        nulls
    }

    /// The columns that [`Self::push_keyed`] wants of the input: that of the keys and that of the
    /// values; `None` for a plan that it does nothing for.
    #[must_use]
    pub fn keyed_columns(&self) -> Option<(usize, usize)> {
        match self.direct {
            Some(Direct::Keyed { key, value, .. }) => Some((key, value)),
            _ => None,
        }
    }

    /// Runs one batch of a plan that does nothing but aggregate one f64 column by one key, from where
    /// the rows lie, without a copy: the key by the ids of its dictionary, no value of either missing.
    /// Appends what [`Self::push`] does; false, with nothing done, for any other plan, and once a key
    /// was missing.
    ///
    /// # Errors
    /// [`PlanError::InvalidArgument`] if an id is not below the number of strings; state is then as
    /// before.
    ///
    /// # Panics
    /// If `ids` and `values` differ in length.
    pub fn push_keyed(
        &mut self,
        ids: &[u32],
        values: &[f64],
        out: &mut Vec<Emission>,
    ) -> Result<bool, PlanError> {
        assert_eq!(ids.len(), values.len(), "values length");
        let Some(Direct::Keyed {
            node, dictionary, ..
        }) = self.direct
        else {
            return Ok(false);
        };
        let start = Instant::now();
        self.dictionaries[dictionary].check(ids)?;
        let operator = &mut self.nodes[node].operator;
        let Some(value) = operator.run_keyed(ids, values, &self.dictionaries)? else {
            return Ok(false);
        };
        self.tallies[node].add(value.as_ref().map_or(0, |value| value.rows), start);
        if let Some(value) = value {
            emit(0, self.sinks[0].kind, value, out);
        }
        Ok(true)
    }
}
