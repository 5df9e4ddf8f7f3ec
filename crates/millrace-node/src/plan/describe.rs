//! What JavaScript is told of a plan, as JSON text.

use millrace_core::plan::{ColumnSchema, InputSchema, SinkSchema};
use serde_json::{Value, json};

use super::thread::Stats;

/// As [`super::NativePlan::describe`] says.
pub(super) fn schemas(inputs: &[InputSchema], sinks: &[SinkSchema]) -> String {
    let inputs = inputs.iter().map(|input| {
        let columns = input.columns.iter().zip(&input.used);
        let columns = columns.map(|(schema, &used)| {
            let mut column = column(schema);
            column["used"] = json!(used);
            column
        });
        json!({ "name": input.name, "columns": columns.collect::<Vec<_>>() })
    });
    let sinks = sinks.iter().map(|sink| {
        let columns: Vec<Value> = sink.columns.iter().map(column).collect();
        json!({ "node": sink.node, "kind": sink.kind.name(), "columns": columns })
    });
    let (inputs, sinks): (Vec<_>, Vec<_>) = (inputs.collect(), sinks.collect());
    json!({ "inputs": inputs, "sinks": sinks }).to_string()
}

fn column(column: &ColumnSchema) -> Value {
    json!({
        "name": column.name,
        "type": column.column_type.name(),
        "dictionary": column.dictionary,
    })
}

/// As [`super::NativePlan::stats`] says.
pub(super) fn stats(stats: &Stats) -> String {
    let nodes = stats.tallies.iter().map(|(tally, runs)| {
        let seconds = tally.time.as_secs_f64();
        json!({ "batches": tally.batches, "rows": tally.rows, "seconds": seconds, "runs": runs })
    });
    json!({
        "lateRows": stats.late_rows,
        "evictedGroups": stats.evicted_groups,
        "nodes": nodes.collect::<Vec<_>>(),
    })
    .to_string()
}
