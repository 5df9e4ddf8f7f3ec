//! Aggregates over expressions and filters, block by block: as over naive rows, and the same whatever
//! way the rows come.

mod support;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array};
use millrace_core::aggregate::{AggregateFunction, RunningAggregate};
use millrace_core::batch::Batch;
use millrace_core::plan::Plan;
use proptest::prelude::*;

const FUNCTIONS: [(&str, AggregateFunction); 8] = [
    ("sum", AggregateFunction::Sum),
    ("mean", AggregateFunction::Mean),
    ("min", AggregateFunction::Min),
    ("max", AggregateFunction::Max),
    ("var", AggregateFunction::Var { ddof: 1 }),
    ("first", AggregateFunction::First),
    ("last", AggregateFunction::Last),
    ("std", AggregateFunction::Std { ddof: 0 }),
];

/// An expression of floats, as a plan writes it and as it is.
#[derive(Debug, Clone)]
enum Tree {
    Input,
    Literal(f64),
    Binary(&'static str, Box<Tree>, Box<Tree>),
    Negate(Box<Tree>),
    Root(Box<Tree>),
}

impl Tree {
    fn spec(&self) -> String {
        match self {
            Self::Input => r#"{"of":1}"#.to_owned(),
            Self::Literal(value) => format!(r#"{{"lit":{value:?},"type":"f64"}}"#),
            Self::Binary(op, a, b) => {
                format!(r#"{{"op":"{op}","args":[{},{}]}}"#, a.spec(), b.spec())
            }
            Self::Negate(a) => format!(r#"{{"op":"neg","args":[{}]}}"#, a.spec()),
            Self::Root(a) => format!(r#"{{"op":"sqrt","args":[{}]}}"#, a.spec()),
        }
    }

    fn value(&self, x: f64) -> f64 {
        match self {
            Self::Input => x,
            Self::Literal(value) => *value,
            Self::Binary(op, a, b) => {
                let (a, b) = (a.value(x), b.value(x));
                match *op {
                    "add" => a + b,
                    "sub" => a - b,
                    "mul" => a * b,
                    _ => a / b,
                }
            }
            Self::Negate(a) => -a.value(x),
            Self::Root(a) => a.value(x).sqrt(),
        }
    }

    /// Whether it is made of what costs little and cannot fail.
    fn is_total(&self) -> bool {
        match self {
            Self::Input | Self::Literal(_) => true,
            Self::Binary(_, a, b) => a.is_total() && b.is_total(),
            Self::Negate(a) => a.is_total(),
            Self::Root(_) => false,
        }
    }

    fn reads_input(&self) -> bool {
        match self {
            Self::Input => true,
            Self::Literal(_) => false,
            Self::Binary(_, a, b) => a.reads_input() || b.reads_input(),
            Self::Negate(a) | Self::Root(a) => a.reads_input(),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let literal = prop::sample::select(vec![
        0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 10.0, 1e300, 1e-300,
    ]);
    let leaf = prop_oneof![3 => Just(Tree::Input), 2 => literal.prop_map(Tree::Literal)];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let op = prop::sample::select(vec!["add", "sub", "mul", "div"]);
        prop_oneof![
            8 => (op, inner.clone(), inner.clone())
                .prop_map(|(op, a, b)| Tree::Binary(op, Box::new(a), Box::new(b))),
            1 => inner.clone().prop_map(|a| Tree::Negate(Box::new(a))),
            1 => inner.prop_map(|a| Tree::Root(Box::new(a))),
        ]
    })
    .prop_filter("a column", Tree::reads_input)
}

/// A condition: comparisons of trees, put together.
#[derive(Debug, Clone)]
enum Condition {
    Compare(&'static str, Tree, Tree),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    fn spec(&self) -> String {
        match self {
            Self::Compare(op, a, b) => {
                format!(r#"{{"op":"{op}","args":[{},{}]}}"#, a.spec(), b.spec())
            }
            Self::And(a, b) => format!(r#"{{"op":"and","args":[{},{}]}}"#, a.spec(), b.spec()),
            Self::Or(a, b) => format!(r#"{{"op":"or","args":[{},{}]}}"#, a.spec(), b.spec()),
            Self::Not(a) => format!(r#"{{"op":"not","args":[{}]}}"#, a.spec()),
        }
    }

    fn holds(&self, x: f64) -> bool {
        match self {
            Self::Compare(op, a, b) => {
                let (a, b) = (a.value(x), b.value(x));
                match *op {
                    "eq" => a == b,
                    "ne" => a != b,
                    "lt" => a < b,
                    "le" => a <= b,
                    "gt" => a > b,
                    _ => a >= b,
                }
            }
            Self::And(a, b) => a.holds(x) && b.holds(x),
            Self::Or(a, b) => a.holds(x) || b.holds(x),
            Self::Not(a) => !a.holds(x),
        }
    }
}

impl Condition {
    fn is_total(&self) -> bool {
        match self {
            Self::Compare(_, a, b) => a.is_total() && b.is_total(),
            Self::And(a, b) | Self::Or(a, b) => a.is_total() && b.is_total(),
            Self::Not(a) => a.is_total(),
        }
    }
}

fn condition(value: Tree) -> impl Strategy<Value = Condition> {
    let op = || prop::sample::select(vec!["eq", "ne", "lt", "le", "gt", "ge"]);
    let bound = prop::sample::select(vec![0.0, 1.0, 10.0, -5.0, f64::MAX, f64::MIN]);
    let against = (op(), bound.prop_map(Tree::Literal), any::<bool>()).prop_map(
        move |(op, bound, swapped)| match swapped {
            true => Condition::Compare(op, bound, value.clone()),
            false => Condition::Compare(op, value.clone(), bound),
        },
    );
    let any_two = (op(), tree(), tree()).prop_map(|(op, a, b)| Condition::Compare(op, a, b));
    prop_oneof![2 => against, 1 => any_two].prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|a| Condition::Not(Box::new(a))),
        ]
    })
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -100.0..100.0_f64,
        4 => (0..50_i32).prop_map(|step| 1e9 + f64::from(step)),
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1.0, 10.0, f64::MAX, 5e-324,
        ]),
    ]
}

/// Batches of rows; a batch may have nulls.
fn batches() -> impl Strategy<Value = Vec<Vec<Option<f64>>>> {
    let batch = prop_oneof![
        3 => prop::collection::vec(number().prop_map(Some), 0..3000),
        1 => prop::collection::vec(prop::option::weighted(0.8, number()), 0..200),
        1 => prop::collection::vec(number().prop_map(Some), 0..3),
    ];
    prop::collection::vec(batch, 0..5)
}

/// A plan of every aggregate of a tree over the rows that fulfil conditions, one filter for each.
fn plan(value: &Tree, conditions: &[Condition]) -> Plan {
    let mut nodes = vec![
        r#"{"op":"input","input":0}"#.to_owned(),
        r#"{"op":"project","expr":{"col":"value","of":0}}"#.to_owned(),
        format!(r#"{{"op":"project","expr":{}}}"#, value.spec()),
    ];
    let mut last = 2;
    for (index, condition) in conditions.iter().enumerate() {
        let predicate = condition.spec();
        // Later filters see the value alone, which is then their column.
        let predicate = if index == 0 {
            predicate
        } else {
            predicate.replace(r#"{"of":1}"#, &format!(r#"{{"of":{last}}}"#))
        };
        nodes.push(format!(
            r#"{{"op":"filter","input":{last},"predicate":{predicate}}}"#
        ));
        last = nodes.len() - 1;
    }
    for (name, _) in FUNCTIONS {
        let ddof = u8::from(name == "var");
        nodes.push(format!(
            r#"{{"op":"aggregate","input":{last},"aggs":[{{"fn":"{name}","column":{{"of":{last}}},"as":"value","ddof":{ddof}}}]}}"#
        ));
        nodes.push(format!(r#"{{"op":"sink","input":{}}}"#, nodes.len() - 1));
    }
    let text = format!(
        r#"{{"inputs":[{{"name":"s","columns":[{{"name":"value","type":"f64"}}]}}],"nodes":[{}]}}"#,
        nodes.join(",")
    );
    Plan::from_json(&text).unwrap()
}

fn bits(value: Option<f64>) -> Option<u64> {
    value.map(|value| if value.is_nan() { f64::NAN } else { value }.to_bits())
}

fn push(plan: &mut Plan, rows: &[Option<f64>]) -> Vec<Option<u64>> {
    let mut out = Vec::new();
    let column: Float64Array = rows.iter().copied().collect();
    let columns: Vec<arrow_array::ArrayRef> = vec![Arc::new(column)];
    let batch = Batch {
        rows: rows.len(),
        columns,
    };
    plan.push(0, batch, &mut out).unwrap();
    out.iter()
        .map(|emission| {
            let column = emission.columns[0].as_primitive::<Float64Type>();
            bits(column.is_valid(0).then(|| column.value(0)))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn blocks_give_what_rows_give(
        (value, conditions) in tree().prop_flat_map(|value| {
            let conditions = prop::collection::vec(condition(value.clone()), 0..3);
            (Just(value), conditions)
        }),
        batches in batches(),
    ) {
        // Row by row: a row that a filter drops is a missing one.
        let functions = FUNCTIONS.map(|(_, function)| function);
        let mut naive = functions.map(|function| RunningAggregate::new(&[function]));
        let (mut direct, mut arrays) = (plan(&value, &conditions), plan(&value, &conditions));
        let mut results = Vec::new();
        for rows in &batches {
            let masks = conditions.iter().rposition(|c| !c.is_total()).map_or(0, |last| last + 1);
            let kept: Vec<Option<f64>> = rows
                .iter()
                .filter_map(|&row| {
                    let x = row.unwrap_or(f64::NAN);
                    let y = value.value(x);
                    let fails = conditions.iter().enumerate().position(|(index, condition)| {
                        row.is_none() || !condition.holds(if index == 0 { x } else { y })
                    });
                    match fails {
                        // Filters that are not read through leave nothing behind.
                        Some(index) if index < masks => None,
                        Some(_) => Some(None),
                        None => Some(row.map(|_| y)),
                    }
                })
                .collect();
            for row in &kept {
                let nulls = row.is_none().then(|| arrow_buffer::NullBuffer::new_null(1));
                for kernel in &mut naive {
                    kernel.update(&[row.unwrap_or(f64::NAN)], nulls.as_ref());
                }
            }
            let expected: Vec<Option<u64>> = naive.iter().map(|kernel| bits(kernel.value(0))).collect();
            prop_assert_eq!(&push(&mut arrays, rows), &expected);
            let floats: Option<Vec<f64>> = rows.iter().copied().collect();
            match floats {
                Some(floats) if direct.reduce_floats(&floats, &mut results) => {
                    let got: Vec<Option<u64>> = results.iter().map(|&value| bits(value)).collect();
                    prop_assert_eq!(&got, &expected);
                }
                _ => prop_assert_eq!(&push(&mut direct, rows), &expected),
            }
        }
        prop_assert_eq!(arrays.snapshot(), direct.snapshot());
    }
}

#[test]
fn a_sum_of_a_filter_needs_no_arrays() {
    let value = Tree::Binary(
        "add",
        Box::new(Tree::Binary(
            "mul",
            Box::new(Tree::Input),
            Box::new(Tree::Literal(2.0)),
        )),
        Box::new(Tree::Literal(1.0)),
    );
    let condition = Condition::Compare("gt", value.clone(), Tree::Literal(10.0));
    let mut plan = plan(&value, &[condition]);
    let mut results = Vec::new();
    assert!(plan.reduce_floats(&[1.0, 5.0, 7.0], &mut results));
    assert_eq!(results[..2], [Some(26.0), Some(13.0)]);
    // What is read through does not run.
    assert_eq!(plan.tallies()[2].batches, 0);
    assert_eq!(plan.tallies()[0].rows, 3);
}

#[test]
fn a_root_runs_over_arrays() {
    let value = Tree::Root(Box::new(Tree::Input));
    assert!(!plan(&value, &[]).reduces_floats());
}

#[test]
fn integers_overflow_only_in_rows_that_are_kept() {
    let nodes = r#"{ "op": "filter", "input": 0,
            "predicate": { "op": "lt", "args": [{ "col": "size", "of": 0 }, { "lit": 10 }] } },
        { "op": "project", "expr": { "op": "mul", "args": [{ "col": "size", "of": 1 }, { "lit": 4611686018427387904 }] } },
        { "op": "aggregate", "input": 2, "aggs": [{ "fn": "sum", "column": { "of": 2 }, "as": "total" }] },
        { "op": "sink", "input": 3 }"#;
    let mut plan = support::plan(false, nodes).unwrap();
    let trade = |size| support::Trade {
        symbol: None,
        price: None,
        size: Some(size),
        at: 0,
    };
    let mut out = Vec::new();
    plan.push(0, support::batch(&[trade(1), trade(1000)]), &mut out)
        .unwrap();
    assert_eq!(
        support::all_rows(&[out]),
        [[support::Cell::Integer(1 << 62)]]
    );
    let error = plan.push(0, support::batch(&[trade(1), trade(2)]), &mut Vec::new());
    assert!(error.unwrap_err().to_string().contains("in row 1"));
}
