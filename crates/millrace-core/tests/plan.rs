//! Plans against hand-computed results, and what they refuse.

mod support;

use millrace_core::batch::EmissionKind;
use millrace_core::plan::Plan;
use support::{Cell, Trade, all_rows, batch, float, integers, plan, push_all, rows, text};

fn sample() -> Vec<Trade> {
    let row = |symbol, price, size, at| Trade {
        symbol,
        price,
        size,
        at,
    };
    vec![
        row(Some("A"), Some(1.0), Some(10), 0),
        row(Some("B"), Some(2.0), None, 5),
        row(Some("A"), None, Some(30), 9),
        row(None, Some(4.0), Some(40), 12),
        row(Some("B"), Some(-5.0), Some(50), 25),
    ]
}

/// The cells of the only column after pushing the sample.
fn series(nodes: &str) -> Vec<Cell> {
    let mut plan = plan(true, nodes).expect("a plan");
    let emissions = push_all(&mut plan, &sample(), &[]);
    all_rows(&emissions).into_iter().flatten().collect()
}

fn expression(expression: &str) -> Vec<Cell> {
    series(&format!(
        r#"{{ "op": "project", "expr": {expression} }}, {{ "op": "sink", "input": 1 }}"#
    ))
}

const NULL: Cell = Cell::Null;

#[test]
fn arithmetic_skips_missing_and_keeps_integers() {
    let cases: [(&str, [Cell; 5]); 7] = [
        (
            r#"{"op":"mul","args":[{"col":"price","of":0},{"lit":2}]}"#,
            [float(2.0), float(4.0), NULL, float(8.0), float(-10.0)],
        ),
        (
            r#"{"op":"mul","args":[{"col":"price","of":0},{"col":"size","of":0}]}"#,
            [float(10.0), NULL, NULL, float(160.0), float(-250.0)],
        ),
        (
            r#"{"op":"sub","args":[{"lit":100},{"col":"size","of":0}]}"#,
            [
                Cell::Integer(90),
                NULL,
                Cell::Integer(70),
                Cell::Integer(60),
                Cell::Integer(50),
            ],
        ),
        (
            r#"{"op":"div","args":[{"col":"size","of":0},{"lit":4}]}"#,
            [float(2.5), NULL, float(7.5), float(10.0), float(12.5)],
        ),
        (
            r#"{"op":"mod","args":[{"op":"neg","args":[{"col":"size","of":0}]},{"lit":7}]}"#,
            [
                Cell::Integer(4),
                NULL,
                Cell::Integer(5),
                Cell::Integer(2),
                Cell::Integer(6),
            ],
        ),
        (
            r#"{"op":"mod","args":[{"col":"size","of":0},{"lit":0}]}"#,
            [NULL, NULL, NULL, NULL, NULL],
        ),
        (
            r#"{"op":"add","args":[{"col":"size","of":0},{"lit":0.5}]}"#,
            [float(10.5), NULL, float(30.5), float(40.5), float(50.5)],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn comparisons_and_logic_have_three_values() {
    use Cell::Bool;
    let cases: [(&str, [Cell; 5]); 6] = [
        (
            r#"{"op":"gt","args":[{"col":"price","of":0},{"lit":1}]}"#,
            [Bool(false), Bool(true), NULL, Bool(true), Bool(false)],
        ),
        (
            r#"{"op":"eq","args":[{"col":"symbol","of":0},{"lit":"A"}]}"#,
            [Bool(true), Bool(false), Bool(true), NULL, Bool(false)],
        ),
        (
            r#"{"op":"or","args":[
                {"op":"gt","args":[{"col":"price","of":0},{"lit":1}]},
                {"op":"eq","args":[{"col":"symbol","of":0},{"lit":"A"}]}]}"#,
            [Bool(true), Bool(true), Bool(true), Bool(true), Bool(false)],
        ),
        (
            r#"{"op":"and","args":[
                {"op":"gt","args":[{"col":"price","of":0},{"lit":5}]},
                {"op":"eq","args":[{"col":"symbol","of":0},{"lit":"A"}]}]}"#,
            [Bool(false), Bool(false), NULL, Bool(false), Bool(false)],
        ),
        (
            r#"{"op":"isNull","args":[{"col":"size","of":0}]}"#,
            [
                Bool(false),
                Bool(true),
                Bool(false),
                Bool(false),
                Bool(false),
            ],
        ),
        (
            r#"{"op":"eq","args":[{"col":"price","of":0},{"lit":null}]}"#,
            [NULL, NULL, NULL, NULL, NULL],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn missing_values_are_filled_whatever_their_form() {
    assert_eq!(
        expression(r#"{"op":"fillNull","args":[{"col":"size","of":0},{"lit":7}]}"#)[1],
        Cell::Integer(7)
    );
    assert_eq!(
        expression(r#"{"op":"fillNull","args":[{"col":"symbol","of":0},{"lit":"?"}]}"#),
        ["A", "B", "A", "?", "B"].map(text)
    );
}

#[test]
fn rounding_is_half_to_even() {
    let round = |scale: &str, decimals: i32| {
        expression(&format!(
            r#"{{"op":"round","decimals":{decimals},"args":[
                {{"op":"mul","args":[{{"col":"price","of":0}},{{"lit":{scale}}}]}}]}}"#
        ))
    };
    assert_eq!(
        round("0.5", 0),
        [float(0.0), float(1.0), NULL, float(2.0), float(-2.0)]
    );
    assert_eq!(
        round("0.125", 2),
        [float(0.12), float(0.25), NULL, float(0.5), float(-0.62)]
    );
    let tens = expression(
        r#"{"op":"round","decimals":-1,"args":[{"op":"add","args":[
        {"col":"size","of":0},{"lit":5}]}]}"#,
    );
    assert_eq!(
        tens,
        [Some(20), None, Some(40), Some(40), Some(60)].map(integers)
    );
}

#[test]
fn times_floor_and_subtract() {
    assert_eq!(
        expression(r#"{"op":"floorTime","every":"10","args":[{"col":"at","of":0}]}"#),
        [0, 0, 0, 10, 20].map(Cell::Integer)
    );
    assert_eq!(
        expression(r#"{"op":"sub","args":[{"col":"at","of":0},{"lit":"5","type":"timestamp"}]}"#),
        [-5, 0, 4, 7, 20].map(Cell::Integer)
    );
    assert_eq!(
        expression(r#"{"op":"lt","args":[{"col":"at","of":0},{"lit":0.000009}]}"#),
        [true, true, false, false, false].map(Cell::Bool)
    );
}

#[test]
fn filter_drops_false_and_missing() {
    let nodes = r#"
        { "op": "filter", "input": 0,
          "predicate": {"op":"gt","args":[{"col":"price","of":0},{"lit":0}]} },
        { "op": "frame", "columns": [
          {"name":"symbol","expr":{"col":"symbol","of":1}},
          {"name":"double","expr":{"op":"mul","args":[{"col":"price","of":1},{"lit":2}]}} ] },
        { "op": "sink", "input": 2 }"#;
    let mut plan = plan(true, nodes).expect("a plan");
    let emissions = push_all(&mut plan, &sample(), &[2]);
    assert_eq!(
        all_rows(&emissions),
        [
            vec![text("A"), float(2.0)],
            vec![text("B"), float(4.0)],
            vec![NULL, float(8.0)]
        ]
    );
    assert_eq!(
        plan.inputs()[0].used,
        [true, true, false, false],
        "columns that nothing reads are not asked for"
    );
}

#[test]
fn group_by_lists_keys_in_first_seen_order() {
    let nodes = r#"
        { "op": "groupBy", "input": 0, "keys": [{"name":"symbol","expr":{"col":"symbol","of":0}}],
          "aggs": [ {"fn":"mean","column":{"col":"price","of":0},"as":"mean"},
                    {"fn":"sum","column":{"col":"size","of":0},"as":"sum"},
                    {"fn":"count","column":{"col":"price","of":0},"as":"count"},
                    {"fn":"size","as":"size"} ] },
        { "op": "sink", "input": 1 }"#;
    for dictionary in [true, false] {
        let mut plan = plan(dictionary, nodes).expect("a plan");
        assert_eq!(plan.sinks()[0].kind, EmissionKind::Table);
        let emissions = push_all(&mut plan, &sample(), &[2]);
        use Cell::Integer as I;
        assert_eq!(
            rows(&emissions[1][0]),
            [
                vec![text("A"), float(1.0), I(40), I(1), I(2)],
                vec![text("B"), float(-1.5), I(50), I(2), I(2)],
                vec![NULL, float(4.0), I(40), I(1), I(1)],
            ]
        );
    }
}

#[test]
fn changes_are_the_groups_of_the_batch() {
    let nodes = r#"
        { "op": "groupBy", "input": 0, "keys": [{"name":"symbol","expr":{"col":"symbol","of":0}}],
          "aggs": [ {"fn":"size","as":"size"} ], "emit": "changes" },
        { "op": "sink", "input": 1 }"#;
    let mut plan = plan(true, nodes).expect("a plan");
    let emissions = push_all(&mut plan, &sample(), &[3]);
    assert_eq!(
        rows(&emissions[1][0]),
        [
            vec![text("B"), Cell::Integer(2)],
            vec![NULL, Cell::Integer(1)]
        ]
    );
}

#[test]
fn spans_of_time_emit_when_they_are_over() {
    let nodes = r#"
        { "op": "partitionGroupBy", "input": 0, "on": "at", "every": "10",
          "keys": [{"name":"symbol","expr":{"col":"symbol","of":0}}],
          "aggs": [ {"fn":"size","as":"size"} ] },
        { "op": "sink", "input": 1 }"#;
    use Cell::Integer as I;
    let mut plan = plan(true, nodes).expect("a plan");
    let mut trades = sample();
    trades.push(Trade {
        at: 3,
        ..trades[0].clone()
    });
    let emissions = push_all(&mut plan, &trades, &[]);
    let tables: Vec<_> = emissions
        .iter()
        .map(|batch| batch.iter().map(rows).collect::<Vec<_>>())
        .collect();
    let first = vec![vec![I(0), text("A"), I(2)], vec![I(0), text("B"), I(1)]];
    let expected: Vec<Vec<Vec<Vec<Cell>>>> = vec![
        vec![first, vec![vec![I(10), NULL, I(1)]]],
        vec![vec![vec![I(20), text("B"), I(1)]]],
    ];
    assert_eq!(tables, expected, "each span is an emission of its own");
    assert_eq!(plan.late_rows(), 1);
}

#[test]
fn plans_refuse_what_does_not_fit() {
    let cases = [
        (
            r#"{ "op": "project", "expr": {"col":"prise","of":0} }"#,
            "ERR_UNKNOWN_COLUMN",
            "Cannot select a column: column must be one of symbol, price, size, at, got prise",
        ),
        (
            r#"{ "op": "rolling", "input": 0, "n": 1.5, "aggs": [] }"#,
            "ERR_INVALID_ARGUMENT",
            "Cannot create rolling: n must be a positive integer, got 1.5",
        ),
        (
            r#"{ "op": "partition", "input": 0, "n": -1, "aggs": [] }"#,
            "ERR_INVALID_ARGUMENT",
            "Cannot create partition: n must be a positive integer, got -1",
        ),
        (
            r#"{ "op": "aggregate", "input": 0,
                 "aggs": [{"fn":"sum","column":{"col":"symbol","of":0}}] }"#,
            "ERR_TYPE_MISMATCH",
            "Cannot aggregate: sum of symbol needs a number, got utf8",
        ),
        (
            r#"{ "op": "filter", "input": 0, "predicate": {"col":"price","of":0} }"#,
            "ERR_TYPE_MISMATCH",
            "Cannot filter: the predicate must be bool, got f64",
        ),
        (
            r#"{ "op": "project", "expr":
                 {"op":"add","args":[{"col":"price","of":0},{"lit":"x"}]} }"#,
            "ERR_TYPE_MISMATCH",
            "Cannot select a column: add needs a number, got utf8",
        ),
        (
            r#"{ "op": "filter", "input": 0,
                 "predicate": {"op":"gt","args":[{"col":"price","of":0},{"lit":0}]} },
               { "op": "project", "expr":
                 {"op":"add","args":[{"col":"price","of":0},{"col":"price","of":1}]} }"#,
            "ERR_TYPE_MISMATCH",
            "Cannot select a column: operands of add must have the same rows, got rows of node 0 \
             and of node 1",
        ),
    ];
    for (nodes, code, message) in cases {
        let error = plan(true, nodes).expect_err(nodes);
        assert_eq!((error.code(), error.to_string().as_str()), (code, message));
    }
    let error = Plan::from_json("{").expect_err("no JSON");
    assert_eq!(error.code(), "ERR_INVALID_ARGUMENT");
}

#[test]
fn a_refused_batch_changes_nothing() {
    let nodes = r#"
        { "op": "aggregate", "input": 0,
          "aggs": [{"fn":"count","column":{"col":"price","of":0},"as":"count"}] },
        { "op": "project", "expr":
          {"op":"mul","args":[{"col":"size","of":0},{"lit":"4000000000000000000","type":"i64"}]} },
        { "op": "sink", "input": 1 }, { "op": "sink", "input": 2 }"#;
    let mut plan = plan(true, nodes).expect("a plan");
    let before = plan.snapshot();
    let mut out = Vec::new();
    let error = plan
        .push(0, batch(&sample()), &mut out)
        .expect_err("an overflow");
    assert_eq!(error.code(), "ERR_OVERFLOW");
    assert_eq!(
        error.to_string(),
        "Cannot mul 10 and 4000000000000000000 in row 0: the result is out of range"
    );
    let mut wrong = batch(&sample());
    wrong.columns[1] = wrong.columns[1].slice(0, 2);
    let error = plan.push(0, wrong, &mut out).expect_err("a short column");
    assert_eq!(error.code(), "ERR_LENGTH_MISMATCH");
    assert!(out.is_empty());
    assert_eq!(plan.snapshot(), before);
    let small: Vec<Trade> = sample()
        .into_iter()
        .map(|row| Trade {
            size: Some(1),
            ..row
        })
        .collect();
    plan.push(0, batch(&small), &mut out)
        .expect("a batch that fits");
    assert_eq!(rows(&out[0]), [vec![Cell::Integer(4)]]);
}
