//! Plans over a lone column of floats, from where the rows lie: as over arrays, bit for bit.

mod support;

use std::sync::Arc;

use arrow_array::Float64Array;
use millrace_core::batch::Batch;
use millrace_core::plan::Plan;
use proptest::prelude::*;
use support::{Cell, all_rows, float};

const AGGREGATES: [&str; 9] = [
    "sum", "mean", "min", "max", "var", "std", "count", "first", "last",
];

fn lone(nodes: &str) -> Plan {
    Plan::from_json(&format!(
        r#"{{"inputs":[{{"name":"s","columns":[{{"name":"value","type":"f64"}}]}}],
        "nodes":[{{"op":"input","input":0}},{{"op":"project","expr":{{"col":"value","of":0}}}},{nodes}]}}"#
    ))
    .unwrap()
}

fn rolling(function: &str, n: usize, min_periods: usize) -> String {
    format!(
        r#"{{"op":"rolling","input":1,"n":{n},"minPeriods":{min_periods},
        "aggs":[{{"fn":"{function}","column":{{"of":1}},"as":"value"}}]}},{{"op":"sink","input":2}}"#
    )
}

fn push(plan: &mut Plan, values: &[f64]) -> Vec<Cell> {
    let mut out = Vec::new();
    let column = Arc::new(Float64Array::from(values.to_vec()));
    let batch = Batch {
        rows: values.len(),
        columns: vec![column],
    };
    plan.push(0, batch, &mut out).unwrap();
    all_rows(&[out]).into_iter().flatten().collect()
}

fn push_floats(plan: &mut Plan, values: &[f64]) -> Option<Vec<Cell>> {
    let mut out = vec![f64::from_bits(0xdead); values.len()];
    let nulls = plan.push_floats(values, &mut out)?;
    let cells = out.iter().enumerate().map(|(row, &value)| {
        let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        if null { Cell::Null } else { float(value) }
    });
    Some(cells.collect())
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -1000.0..1000.0_f64,
        4 => (0..50_i32).prop_map(|step| 1e9 + f64::from(step)),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0]),
    ]
}

proptest! {
    #[test]
    fn the_same_as_over_arrays(
        batches in prop::collection::vec((prop::collection::vec(value(), 0..700), any::<bool>()), 0..6),
        function in prop::sample::select(&AGGREGATES[..]),
        (n, min_periods) in (1..40_usize).prop_flat_map(|n| (Just(n), 1..=n)),
    ) {
        let nodes = rolling(function, n, min_periods);
        let (mut arrays, mut direct) = (lone(&nodes), lone(&nodes));
        for (values, at_once) in &batches {
            let expected = push(&mut arrays, values);
            let got = if *at_once || function == "count" {
                push(&mut direct, values)
            } else {
                push_floats(&mut direct, values).unwrap()
            };
            prop_assert_eq!(got, expected);
        }
        prop_assert_eq!(arrays.snapshot(), direct.snapshot());
    }
}

#[test]
fn other_plans_are_left_alone() {
    let others = [
        rolling("count", 3, 1),
        r#"{"op":"aggregate","input":1,"aggs":[{"fn":"sum","column":{"of":1},"as":"value"}]},{"op":"sink","input":2}"#.to_owned(),
        r#"{"op":"sink","input":1}"#.to_owned(),
        format!(r#"{},{{"op":"sink","input":1}}"#, rolling("mean", 3, 1)),
        r#"{"op":"project","expr":{"op":"mul","args":[{"of":1},{"lit":2}]}},
           {"op":"rolling","input":2,"n":3,"minPeriods":1,"aggs":[{"fn":"mean","column":{"of":2},"as":"value"}]},
           {"op":"sink","input":3}"#.to_owned(),
        r#"{"op":"filter","input":1,"predicate":{"op":"gt","args":[{"of":1},{"lit":2}]}},
           {"op":"rolling","input":2,"n":3,"minPeriods":1,"aggs":[{"fn":"mean","column":{"of":2},"as":"value"}]},
           {"op":"sink","input":3}"#.to_owned(),
        r#"{"op":"rolling","input":1,"n":3,"minPeriods":1,"aggs":[{"fn":"mean","column":{"of":1},"as":"value"}]},
           {"op":"project","expr":{"op":"mul","args":[{"of":2},{"lit":2}]}},{"op":"sink","input":3}"#.to_owned(),
        r#"{"op":"rolling","input":1,"n":3,"minPeriods":1,"aggs":[{"fn":"mean","column":{"of":1},"as":"a"},
           {"fn":"sum","column":{"of":1},"as":"b"}]},{"op":"sink","input":2}"#.to_owned(),
    ];
    for nodes in others {
        let mut plan = lone(&nodes);
        let before = plan.snapshot();
        assert_eq!(push_floats(&mut plan, &[1.0, 2.0]), None, "{nodes}");
        assert_eq!(plan.snapshot(), before, "{nodes}");
    }
}
