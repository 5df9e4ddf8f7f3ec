//! What every kind of node can do.

use std::fmt::Debug;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, NullArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_select::concat::concat;

use super::dictionaries::PlanDictionary;
use crate::aggregate::RunningAggregate;
use crate::error::PlanError;
use crate::expression::{BlockProgram, Evaluation, ExpressionId, Expressions};
use crate::kernel_error::KernelError;

/// What a node yields for a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Value {
    pub(crate) rows: usize,
    /// One array per column; that of a column nobody uses may be empty.
    pub(crate) columns: Vec<ArrayRef>,
    /// Row counts at which one emission ends and the next begins; empty for one emission.
    pub(crate) breaks: Vec<usize>,
    /// What another node shows of it.
    pub(crate) aside: Option<Box<Value>>,
}

impl Value {
    pub(crate) fn new(rows: usize, columns: Vec<ArrayRef>) -> Self {
        Self {
            rows,
            columns,
            breaks: Vec::new(),
            aside: None,
        }
    }
}

/// The batch being run, as its nodes see it.
pub(crate) struct Context<'a> {
    pub(crate) expressions: &'a Expressions,
    pub(crate) evaluation: &'a mut Evaluation,
    pub(crate) values: &'a [Option<Value>],
    pub(crate) dictionaries: &'a [PlanDictionary],
    pub(crate) zeros: &'a mut ScalarBuffer<i64>,
    /// The time given from outside, in nanoseconds since 1970 UTC.
    pub(crate) now: i64,
}

impl Context<'_> {
    /// The value of a node that stands before.
    pub(crate) fn value(&self, node: usize) -> Result<&Value, PlanError> {
        self.values
            .get(node)
            .and_then(Option::as_ref)
            .ok_or_else(|| PlanError::Internal(format!("node {node} has no value")))
    }

    /// The column that an expression yields for this batch.
    pub(crate) fn array(&mut self, id: ExpressionId, rows: usize) -> Result<ArrayRef, PlanError> {
        let values = self.values;
        let array = self
            .evaluation
            .column(self.expressions, id, rows, &|node, column| {
                values.get(node)?.as_ref()?.columns.get(column).cloned()
            })?;
        if array.len() != rows {
            return Err(PlanError::Internal(format!(
                "an expression gave {} rows of {rows}",
                array.len()
            )));
        }
        Ok(array)
    }

    /// A column of zeros: what a count of rows runs over.
    pub(crate) fn zeros(&mut self, rows: usize) -> Int64Array {
        if self.zeros.len() < rows {
            *self.zeros = ScalarBuffer::from(vec![0; rows.next_power_of_two()]);
        }
        Int64Array::new(self.zeros.slice(0, rows), None)
    }
}

/// The array of a column that nobody uses.
pub(crate) fn unused_column() -> ArrayRef {
    Arc::new(NullArray::new(0))
}

/// One aggregate of floats: what it runs over, and what it keeps.
pub(crate) struct Reduction<'a> {
    pub(crate) program: &'a BlockProgram,
    /// What the program was made of: equal ones are the same.
    pub(crate) key: (Option<ExpressionId>, &'a [ExpressionId]),
    pub(crate) kernel: &'a mut RunningAggregate,
}

/// One node of a plan.
pub(crate) trait Operator: Debug + Send {
    /// Runs the batch; nothing where the node has nothing to say.
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError>;

    /// Refuses a batch before any state has changed. Only where the state that it may depend on is
    /// that of the node itself; `run` checks again.
    fn check(&self, _context: &mut Context<'_>) -> Result<(), PlanError> {
        Ok(())
    }

    /// Ends the input: what is still open.
    fn flush(&mut self, _context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        Ok(None)
    }

    /// The expression that its one column is made of, where it has no more than one.
    fn operand(&self) -> Option<ExpressionId> {
        None
    }

    /// The expression that one of its columns is, where it computes them row by row.
    fn projects(&self, _column: usize) -> Option<ExpressionId> {
        None
    }

    /// The node whose rows it lets through where a condition is true, if that is what it does.
    fn filters(&self) -> Option<(usize, ExpressionId)> {
        None
    }

    /// What it computes, where that is one aggregate of floats.
    fn reduction(&mut self) -> Option<Reduction<'_>> {
        None
    }

    /// Runs a batch of floats, none of them missing, with one result for each, written to `out`.
    /// `None`, with nothing done, where the node does not work on a lone column of floats; else the
    /// validity of the results.
    fn run_floats(&mut self, _values: &[f64], _out: &mut [f64]) -> Option<Option<NullBuffer>> {
        None
    }

    /// The two expressions, a key by ids of a dictionary and a column of floats, that it works on
    /// where [`Self::run_keyed`] does what `run` does.
    fn keyed_operands(&self) -> Option<(ExpressionId, ExpressionId)> {
        None
    }

    /// Runs a batch of keys, as ids of its dictionary, and floats, none of either missing. `None`,
    /// with nothing done, where the node cannot; else what `run` gives.
    fn run_keyed(
        &mut self,
        _ids: &[u32],
        _values: &[f64],
        _dictionaries: &[PlanDictionary],
    ) -> Result<Option<Option<Value>>, PlanError> {
        Ok(None)
    }

    /// Whether a result depends on earlier batches.
    fn is_stateful(&self) -> bool {
        true
    }

    /// Tells which of the node's columns anything reads.
    fn prune(&mut self, _used: &[bool]) {}

    /// Rows that were dropped for coming too late.
    fn late_rows(&self) -> u64 {
        0
    }

    /// Whether its values have something aside.
    fn puts_aside(&self) -> bool {
        false
    }

    /// Groups that were given up for a bound.
    fn evicted_groups(&self) -> u64 {
        0
    }

    /// The state as a list of byte strings.
    fn snapshot(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Takes up a state that `snapshot` gave.
    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, 0)
    }
}

/// Values of one node one below the other, each an emission of its own; `None` of none. What they put
/// aside is that of the first that has any.
pub(crate) fn join(mut values: Vec<Value>) -> Result<Option<Value>, PlanError> {
    if values.len() < 2 {
        return Ok(values.pop());
    }
    let mut end = 0;
    let mut breaks = Vec::with_capacity(values.len());
    for value in &values {
        breaks.extend(value.breaks.iter().map(|part| end + part));
        end += value.rows;
        if value.breaks.is_empty() {
            breaks.push(end);
        }
    }
    let columns = (0..values[0].columns.len())
        .map(|column| {
            let parts: Vec<&dyn Array> = values
                .iter()
                .map(|value| &value.columns[column] as &dyn Array)
                .collect();
            concat(&parts).map_err(|error| PlanError::Internal(error.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Value {
        rows: end,
        columns,
        breaks,
        aside: values.iter_mut().find_map(|value| value.aside.take()),
    }))
}

/// Refuses a state that has not the expected number of parts.
pub(crate) fn expect_parts(state: &[&[u8]], parts: usize) -> Result<(), PlanError> {
    if state.len() == parts {
        return Ok(());
    }
    Err(KernelError::CorruptState {
        kernel: "plan",
        detail: format!(
            "a node's state must have {parts} parts, got {}",
            state.len()
        ),
    }
    .into())
}
