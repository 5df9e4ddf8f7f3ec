//! Batches in and cells out, for the tests of plans.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, DurationNanosecondType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType,
};
use arrow_array::{
    Array, ArrayRef, Float64Array, Int64Array, StringArray, TimestampNanosecondArray,
};
use arrow_schema::DataType;
use millrace_core::batch::{Batch, Emission};
use millrace_core::error::PlanError;
use millrace_core::plan::Plan;
use proptest::prelude::*;

/// One value of a result; floats by their bits, with one NaN.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Float(u64),
    Integer(i64),
    Text(String),
}

impl fmt::Debug for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Float(bits) => write!(formatter, "{:?}", f64::from_bits(*bits)),
            Self::Integer(value) => write!(formatter, "{value}i"),
            Self::Text(value) => write!(formatter, "{value:?}"),
        }
    }
}

pub(crate) fn float(value: f64) -> Cell {
    Cell::Float(if value.is_nan() { f64::NAN } else { value }.to_bits())
}

pub(crate) fn floats(value: Option<f64>) -> Cell {
    value.map_or(Cell::Null, float)
}

pub(crate) fn integers(value: Option<i64>) -> Cell {
    value.map_or(Cell::Null, Cell::Integer)
}

pub(crate) fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

/// The cells of a column.
pub(crate) fn cells(array: &ArrayRef) -> Vec<Cell> {
    (0..array.len())
        .map(|row| {
            if array.is_null(row) {
                return Cell::Null;
            }
            match array.data_type() {
                DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
                DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
                DataType::Int64 => Cell::Integer(array.as_primitive::<Int64Type>().value(row)),
                DataType::Int32 => {
                    Cell::Integer(array.as_primitive::<Int32Type>().value(row).into())
                }
                DataType::Date32 => {
                    Cell::Integer(array.as_primitive::<Date32Type>().value(row).into())
                }
                DataType::Duration(_) => {
                    Cell::Integer(array.as_primitive::<DurationNanosecondType>().value(row))
                }
                DataType::Timestamp(..) => {
                    Cell::Integer(array.as_primitive::<TimestampNanosecondType>().value(row))
                }
                DataType::Utf8 => text(array.as_string::<i32>().value(row)),
                DataType::Dictionary(..) => {
                    let array = array.as_dictionary::<Int32Type>();
                    let id = usize::try_from(array.keys().value(row)).expect("an id");
                    text(array.values().as_string::<i32>().value(id))
                }
                other => panic!("no cells of {other}"),
            }
        })
        .collect()
}

/// The rows of an emission.
pub(crate) fn rows(emission: &Emission) -> Vec<Vec<Cell>> {
    let columns: Vec<Vec<Cell>> = emission.columns.iter().map(cells).collect();
    (0..emission.rows)
        .map(|row| columns.iter().map(|column| column[row].clone()).collect())
        .collect()
}

/// A row of the test input `trades`.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub(crate) symbol: Option<&'static str>,
    pub(crate) price: Option<f64>,
    pub(crate) size: Option<i64>,
    pub(crate) at: i64,
}

/// The input of [`Trade`] rows, with a dictionary for the symbol or without.
pub(crate) fn trades(dictionary: bool) -> String {
    format!(
        r#"{{ "name": "trades", "columns": [
            {{ "name": "symbol", "type": "utf8", "dictionary": {dictionary} }},
            {{ "name": "price", "type": "f64" }},
            {{ "name": "size", "type": "i64" }},
            {{ "name": "at", "type": "timestamp" }} ] }}"#
    )
}

pub(crate) fn plan(dictionary: bool, nodes: &str) -> Result<Plan, PlanError> {
    Plan::from_json(&format!(
        r#"{{ "inputs": [{}], "nodes": [{{ "op": "input", "input": 0 }}, {nodes}] }}"#,
        trades(dictionary)
    ))
}

pub(crate) fn batch(trades: &[Trade]) -> Batch {
    let symbols: StringArray = trades.iter().map(|trade| trade.symbol).collect();
    let prices: Float64Array = trades.iter().map(|trade| trade.price).collect();
    let sizes: Int64Array = trades.iter().map(|trade| trade.size).collect();
    let times: TimestampNanosecondArray = trades.iter().map(|trade| Some(trade.at)).collect();
    Batch {
        rows: trades.len(),
        columns: vec![
            Arc::new(symbols),
            Arc::new(prices),
            Arc::new(sizes),
            Arc::new(times),
        ],
    }
}

/// Pushes the trades cut at `cuts` and returns the emissions of each batch, then those of a flush.
pub(crate) fn push_all(plan: &mut Plan, trades: &[Trade], cuts: &[usize]) -> Vec<Vec<Emission>> {
    let mut emissions = Vec::new();
    let mut start = 0;
    for &end in cuts.iter().chain([&trades.len()]) {
        let mut out = Vec::new();
        plan.push(0, batch(&trades[start..end]), &mut out)
            .expect("a batch that fits");
        emissions.push(out);
        start = end;
    }
    let mut out = Vec::new();
    plan.flush(&mut out).expect("a flush");
    emissions.push(out);
    emissions
}

/// All rows of all emissions, one below the other.
pub(crate) fn all_rows(emissions: &[Vec<Emission>]) -> Vec<Vec<Cell>> {
    emissions.iter().flatten().flat_map(rows).collect()
}

/// Trades, and up to `most` places to cut them at, in order.
pub(crate) fn cut(
    trades: Vec<Trade>,
    most: usize,
) -> impl Strategy<Value = (Vec<Trade>, Vec<usize>)> {
    let cuts = prop::collection::vec(0..=trades.len(), 0..=most).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts
    });
    (Just(trades), cuts)
}
