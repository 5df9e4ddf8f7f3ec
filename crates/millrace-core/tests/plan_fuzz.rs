//! Plans and expressions of any kind: text that is none is refused, and one that is built never panics,
//! whatever rows come and however they are cut.

mod support;

use millrace_core::error::PlanError;
use millrace_core::plan::Plan;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use support::{Trade, all_rows, batch, plan};

/// What an expression gives, as far as operators care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Integer,
    Text,
    Bool,
    Time,
}

const KINDS: [Kind; 5] = [
    Kind::Float,
    Kind::Integer,
    Kind::Text,
    Kind::Bool,
    Kind::Time,
];

fn call(op: &str, args: impl IntoIterator<Item = Value>) -> Value {
    json!({ "op": op, "args": args.into_iter().collect::<Vec<_>>() })
}

fn column(kind: Kind) -> Value {
    let name = match kind {
        Kind::Float => "price",
        Kind::Integer => "size",
        Kind::Text => "symbol",
        Kind::Time => "at",
        Kind::Bool => return call("isNull", [column(Kind::Float)]),
    };
    json!({ "col": name, "of": 0 })
}

fn literal(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Float => select(vec![0.5, -0.0, 1e308, -1e-300, 3.0])
            .prop_map(|value| json!({ "lit": value, "type": "f64" }))
            .boxed(),
        Kind::Integer => select(vec![0, 1, -1, 7, i64::MAX, i64::MIN])
            .prop_map(|value| json!({ "lit": value.to_string(), "type": "i64" }))
            .boxed(),
        Kind::Text => select(vec!["", "A", "δ", "12", "nan"])
            .prop_map(|value| json!({ "lit": value }))
            .boxed(),
        Kind::Bool => any::<bool>()
            .prop_map(|value| json!({ "lit": value }))
            .boxed(),
        Kind::Time => Just(column(Kind::Time)).boxed(),
    }
}

/// An expression of a kind that mostly fits what it is for.
fn expression(kind: Kind, depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![3 => Just(column(kind)), 1 => literal(kind)];
    if depth == 0 {
        return leaf.boxed();
    }
    let of = move |kind| expression(kind, depth - 1);
    let two = |ops: &[&'static str], kind| {
        (select(ops.to_vec()), of(kind), of(kind))
            .prop_map(|(op, a, b)| call(op, [a, b]))
            .boxed()
    };
    let one = |ops: &[&'static str], kind| {
        (select(ops.to_vec()), of(kind))
            .prop_map(|(op, a)| call(op, [a]))
            .boxed()
    };
    let cast = |to: &'static str| {
        (select(&KINDS[..4]), any::<bool>())
            .prop_flat_map(move |(from, strict)| (of(from), Just(strict)))
            .prop_map(move |(value, strict)| {
                json!({ "op": "cast", "args": [value], "to": to, "strict": strict })
            })
            .boxed()
    };
    let choice = (of(Kind::Bool), of(kind), of(kind))
        .prop_map(|(condition, a, b)| call("if", [condition, a, b]))
        .boxed();
    let either = two(&["coalesce", "fillNull", "least", "greatest"], kind);
    let own = match kind {
        Kind::Float => prop_oneof![
            two(
                &[
                    "add", "sub", "mul", "div", "mod", "pow", "clipMin", "clipMax"
                ],
                kind
            ),
            one(&["neg", "abs", "floor", "ceil", "sqrt", "log", "exp"], kind),
            cast("f64"),
        ]
        .boxed(),
        Kind::Integer => prop_oneof![
            two(&["add", "sub", "mul", "mod", "clipMin", "clipMax"], kind),
            one(&["neg", "abs"], kind),
            one(
                &["year", "month", "dayOfYear", "hour", "millisecond"],
                Kind::Time
            ),
            one(&["length"], Kind::Text),
            cast("i64"),
        ]
        .boxed(),
        Kind::Text => prop_oneof![
            one(&["upper", "lower", "trim"], kind),
            two(&["concat"], kind),
            (of(kind), -3..3_i32, -3..3_i32)
                .prop_map(|(text, start, end)| call(
                    "slice",
                    [text, json!({ "lit": start }), json!({ "lit": end })]
                ))
                .boxed(),
            (of(kind), select(vec!["", "A", "δ"]))
                .prop_map(|(text, part)| call(
                    "replace",
                    [text, json!({ "lit": part }), json!({ "lit": "<>" })]
                ))
                .boxed(),
            cast("utf8"),
        ]
        .boxed(),
        Kind::Bool => prop_oneof![
            two(&["and", "or"], kind),
            one(&["not"], kind),
            one(&["isNan"], Kind::Float),
            select(&KINDS[..])
                .prop_flat_map(move |kind| (
                    select(vec!["eq", "ne", "lt", "le", "gt", "ge"]),
                    of(kind),
                    of(kind)
                ))
                .prop_map(|(op, a, b)| call(op, [a, b]))
                .boxed(),
            cast("bool"),
        ]
        .boxed(),
        Kind::Time => prop_oneof![
            select(vec!["1", "1000", "86400000000000"])
                .prop_map(|every| json!({
                    "op": "floor", "args": [column(Kind::Time)], "every": every
                }))
                .boxed(),
            Just(column(Kind::Time)).boxed(),
        ]
        .boxed(),
    };
    prop_oneof![2 => leaf, 4 => own, 1 => choice, 1 => either].boxed()
}

fn some_expression() -> impl Strategy<Value = Value> {
    select(&KINDS[..]).prop_flat_map(|kind| expression(kind, 3))
}

fn aggregates() -> impl Strategy<Value = Value> {
    let names = [
        "sum", "mean", "min", "max", "var", "std", "count", "first", "last", "median", "nunique",
    ];
    let aggregate = (
        select(names.to_vec()),
        select(vec!["price", "size", "symbol", "at"]),
    );
    prop::collection::vec(aggregate, 1..4).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(i, (function, name))| {
                let column = json!({ "col": name, "of": 0 });
                json!({ "fn": function, "column": column, "as": format!("a{i}") })
            })
            .collect()
    })
}

/// A node over the input, the second of the plan. Keys and predicates are expressions.
fn node() -> impl Strategy<Value = Value> {
    let key = some_expression().prop_map(|expr| json!([{ "name": "key", "expr": expr }]));
    let predicate = expression(Kind::Bool, 3);
    let parts = (
        aggregates(),
        key,
        predicate,
        some_expression(),
        1..5_i32,
        0..12,
    );
    parts.prop_map(|(aggs, keys, predicate, expr, n, which)| match which {
        0 => json!({ "op": "project", "expr": expr }),
        1 => json!({ "op": "filter", "input": 0, "predicate": predicate }),
        2 => json!({ "op": "aggregate", "input": 0, "aggs": aggs }),
        3 => json!({ "op": "rolling", "input": 0, "n": n, "minPeriods": n / 2, "aggs": aggs }),
        4 => json!({ "op": "slidingWindow", "input": 0, "n": n, "step": 2, "aggs": aggs }),
        5 => json!({ "op": "partition", "input": 0, "n": n, "aggs": aggs }),
        6 => json!({ "op": "groupBy", "input": 0, "keys": keys, "aggs": aggs }),
        7 => json!({ "op": "groupRolling", "input": 0, "keys": keys, "n": n, "aggs": aggs }),
        8 => json!({ "op": "groupShift", "input": 0, "keys": keys, "column": expr, "n": n }),
        9 => json!({ "op": "window", "input": 0, "n": n, "keys": keys, "aggs": aggs }),
        10 => json!({
            "op": "partitionGroupBy", "input": 0, "on": "at", "every": "5", "keys": keys, "aggs": aggs
        }),
        _ => json!({
            "op": "rollingSpan", "input": 0, "span": "5", "on": column(Kind::Time), "keys": keys,
            "aggs": aggs
        }),
    })
}

/// Rows with the extremes of every type, in order of time.
fn trades() -> impl Strategy<Value = Vec<Trade>> {
    let price = prop_oneof![
        4 => any::<i16>().prop_map(|value| Some(f64::from(value) / 8.0)),
        1 => Just(None),
        2 => select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e9, f64::MAX, 5e-324])
            .prop_map(Some),
    ];
    let size = prop_oneof![
        4 => (-9..9_i64).prop_map(Some),
        1 => Just(None),
        1 => select(vec![i64::MIN, i64::MAX, 1_000_000_000]).prop_map(Some),
    ];
    let symbol = prop::option::weighted(0.8, select(vec!["A", "b ", "", "δ", "12", "-1e3"]));
    let row = (symbol, price, size, 0..4_i64);
    prop::collection::vec(row, 0..30).prop_map(|rows| {
        let mut at = 0;
        rows.into_iter()
            .map(|(symbol, price, size, step)| {
                at += step;
                Trade {
                    symbol,
                    price,
                    size,
                    at,
                }
            })
            .collect()
    })
}

/// All rows that come out, or what is wrong with the rows: an overflow, a cast that does not fit.
fn run(
    plan: &mut Plan,
    trades: &[Trade],
    cut: usize,
) -> Result<Vec<Vec<support::Cell>>, PlanError> {
    let mut emissions = vec![Vec::new(), Vec::new(), Vec::new()];
    plan.push(0, batch(&trades[..cut]), &mut emissions[0])?;
    plan.push(0, batch(&trades[cut..]), &mut emissions[1])?;
    plan.flush(&mut emissions[2])?;
    Ok(all_rows(&emissions))
}

/// Results per batch depend on the batches, and rows that are results of their own do not.
fn row_wise(op: &str) -> bool {
    !matches!(op, "aggregate" | "groupBy" | "window")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_plan_that_is_built_runs(node in node(), trades in trades(), cut in 0.0..1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short list")]
        let cut = (trades.len() as f64 * cut) as usize;
        let nodes = format!(r#"{node}, {{"op":"sink","input":1}}"#);
        for dictionary in [true, false] {
            let Ok(mut whole) = plan(dictionary, &nodes) else { continue };
            let mut parts = plan(dictionary, &nodes).unwrap();
            let (whole_rows, part_rows) = (run(&mut whole, &trades, 0), run(&mut parts, &trades, cut));
            let op = node["op"].as_str().unwrap();
            if let (Ok(whole), Ok(parts), true) = (&whole_rows, &part_rows, row_wise(op)) {
                prop_assert_eq!(whole, parts, "{}", nodes);
            }
            let state = parts.snapshot();
            let mut again = plan(dictionary, &nodes).unwrap();
            prop_assert!(again.restore(&state).is_ok(), "{}", nodes);
            prop_assert_eq!(again.snapshot(), state, "{}", nodes);
        }
    }

    #[test]
    fn text_that_is_no_plan_is_refused(text in "[\\[\\]{}\":,a-z0-9 ]{0,80}") {
        let _ = Plan::from_json(&text);
    }

    #[test]
    fn a_plan_with_a_hole_is_refused_or_built(node in node(), at in any::<prop::sample::Index>()) {
        let text = format!(
            r#"{{"inputs":[{}],"nodes":[{{"op":"input","input":0}},{node},{{"op":"sink","input":1}}]}}"#,
            support::trades(true)
        );
        let place = at.index(text.len());
        let holed: String = text.char_indices().filter(|&(i, _)| i != place).map(|(_, c)| c).collect();
        let _ = Plan::from_json(&holed);
    }
}

/// Most of the plans above are valid, so that more than their refusal is tested.
#[test]
fn most_of_them_are_built() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let built = (0..200)
        .filter(|_| {
            let node = node().new_tree(&mut runner).unwrap().current();
            plan(true, &format!(r#"{node}, {{"op":"sink","input":1}}"#)).is_ok()
        })
        .count();
    assert!(built > 60, "{built} of 200");
}
