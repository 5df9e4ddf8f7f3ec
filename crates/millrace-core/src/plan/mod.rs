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
mod run;
mod schema;
mod snapshot;
pub(crate) mod spec;
mod string_keys;
mod tally;
mod time_axis;

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{Array as _, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::ScalarBuffer;

pub use schema::{ColumnSchema, InputSchema, SinkSchema};
pub use tally::NodeTally;

use build::{Built, BuiltNode, build};
use dictionaries::PlanDictionary;
use direct::Direct;
use operator::Value;
use reduce::Reduce;
use run::order;
use snapshot::fingerprint;
use spec::PlanSpec;

use crate::batch::Batch;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{Evaluation, Expressions};
use crate::words::each_word;

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
            mut expressions,
            mut nodes,
            inputs,
            sinks,
            dictionaries,
        } = build(&spec)?;
        let orders = (0..inputs.len())
            .map(|input| order(&nodes, input))
            .collect();
        let direct = direct::find(&mut expressions, &nodes, &inputs, &sinks);
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
}
