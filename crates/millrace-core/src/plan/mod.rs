//! Plans: graphs of column operators, built from text and run batch by batch.
//!
//! A plan is pushed one batch of one input at a time. The nodes that the input reaches run in
//! topological order, each at most once, and the sinks' values are collected. Everything that
//! computes row by row runs before anything that keeps state, so that bad input is found before
//! state changes.

mod adopt;
mod aggregation;
mod build;
mod column_state;
mod dictionaries;
mod direct;
mod idle_groups;
mod keys;
mod live_groups;
mod nodes;
mod operator;
mod reduce;
mod schema;
pub(crate) mod spec;
mod string_keys;
mod tally;
mod time_axis;

use std::sync::Arc;
use std::time::Instant;

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};

pub use schema::{ColumnSchema, InputSchema, SinkSchema};
pub use tally::NodeTally;

use build::{Built, BuiltNode, build};
use dictionaries::PlanDictionary;
use direct::Direct;
use operator::{Context, Value, join, unused_column};
use reduce::Reduce;
use spec::PlanSpec;

use crate::batch::{Batch, Emission, EmissionKind};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{Evaluation, Expressions};
use crate::state::{StateReader, StateWriter};
use crate::words::each_word;

const STATE_VERSION: u8 = 1;

/// A graph of column operators with its state.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Float64Array, cast::AsArray, types::Float64Type};
/// use millrace_core::{batch::Batch, plan::Plan};
///
/// let mut plan = Plan::from_json(r#"{
///   "inputs": [{ "name": "prices", "columns": [{ "name": "price", "type": "f64" }] }],
///   "nodes": [
///     { "op": "input", "input": 0 },
///     { "op": "project", "expr": { "col": "price", "of": 0 } },
///     { "op": "aggregate", "input": 1, "aggs": [{ "fn": "mean", "column": { "of": 1 } }] },
///     { "op": "sink", "input": 2 }
///   ]
/// }"#)?;
/// let mut out = Vec::new();
/// let prices = Arc::new(Float64Array::from(vec![1.0, 2.0]));
/// plan.push(0, Batch { rows: 2, columns: vec![prices] }, &mut out)?;
/// assert_eq!(out[0].columns[0].as_primitive::<Float64Type>().value(0), 1.5);
/// # Ok::<(), millrace_core::error::PlanError>(())
/// ```
#[derive(Debug)]
pub struct Plan {
    expressions: Expressions,
    nodes: Vec<BuiltNode>,
    inputs: Vec<InputSchema>,
    sinks: Vec<SinkSchema>,
    /// For each input the nodes it reaches, in the order in which they run.
    orders: Vec<Vec<usize>>,
    dictionaries: Vec<PlanDictionary>,
    evaluation: Evaluation,
    values: Vec<Option<Value>>,
    zeros: ScalarBuffer<i64>,
    now: i64,
    fingerprint: u64,
    tallies: Vec<NodeTally>,
    /// The node that does all the work, where one alone works on columns of the input.
    direct: Option<Direct>,
    /// All that it does, where that is to aggregate a lone column of floats.
    reduce: Option<Reduce>,
}

impl Plan {
    /// Builds a plan from its text form.
    ///
    /// # Errors
    /// A [`PlanError`] that names the operator, the value given and what was wanted.
    pub fn from_json(text: &str) -> Result<Self, PlanError> {
        let spec: PlanSpec = serde_json::from_str(text)
            .map_err(|error| PlanError::InvalidArgument(format!("Cannot read plan: {error}")))?;
        let Built {
            expressions,
            mut nodes,
            inputs,
            sinks,
            dictionaries,
        } = build(&spec)?;
        let orders = (0..inputs.len())
            .map(|input| order(&nodes, input))
            .collect();
        let direct = direct::find(&expressions, &nodes, &inputs, &sinks);
        let reduce = reduce::reduce(&expressions, &mut nodes, &inputs, &sinks);
        Ok(Self {
            direct,
            reduce,
            expressions,
            inputs,
            sinks,
            orders,
            dictionaries: (0..dictionaries).map(|_| PlanDictionary::new()).collect(),
            evaluation: Evaluation::default(),
            values: vec![None; nodes.len()],
            tallies: vec![NodeTally::default(); nodes.len()],
            nodes,
            zeros: ScalarBuffer::from(Vec::new()),
            now: i64::MIN,
            fingerprint: fingerprint(text),
        })
    }

    /// The inputs, in order.
    #[must_use]
    pub fn inputs(&self) -> &[InputSchema] {
        &self.inputs
    }

    /// The sinks, in the order in which they emit.
    #[must_use]
    pub fn sinks(&self) -> &[SinkSchema] {
        &self.sinks
    }

    /// All strings of a dictionary, in the order of their ids.
    #[must_use]
    pub fn dictionary(&self, dictionary: usize) -> Option<&StringArray> {
        self.dictionaries
            .get(dictionary)
            .map(PlanDictionary::strings)
    }

    /// Appends new strings to the dictionary of a column; they get the next ids.
    ///
    /// # Errors
    /// [`PlanError::InvalidArgument`] if a string is in the dictionary already.
    pub fn extend_dictionary(
        &mut self,
        dictionary: usize,
        strings: &StringArray,
    ) -> Result<(), PlanError> {
        let count = self.dictionaries.len();
        let dictionary = self.dictionaries.get_mut(dictionary).ok_or_else(|| {
            PlanError::InvalidArgument(format!(
                "Cannot extend a dictionary: it must be one of {count}, got {dictionary}"
            ))
        })?;
        dictionary.extend(strings)
    }

    /// Ids of a dictionary as a column.
    ///
    /// # Errors
    /// [`PlanError::InvalidArgument`] if an id is not below the number of strings.
    pub fn dictionary_column(
        &self,
        dictionary: usize,
        ids: Int32Array,
    ) -> Result<DictionaryArray<Int32Type>, PlanError> {
        self.dictionaries
            .get(dictionary)
            .ok_or_else(|| PlanError::Internal(format!("no dictionary {dictionary}")))?
            .column(ids)
    }

    /// The words of a text as the only column of an input, which must be utf8: see
    /// [`crate::words::each_word`].
    ///
    /// # Errors
    /// [`PlanError::TypeMismatch`] if the input is no lone column of text.
    pub fn words(&mut self, input: usize, text: &str) -> Result<Batch, PlanError> {
        let columns = self.inputs.get(input).map(|input| &input.columns[..]);
        let Some([column]) = columns else {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot emit words: input {input} must be one column"
            )));
        };
        if column.column_type != ColumnType::Utf8 {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot emit words: column {} must be utf8, got {}",
                column.name, column.column_type
            )));
        }
        let array = match column.dictionary {
            Some(dictionary) => self.dictionaries[dictionary].encode_words(text)?,
            None => {
                let mut words = StringBuilder::with_capacity(text.len() / 4, text.len());
                each_word(text, |word| words.append_value(word));
                Arc::new(words.finish())
            }
        };
        Ok(Batch {
            rows: array.len(),
            columns: vec![array],
        })
    }

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

    /// What each node has done so far, in the order of the plan.
    #[must_use]
    pub fn tallies(&self) -> &[NodeTally] {
        &self.tallies
    }

    /// Whether a node runs: a projection or filter that aggregates read through does not, unless
    /// something else needs it.
    #[must_use]
    pub fn runs(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.needed)
    }

    /// How many rows were dropped for coming too late.
    #[must_use]
    pub fn late_rows(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| node.operator.late_rows())
            .sum()
    }

    /// How many groups were given up for a bound of their number or of their idle time.
    #[must_use]
    pub fn evicted_groups(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| node.operator.evicted_groups())
            .sum()
    }

    /// Tells the time, in nanoseconds since 1970 UTC, for nodes that measure how long groups are idle
    /// and have no times of rows to do so by. It counts from the next batch on.
    pub fn set_now(&mut self, now: i64) {
        self.now = now;
    }

    /// The state of all nodes as bytes. Cost: linear in the state.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(STATE_VERSION);
        state.u64(self.fingerprint);
        for dictionary in &self.dictionaries {
            state.bytes(&dictionary.snapshot());
        }
        for node in &self.nodes {
            let parts = node.operator.snapshot();
            state.u64(parts.len() as u64);
            for part in parts {
                state.bytes(&part);
            }
        }
        state.finish()
    }

    /// Takes up the state that [`Self::snapshot`] of a plan of the same text gave.
    ///
    /// # Errors
    /// [`PlanError::CorruptState`] if the bytes are no such state; the plan is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        let before = self.snapshot();
        let result = self.restore_parts(bytes);
        if result.is_err() {
            self.restore_parts(&before)?;
        }
        result
    }

    fn restore_parts(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        self.evaluation.forget_tables();
        let mut state = StateReader::new("plan", STATE_VERSION, bytes)?;
        if state.u64()? != self.fingerprint {
            return Err(state.corrupt("the state is of another plan").into());
        }
        for dictionary in &mut self.dictionaries {
            dictionary.restore(state.bytes()?)?;
        }
        for node in &mut self.nodes {
            let count = state.u64()?;
            let parts = (0..count)
                .map(|_| state.bytes())
                .collect::<Result<Vec<_>, _>>()?;
            node.operator.restore(&parts)?;
        }
        state.finish()?;
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
fn emit(sink: usize, kind: EmissionKind, value: Value, out: &mut Vec<Emission>) {
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
fn order(nodes: &[BuiltNode], input: usize) -> Vec<usize> {
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

/// FNV-1a of the plan's text: tells plans apart when a state is restored.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
