//! How a batch runs through a plan.

use std::time::Instant;

use arrow_array::{Array as _, ArrayRef};

use super::Plan;
use super::build::BuiltNode;
use super::operator::{Context, Value, join, unused_column};
use crate::batch::{Batch, Emission, EmissionKind};
use crate::error::PlanError;

impl Plan {
    /// Runs one batch and appends what the sinks receive to `out`.
    ///
    /// # Errors
    /// A [`PlanError`]; the plan is usable afterwards. State is as before the batch, unless the
    /// error is an integer overflow inside an aggregate, or times out of order that were computed
    /// from such results: then other aggregates may have taken the batch in.
    pub fn push(
        &mut self,
        input: usize,
        batch: Batch,
        out: &mut Vec<Emission>,
    ) -> Result<(), PlanError> {
        let columns = self.admit(input, batch.rows, batch.columns)?;
        for &id in &self.orders[input] {
            if self.nodes[id].needs.is_empty() {
                self.values[id] = Some(Value::new(batch.rows, columns.clone()));
                self.tallies[id].add(batch.rows, Instant::now());
            }
        }
        let result = self.run(input, false);
        self.finish(result, out)
    }

    /// Ends the input: what is still open is emitted.
    ///
    /// # Errors
    /// A [`PlanError`], as [`Self::push`].
    pub fn flush(&mut self, out: &mut Vec<Emission>) -> Result<(), PlanError> {
        for input in 0..self.inputs.len() {
            let result = self.run(input, true);
            self.finish(result, out)?;
        }
        Ok(())
    }

    /// The columns of a batch as the plan holds them, or what is wrong with them.
    fn admit(
        &mut self,
        input: usize,
        rows: usize,
        mut columns: Vec<ArrayRef>,
    ) -> Result<Vec<ArrayRef>, PlanError> {
        let Some(schema) = self.inputs.get(input) else {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot emit: input must be one of {}, got {input}",
                self.inputs.len()
            )));
        };
        if columns.len() != schema.columns.len() {
            return Err(PlanError::LengthMismatch(format!(
                "Cannot emit to {}: there must be {} columns, got {}",
                schema.name,
                schema.columns.len(),
                columns.len()
            )));
        }
        for (index, array) in columns.iter_mut().enumerate() {
            if !schema.used[index] {
                *array = unused_column();
                continue;
            }
            let column = &schema.columns[index];
            if array.len() != rows {
                return Err(PlanError::LengthMismatch(format!(
                    "Cannot emit to {}: column {} must have {rows} rows, got {}",
                    schema.name,
                    column.name,
                    array.len()
                )));
            }
            if let Some(dictionary) = column.dictionary {
                *array = self.dictionaries[dictionary].encode(array, &column.name)?;
            } else if *array.data_type() != column.column_type.arrow() {
                return Err(PlanError::TypeMismatch(format!(
                    "Cannot emit to {}: column {} must be {}, got {}",
                    schema.name,
                    column.name,
                    column.column_type,
                    array.data_type()
                )));
            }
        }
        Ok(columns)
    }

    fn run(&mut self, input: usize, flushing: bool) -> Result<(), PlanError> {
        self.evaluation.begin(&self.expressions);
        let mut start = Instant::now();
        let mut unchecked = !flushing;
        for place in 0..self.orders[input].len() {
            let id = self.orders[input][place];
            if unchecked && self.nodes[id].operator.is_stateful() {
                unchecked = false;
                self.check(input, place)?;
            }
            let node = &mut self.nodes[id];
            if self.values[id].is_some() {
                continue;
            }
            let ready = node.needs.iter().all(|&need| self.values[need].is_some());
            if !ready && !flushing {
                continue;
            }
            let mut context = Context {
                expressions: &self.expressions,
                evaluation: &mut self.evaluation,
                values: &self.values,
                dictionaries: &self.dictionaries,
                zeros: &mut self.zeros,
                now: self.now,
            };
            let mut value = None;
            if ready && !node.needs.is_empty() {
                value = node.operator.run(&mut context)?;
            }
            if flushing {
                // A node before this one may have given rows up just now: what is open comes after.
                let open = node.operator.flush(&mut context)?;
                value = join(value.into_iter().chain(open).collect())?;
            }
            let rows = value.as_ref().map_or(0, |value| value.rows);
            start = self.tallies[id].add(rows, start);
            self.values[id] = value;
        }
        Ok(())
    }

    /// Asks the nodes from a place on whose input is known already whether they take the batch.
    fn check(&mut self, input: usize, place: usize) -> Result<(), PlanError> {
        for &id in &self.orders[input][place..] {
            let node = &self.nodes[id];
            if node.needs.is_empty() || node.needs.iter().any(|&need| self.values[need].is_none()) {
                continue;
            }
            let mut context = Context {
                expressions: &self.expressions,
                evaluation: &mut self.evaluation,
                values: &self.values,
                dictionaries: &self.dictionaries,
                zeros: &mut self.zeros,
                now: self.now,
            };
            node.operator.check(&mut context)?;
        }
        Ok(())
    }

    /// Collects the sinks' values, unless the run failed, and lets go of all columns.
    fn finish(
        &mut self,
        result: Result<(), PlanError>,
        out: &mut Vec<Emission>,
    ) -> Result<(), PlanError> {
        if result.is_ok() {
            for (sink, schema) in self.sinks.iter().enumerate() {
                if let Some(value) = self.values[schema.node].take() {
                    emit(sink, schema.kind, value, out);
                }
            }
        }
        self.values.fill(None);
        self.evaluation.begin(&self.expressions);
        result
    }
}

/// Appends what a sink receives: one emission, or one for each table; nothing for no rows.
pub(super) fn emit(sink: usize, kind: EmissionKind, value: Value, out: &mut Vec<Emission>) {
    let Value {
        rows,
        columns,
        breaks,
        ..
    } = value;
    if breaks.is_empty() {
        if rows > 0 {
            out.push(Emission {
                sink,
                kind,
                rows,
                columns,
            });
        }
        return;
    }
    let mut start = 0;
    for end in breaks {
        let rows = end - start;
        if rows > 0 {
            let columns = columns
                .iter()
                .map(|column| column.slice(start, rows))
                .collect();
            out.push(Emission {
                sink,
                kind,
                rows,
                columns,
            });
        }
        start = end;
    }
}

/// The nodes that an input reaches: first those that depend on no state, then the others.
pub(super) fn order(nodes: &[BuiltNode], input: usize) -> Vec<usize> {
    let mut depends_on_state = vec![false; nodes.len()];
    for (id, node) in nodes.iter().enumerate() {
        depends_on_state[id] =
            node.operator.is_stateful() || node.needs.iter().any(|&need| depends_on_state[need]);
    }
    let mut order: Vec<usize> = (0..nodes.len())
        .filter(|&id| nodes[id].input == input && nodes[id].needed)
        .collect();
    order.sort_by_key(|&id| depends_on_state[id]);
    order
}
