//! Plans of one node that works on columns of the input as they are: these need no arrays.

use std::slice;
use std::time::Instant;

use arrow_buffer::NullBuffer;

use super::Plan;
use super::build::{BuiltNode, inlined};
use super::run::emit;
use super::schema::{InputSchema, SinkSchema};
use crate::batch::Emission;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{BlockProgram, Expression, ExpressionId, Expressions};

/// The one node of a plan that does all the work, and the columns of the only input that it reads.
#[derive(Debug)]
pub(super) enum Direct {
    /// It works on a column of floats.
    Floats { node: usize, column: usize },
    /// It computes a column of floats from such columns, one for each leaf of the program.
    Mapped {
        node: usize,
        program: Box<BlockProgram>,
        columns: Vec<usize>,
    },
    /// It works on keys, which are ids of a dictionary, and floats.
    Keyed {
        node: usize,
        key: usize,
        dictionary: usize,
        value: usize,
    },
}

/// What the plan comes down to, if the result of its only node that keeps state, or of one where none
/// does, goes to the only sink, and that node reads the only input as it is.
pub(super) fn find(
    expressions: &mut Expressions,
    nodes: &[BuiltNode],
    inputs: &[InputSchema],
    sinks: &[SinkSchema],
) -> Option<Direct> {
    let ([input], [sink]) = (inputs, sinks) else {
        return None;
    };
    let &[node] = &nodes[sink.node].needs[..] else {
        return None;
    };
    if nodes[sink.node].operator.operand().is_some() {
        return None;
    }
    let is_float = |column: &usize| input.columns[*column].column_type == ColumnType::F64;
    let float = |expressions: &Expressions, expression| {
        input_column(expressions, nodes, expression).filter(is_float)
    };
    let mut stateful = (0..nodes.len()).filter(|&id| nodes[id].operator.is_stateful());
    match (stateful.next(), stateful.next()) {
        (None, _) => {
            let operand = inlined(expressions, nodes, nodes[node].operator.operand()?);
            let program = BlockProgram::compile(expressions, operand, &[])?;
            let leaves = program.leaves().iter();
            let columns = leaves
                .map(|&leaf| float(expressions, leaf))
                .collect::<Option<_>>()?;
            let program = Box::new(program);
            Some(Direct::Mapped {
                node,
                program,
                columns,
            })
        }
        (Some(only), None) if only == node => {
            if let Some((key, value)) = nodes[node].operator.keyed_operands() {
                let key = input_column(expressions, nodes, key)?;
                let value = float(expressions, value)?;
                let dictionary = input.columns[key].dictionary?;
                return Some(Direct::Keyed {
                    node,
                    key,
                    dictionary,
                    value,
                });
            }
            let column = float(expressions, nodes[node].operator.operand()?)?;
            Some(Direct::Floats { node, column })
        }
        _ => None,
    }
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
    match nodes[node].operator.projects(column) {
        Some(projected) => input_column(expressions, nodes, projected),
        None => nodes[node].needs.is_empty().then_some(column),
    }
}

impl Plan {
    /// The columns of the input that [`Self::push_floats`] wants, in order, which may be one several
    /// times; `None` for a plan that it does nothing for.
    #[must_use]
    pub fn float_columns(&self) -> Option<&[usize]> {
        match &self.direct {
            Some(Direct::Floats { column, .. }) => Some(slice::from_ref(column)),
            Some(Direct::Mapped { columns, .. }) => Some(columns),
            _ => None,
        }
    }

    /// Runs one batch of a plan that does nothing but roll one aggregate over an f64 column, or compute
    /// one f64 column of others, from where the rows lie to where the results are wanted, without a copy
    /// of either; no value is missing. They are what [`Self::push`] gives to the one sink. Returns their
    /// validity; `None`, with nothing done, for any other plan.
    ///
    /// # Panics
    /// If `columns` are not as many as [`Self::float_columns`], or one differs from `out` in length.
    pub fn push_floats(
        &mut self,
        columns: &[&[f64]],
        out: &mut [f64],
    ) -> Option<Option<NullBuffer>> {
        let wanted = self.float_columns()?.len();
        assert_eq!(columns.len(), wanted, "number of columns");
        for column in columns {
            assert_eq!(column.len(), out.len(), "output length");
        }
        let start = Instant::now();
        let (node, nulls) = match self.direct.as_mut()? {
            Direct::Floats { node, .. } => {
                let operator = &mut self.nodes[*node].operator;
                (*node, operator.run_floats(columns[0], out)?)
            }
            Direct::Mapped { node, program, .. } => {
                program.map(columns, out);
                (*node, None)
            }
            Direct::Keyed { .. } => return None,
        };
        self.tallies[node].add(out.len(), start);
        Some(nulls)
    }

    /// The columns that [`Self::push_keyed`] wants of the input: that of the keys and that of the
    /// values; `None` for a plan that it does nothing for.
    #[must_use]
    pub fn keyed_columns(&self) -> Option<(usize, usize)> {
        match self.direct.as_ref() {
            Some(&Direct::Keyed { key, value, .. }) => Some((key, value)),
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
        let Some(&Direct::Keyed {
            node, dictionary, ..
        }) = self.direct.as_ref()
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
