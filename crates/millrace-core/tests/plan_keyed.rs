//! Plans that aggregate by one key of a dictionary: from where the rows lie as over arrays, bit for
//! bit, and as a naive twin does it.

mod support;

use std::sync::Arc;

use arrow_array::{Float64Array, StringArray};
use millrace_core::batch::{Batch, Emission};
use millrace_core::plan::Plan;
use proptest::prelude::*;
use support::{Cell, floats, integers, rows, text};

const STRINGS: usize = 12;
const FUNCTIONS: [&str; 8] = ["mean", "sum", "min", "max", "var", "std", "first", "last"];

fn name(id: usize) -> String {
    format!("key-{id}")
}

/// A plan over `key` and `value`, with a column that nobody reads between them.
fn plan(emit: &str, aggs: &str) -> Plan {
    Plan::from_json(&format!(
        r#"{{"inputs":[{{"name":"s","columns":[{{"name":"key","type":"utf8","dictionary":true}},
            {{"name":"other","type":"i64"}},{{"name":"value","type":"f64"}}]}}],
        "nodes":[{{"op":"input","input":0}},
            {{"op":"groupBy","input":0,"keys":[{{"name":"key","expr":{{"col":"key","of":0}}}}],
              "aggs":[{aggs}],"emit":"{emit}"}},
            {{"op":"sink","input":1}}]}}"#
    ))
    .unwrap()
}

fn agg(function: &str) -> String {
    format!(r#"{{"fn":"{function}","column":{{"col":"value","of":0}},"as":"{function}"}}"#)
}

fn aggs(functions: &[&str]) -> String {
    let all: Vec<String> = functions.iter().map(|function| agg(function)).collect();
    all.join(",")
}

type Row = (Option<usize>, Option<f64>);

fn push(plan: &mut Plan, batch: &[Row]) -> Vec<Emission> {
    let keys: StringArray = batch.iter().map(|(key, _)| key.map(name)).collect();
    let values: Float64Array = batch.iter().map(|(_, value)| *value).collect();
    let unused = Arc::new(Float64Array::from(Vec::<f64>::new()));
    let mut out = Vec::new();
    let columns = vec![Arc::new(keys) as _, unused as _, Arc::new(values) as _];
    let rows = batch.len();
    plan.push(0, Batch { rows, columns }, &mut out).unwrap();
    out
}

/// As `push`, from slices where that can be; `None` where the plan declines.
fn push_keyed(plan: &mut Plan, batch: &[Row]) -> Option<Vec<Emission>> {
    let ids: Option<Vec<u32>> = batch.iter().map(|(key, _)| Some((*key)? as u32)).collect();
    let values: Option<Vec<f64>> = batch.iter().map(|(_, value)| *value).collect();
    let mut out = Vec::new();
    plan.push_keyed(&ids?, &values?, &mut out)
        .unwrap()
        .then_some(out)
}

fn know_all(plan: &mut Plan) {
    let strings = StringArray::from_iter_values((0..STRINGS).map(name));
    plan.extend_dictionary(0, &strings).unwrap();
}

fn table(out: &[Emission]) -> Vec<Vec<Cell>> {
    out.iter().flat_map(rows).collect()
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -1000.0..1000.0_f64,
        4 => (0..50_i32).prop_map(|step| 1e9 + f64::from(step)),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0]),
    ]
}

fn batches(
    value: impl Strategy<Value = f64>,
    missing: u32,
) -> impl Strategy<Value = Vec<(Vec<Row>, bool)>> {
    let key =
        (0..STRINGS, 0..200_u32).prop_map(move |(key, luck)| (luck >= missing).then_some(key));
    let value =
        (value, 0..200_u32).prop_map(move |(value, luck)| (luck >= missing).then_some(value));
    let batch = prop::collection::vec((key, value), 0..60);
    prop::collection::vec((batch, any::<bool>()), 0..8)
}

proptest! {
    #[test]
    fn the_same_as_over_arrays(
        batches in prop_oneof![batches(value(), 0), batches(value(), 1)],
        functions in prop::sample::subsequence(&FUNCTIONS[..], 1..4),
        size in any::<bool>(),
    ) {
        let mut aggs = aggs(&functions);
        if size {
            aggs += r#",{"fn":"size","as":"size"}"#;
        }
        let (mut arrays, mut direct) = (plan("all", &aggs), plan("all", &aggs));
        let mut at_end = plan("end", &aggs);
        know_all(&mut at_end);
        know_all(&mut arrays);
        know_all(&mut direct);
        let mut is_whole = true;
        let mut last = Vec::new();
        for (batch, from_where_it_lies) in &batches {
            let expected = push(&mut arrays, batch);
            let got = from_where_it_lies.then(|| push_keyed(&mut direct, batch)).flatten();
            is_whole &= batch.iter().all(|(key, _)| key.is_some());
            let declines = !is_whole || batch.iter().any(|(_, value)| value.is_none());
            prop_assert_eq!(got.is_none(), declines || !from_where_it_lies);
            let got = got.unwrap_or_else(|| push(&mut direct, batch));
            prop_assert_eq!(table(&got), table(&expected));
            let early = push_keyed(&mut at_end, batch).unwrap_or_else(|| push(&mut at_end, batch));
            prop_assert!(early.is_empty());
            last = table(&expected);
        }
        prop_assert_eq!(arrays.snapshot(), direct.snapshot());
        for _ in 0..2 {
            let mut out = Vec::new();
            at_end.flush(&mut out).unwrap();
            prop_assert_eq!(table(&out), last.clone());
        }
    }

    #[test]
    fn as_a_naive_twin(
        batches in batches((-500..500_i32).prop_map(f64::from), 2),
        from in any::<bool>(),
        restored in 0..8_usize,
    ) {
        let aggs = format!(r#"{},{{"fn":"size","as":"size"}}"#, aggs(&["mean", "min", "sum"]));
        let mut grouped = plan("all", &aggs);
        let mut changes = plan("changes", &aggs);
        if from {
            know_all(&mut grouped);
        }
        let mut groups: Vec<(Option<usize>, Vec<Option<f64>>)> = Vec::new();
        for (at, (batch, _)) in batches.iter().enumerate() {
            if at == restored {
                let state = grouped.snapshot();
                grouped = plan("all", &aggs);
                grouped.restore(&state).unwrap();
            }
            let got = if from { push_keyed(&mut grouped, batch) } else { None };
            let got = got.unwrap_or_else(|| push(&mut grouped, batch));
            for &(key, value) in batch {
                match groups.iter_mut().find(|(own, _)| *own == key) {
                    Some((_, values)) => values.push(value),
                    None => groups.push((key, vec![value])),
                }
            }
            let row = |(key, values): &(Option<usize>, Vec<Option<f64>>)| {
                let there: Vec<f64> = values.iter().flatten().copied().collect();
                let sum: f64 = there.iter().sum::<f64>() + 0.0;
                let mean = (!there.is_empty()).then(|| sum / there.len() as f64);
                let min = there.iter().copied().reduce(f64::min);
                vec![
                    key.map_or(Cell::Null, |key| text(&name(key))),
                    floats(mean),
                    floats(min),
                    floats(Some(sum)),
                    integers(Some(values.len() as i64)),
                ]
            };
            prop_assert_eq!(table(&got), groups.iter().map(row).collect::<Vec<_>>());
            let changed = groups.iter().filter(|(own, _)| batch.iter().any(|(key, _)| key == own));
            let got = push(&mut changes, batch);
            prop_assert_eq!(table(&got), changed.map(row).collect::<Vec<_>>());
        }
    }
}

#[test]
fn ids_beyond_the_dictionary_change_nothing() {
    let mut grouped = plan("all", &agg("mean"));
    know_all(&mut grouped);
    let before = grouped.snapshot();
    for bad in [STRINGS as u32, u32::MAX] {
        let error = grouped.push_keyed(&[0, bad], &[1.0, 2.0], &mut Vec::new());
        let message = error.unwrap_err().to_string();
        let got = bad.cast_signed();
        assert!(
            message.contains(&format!("got {got} in row 1")),
            "{message}"
        );
        assert_eq!(grouped.snapshot(), before);
    }
    let got = push_keyed(&mut grouped, &[(Some(3), Some(2.0))]).unwrap();
    assert_eq!(table(&got), [[text("key-3"), floats(Some(2.0))]]);
}

#[test]
fn other_plans_are_left_alone() {
    let others = [
        plan("changes", &agg("mean")),
        plan("all", &agg("count")),
        plan("all", r#"{"fn":"size","as":"size"}"#),
        plan(
            "all",
            r#"{"fn":"sum","column":{"col":"other","of":0},"as":"sum"}"#,
        ),
    ];
    for mut other in others {
        know_all(&mut other);
        let before = other.snapshot();
        assert!(push_keyed(&mut other, &[(Some(1), Some(1.0))]).is_none());
        assert_eq!(other.keyed_columns(), None);
        assert_eq!(other.snapshot(), before);
    }
}
