//! Plans over columns of floats, from where the rows lie: as over arrays, bit for bit.

mod support;

use std::sync::Arc;

use arrow_array::{Float64Array, NullArray};
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
    let nulls = plan.push_floats(&[values], &mut out)?;
    let cells = out.iter().enumerate().map(|(row, &value)| {
        let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        if null { Cell::Null } else { float(value) }
    });
    Some(cells.collect())
}

/// Plans over two columns of floats with another between them that nothing reads.
fn wide(nodes: &str) -> Plan {
    Plan::from_json(&format!(
        r#"{{"inputs":[{{"name":"f","columns":[{{"name":"a","type":"f64"}},{{"name":"t","type":"utf8"}},
        {{"name":"b","type":"f64"}}]}}],"nodes":[{{"op":"input","input":0}},
        {{"op":"project","expr":{{"col":"a","of":0}}}},{{"op":"project","expr":{{"col":"b","of":0}}}},{nodes}]}}"#
    ))
    .unwrap()
}

/// What is computed of the columns of [`wide`], and which of these it reads, in order.
fn computed() -> impl Strategy<Value = (&'static str, Vec<usize>)> {
    prop::sample::select(vec![
        (r#"{"of":2}"#, vec![2]),
        (r#"{"op":"add","args":[{"of":1},{"of":2}]}"#, vec![0, 2]),
        (r#"{"op":"sub","args":[{"of":2},{"of":1}]}"#, vec![2, 0]),
        (r#"{"op":"mul","args":[{"of":1},{"of":1}]}"#, vec![0]),
        (
            r#"{"op":"div","args":[{"of":1},{"op":"add","args":[{"of":2},{"lit":1}]}]}"#,
            vec![0, 2],
        ),
        (
            r#"{"op":"add","args":[{"op":"mul","args":[{"of":2},{"lit":2}]},{"lit":1}]}"#,
            vec![2],
        ),
        (
            r#"{"op":"mul","args":[{"op":"sub","args":[{"of":1},{"of":2}]},{"op":"sub","args":[{"of":1},{"of":2}]}]}"#,
            vec![0, 2],
        ),
    ])
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

proptest! {
    #[test]
    fn computed_columns_are_the_same_as_over_arrays(
        batches in prop::collection::vec(prop::collection::vec((value(), value()), 0..2100), 0..4),
        (expr, columns) in computed(),
        through_a_frame in any::<bool>(),
    ) {
        let nodes = if through_a_frame {
            format!(
                r#"{{"op":"frame","columns":[{{"name":"x","expr":{expr}}},{{"name":"y","expr":{{"of":1}}}}]}},
                {{"op":"project","expr":{{"col":"x","of":3}}}},{{"op":"sink","input":4}}"#
            )
        } else {
            format!(r#"{{"op":"project","expr":{expr}}},{{"op":"sink","input":3}}"#)
        };
        let (mut arrays, mut direct) = (wide(&nodes), wide(&nodes));
        prop_assert_eq!(direct.float_columns().unwrap(), &columns[..]);
        for rows in &batches {
            let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
            let unused = Arc::new(NullArray::new(0));
            let batch = Batch {
                rows: rows.len(),
                columns: vec![
                    Arc::new(Float64Array::from(a.clone())),
                    unused,
                    Arc::new(Float64Array::from(b.clone())),
                ],
            };
            let mut out = Vec::new();
            arrays.push(0, batch, &mut out).unwrap();
            let expected: Vec<Cell> = all_rows(&[out]).into_iter().flatten().collect();
            let read: Vec<&[f64]> =
                columns.iter().map(|&column| if column == 0 { &a[..] } else { &b[..] }).collect();
            let mut out = vec![f64::from_bits(0xdead); rows.len()];
            prop_assert!(direct.push_floats(&read, &mut out).unwrap().is_none());
            let got: Vec<Cell> = out.into_iter().map(float).collect();
            prop_assert_eq!(got, expected);
        }
        let tally = |plan: &Plan| plan.tallies().iter().rev().map(|tally| tally.rows).find(|&rows| rows > 0);
        prop_assert_eq!(tally(&direct), tally(&arrays));
    }
}

#[test]
fn a_column_of_several_is_rolled() {
    let nodes = r#"{"op":"rolling","input":2,"n":2,"minPeriods":1,
        "aggs":[{"fn":"sum","column":{"of":2},"as":"value"}]},{"op":"sink","input":3}"#;
    let mut plan = wide(nodes);
    assert_eq!(plan.float_columns(), Some(&[2][..]));
    let mut out = [0.0; 3];
    assert!(
        plan.push_floats(&[&[1.0, 2.0, 4.0]], &mut out)
            .unwrap()
            .is_none()
    );
    assert_eq!(out, [1.0, 3.0, 6.0]);
}

#[test]
fn computed_columns_of_other_types_or_rows_are_left_alone() {
    let others = [
        r#"{"op":"project","expr":{"op":"gt","args":[{"of":1},{"of":2}]}},{"op":"sink","input":3}"#,
        r#"{"op":"project","expr":{"op":"length","args":[{"col":"t","of":0}]}},{"op":"sink","input":3}"#,
        r#"{"op":"filter","input":1,"predicate":{"op":"gt","args":[{"of":1},{"lit":2}]}},{"op":"sink","input":3}"#,
        r#"{"op":"frame","columns":[{"name":"x","expr":{"of":1}},{"name":"y","expr":{"of":2}}]},{"op":"sink","input":3}"#,
        r#"{"op":"sink","input":1},{"op":"sink","input":2}"#,
        r#"{"op":"shift","input":1,"n":1},{"op":"sink","input":3}"#,
    ];
    for nodes in others {
        assert_eq!(wide(nodes).float_columns(), None, "{nodes}");
    }
}

#[test]
fn other_plans_are_left_alone() {
    let others = [
        rolling("count", 3, 1),
        r#"{"op":"aggregate","input":1,"aggs":[{"fn":"sum","column":{"of":1},"as":"value"}]},{"op":"sink","input":2}"#.to_owned(),
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
