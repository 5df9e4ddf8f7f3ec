//! Plans over random rows and splits: against naive results, and against themselves.

mod support;

use std::collections::VecDeque;

use proptest::prelude::*;
use support::{
    Cell, Trade, all_rows, batch, cut, float, floats, integers, plan, push_all, rows, text,
};

/// What an expression of a symbol gives.
type Twin = fn(&str) -> Cell;

const SYMBOLS: [&str; 5] = ["A", "B", "C", "", "δ"];

fn trade() -> impl Strategy<Value = (Option<&'static str>, Option<f64>, Option<i64>, i64)> {
    let price = prop_oneof![
        8 => (-1000..1000_i32).prop_map(|cents| Some(f64::from(cents) / 8.0)),
        1 => Just(None),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(0.0)].prop_map(Some),
    ];
    let symbol = prop_oneof![
        9 => prop::sample::select(&SYMBOLS[..]).prop_map(Some),
        1 => Just(None),
    ];
    (
        symbol,
        price,
        prop::option::weighted(0.8, -50..50_i64),
        0..4_i64,
    )
}

/// Rows whose time mostly ascends, and sorted places to cut them at.
fn stream() -> impl Strategy<Value = (Vec<Trade>, Vec<usize>)> {
    prop::collection::vec(trade(), 0..60).prop_flat_map(|parts| {
        let mut now = 0;
        let trades: Vec<Trade> = parts
            .into_iter()
            .map(|(symbol, price, size, step)| {
                now += step;
                let at = if step == 0 { now - 5 } else { now };
                Trade {
                    symbol,
                    price,
                    size,
                    at,
                }
            })
            .collect();
        cut(trades, 5)
    })
}

fn price(function: &str) -> String {
    format!(r#"{{"fn":"{function}","column":{{"col":"price","of":0}},"as":"{function}"}}"#)
}

fn key() -> &'static str {
    r#""keys": [{"name":"symbol","expr":{"col":"symbol","of":0}}]"#
}

/// Nodes with one row out for each row in, or for each window: splits must not show.
fn row_wise() -> Vec<String> {
    let all = [
        "sum", "mean", "min", "max", "var", "std", "count", "first", "last",
    ];
    let aggs = all.map(price).join(",");
    let size = r#"{"fn":"sum","column":{"col":"size","of":0},"as":"total"}"#;
    let mut nodes = vec![
        format!(r#"{{"op":"rolling","input":0,"n":5,"minPeriods":2,"aggs":[{aggs},{size}]}}"#),
        format!(r#"{{"op":"slidingWindow","input":0,"n":4,"aggs":[{aggs},{size}]}}"#),
        format!(
            r#"{{"op":"slidingWindow","input":0,"n":4,"returnPartial":true,"aggs":[{aggs},{size}]}}"#
        ),
        format!(r#"{{"op":"partition","input":0,"n":3,"aggs":[{aggs},{size}]}}"#),
        format!(
            r#"{{"op":"groupRolling","input":0,{},"n":3,"minPeriods":1,"aggs":[{aggs}]}}"#,
            key()
        ),
        format!(
            r#"{{"op":"groupShift","input":0,{},"column":{{"col":"size","of":0}},"n":2}}"#,
            key()
        ),
        format!(
            r#"{{"op":"partitionGroupBy","input":0,"on":"at","every":"7",{},"aggs":[{aggs}]}}"#,
            key()
        ),
    ];
    for function in ["sum", "prod", "min", "max"] {
        nodes.push(format!(
            r#"{{"op":"project","expr":{{"col":"price","of":0}}}},
               {{"op":"cumulative","input":1,"fn":"{function}"}}"#
        ));
    }
    for function in ["mean", "var", "std"] {
        nodes.push(format!(
            r#"{{"op":"project","expr":{{"col":"size","of":0}}}},
               {{"op":"ewm","input":1,"span":5,"fn":"{function}"}}"#
        ));
    }
    nodes.push(r#"{"op":"shift","input":0,"n":3}"#.to_owned());
    nodes.push(r#"{"op":"forwardFill","input":0}"#.to_owned());
    nodes.push(
        r#"{"op":"project","expr":{"op":"if","args":[
             {"op":"contains","args":[{"op":"lower","args":[{"col":"symbol","of":0}]},{"lit":"a"}]},
             {"op":"upper","args":[{"col":"symbol","of":0}]},
             {"op":"concat","args":[{"col":"symbol","of":0},{"lit":"!"}]}]}}"#
            .to_owned(),
    );
    nodes
}

fn with_sink(nodes: &str) -> String {
    let operators = nodes.matches("\"op\":\"").count();
    let inner = nodes.matches("\"args\":").count();
    let last = operators - inner;
    format!(r#"{nodes}, {{"op":"sink","input":{last}}}"#)
}

proptest! {
    #[test]
    fn splits_do_not_show((trades, cuts) in stream()) {
        for nodes in row_wise() {
            let nodes = with_sink(&nodes);
            let whole = all_rows(&push_all(&mut plan(true, &nodes).unwrap(), &trades, &[]));
            let parts = all_rows(&push_all(&mut plan(true, &nodes).unwrap(), &trades, &cuts));
            prop_assert_eq!(whole, parts, "{}", nodes);
        }
    }

    #[test]
    fn a_restored_plan_goes_on_the_same((trades, cuts) in stream(), at in 0..60_usize) {
        let at = at.min(trades.len());
        let mut all = row_wise();
        all.push(format!(
            r#"{{"op":"groupBy","input":0,{},"aggs":[{}]}}"#, key(), price("mean")
        ));
        all.push(format!(r#"{{"op":"window","input":0,"n":6,{},"aggs":[{}]}}"#, key(), price("sum")));
        all.push(format!(r#"{{"op":"aggregate","input":0,"aggs":[{}]}}"#, price("var")));
        let rest: Vec<usize> =
            cuts.iter().filter(|&&cut| cut >= at).map(|cut| cut - at).collect();
        for nodes in all {
            let nodes = with_sink(&nodes);
            let mut first = plan(true, &nodes).unwrap();
            let mut out = Vec::new();
            first.push(0, batch(&trades[..at]), &mut out).unwrap();
            let snapshot = first.snapshot();
            let mut second = plan(true, &nodes).unwrap();
            second.restore(&snapshot).unwrap();
            prop_assert_eq!(&snapshot, &second.snapshot(), "{}", nodes);
            let expected = all_rows(&push_all(&mut first, &trades[at..], &rest));
            let got = all_rows(&push_all(&mut second, &trades[at..], &rest));
            prop_assert_eq!(expected, got, "{}", nodes);
        }
    }

    #[test]
    fn corrupt_state_is_refused_and_changes_nothing(
        (trades, _) in stream(), cut in 0.0..1.0_f64, flip in 0.0..1.0_f64,
    ) {
        let nodes = with_sink(&format!(
            r#"{{"op":"groupBy","input":0,{},"aggs":[{}]}}"#, key(), price("mean")
        ));
        let mut plan = plan(true, &nodes).unwrap();
        plan.push(0, batch(&trades), &mut Vec::new()).unwrap();
        let snapshot = plan.snapshot();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short list")]
        let place = |part: f64| (snapshot.len() as f64 * part) as usize;
        prop_assert!(plan.restore(&snapshot[..place(cut)]).is_err());
        prop_assert_eq!(&plan.snapshot(), &snapshot);
        // A flipped byte may be another valid state; it must only not panic.
        let mut flipped = snapshot.clone();
        flipped[place(flip)] ^= 0x55;
        let _ = plan.restore(&flipped);
    }

    #[test]
    fn group_by_is_a_map((trades, cuts) in stream()) {
        let nodes = with_sink(&format!(
            r#"{{"op":"groupBy","input":0,{},"aggs":[
                {{"fn":"sum","column":{{"col":"size","of":0}},"as":"sum"}},
                {{"fn":"max","column":{{"col":"size","of":0}},"as":"max"}},
                {{"fn":"size","as":"size"}}]}}"#,
            key()
        ));
        for dictionary in [true, false] {
            let emissions = push_all(&mut plan(dictionary, &nodes).unwrap(), &trades, &cuts);
            let mut expected: Vec<(Option<&str>, i64, Option<i64>, i64)> = Vec::new();
            for trade in &trades {
                let at = expected.iter().position(|group| group.0 == trade.symbol);
                let at = at.unwrap_or_else(|| {
                    expected.push((trade.symbol, 0, None, 0));
                    expected.len() - 1
                });
                let group = &mut expected[at];
                group.1 += trade.size.unwrap_or(0);
                group.2 = group.2.max(trade.size);
                group.3 += 1;
            }
            let expected: Vec<Vec<Cell>> = expected
                .into_iter()
                .map(|(symbol, sum, max, size)| vec![
                    symbol.map_or(Cell::Null, text),
                    Cell::Integer(sum),
                    integers(max),
                    Cell::Integer(size),
                ])
                .collect();
            let last = emissions.iter().flatten().last().map(rows).unwrap_or_default();
            prop_assert_eq!(last, expected);
        }
    }

    #[test]
    fn integer_windows_are_naive((trades, cuts) in stream(), n in 1..6_usize) {
        let sizes: Vec<Option<i64>> = trades.iter().map(|trade| trade.size).collect();
        let sum = |window: &[Option<i64>]| Cell::Integer(window.iter().flatten().sum());
        let agg = r#"{"fn":"sum","column":{"col":"size","of":0},"as":"sum"}"#;
        let run = |op: &str| {
            let nodes = with_sink(&format!(r#"{{"op":{op},"input":0,"n":{n},"aggs":[{agg}]}}"#));
            all_rows(&push_all(&mut plan(true, &nodes).unwrap(), &trades, &cuts))
                .into_iter().flatten().collect::<Vec<_>>()
        };
        prop_assert_eq!(run("\"slidingWindow\""), sizes.windows(n).map(sum).collect::<Vec<_>>());
        prop_assert_eq!(run("\"partition\""), sizes.chunks_exact(n).map(sum).collect::<Vec<_>>());
        let nodes = with_sink(&format!(r#"{{"op":"window","input":0,"n":{n},"aggs":[{agg}]}}"#));
        let emissions = push_all(&mut plan(true, &nodes).unwrap(), &trades, &cuts);
        for (emissions, &end) in emissions.iter().zip(cuts.iter().chain([&trades.len()])) {
            let expected = sum(&sizes[end.saturating_sub(n)..end]);
            prop_assert_eq!(rows(&emissions[0]), [vec![expected]]);
        }
    }

    #[test]
    fn group_shift_is_a_queue_per_key((trades, cuts) in stream(), n in 1..4_usize) {
        let nodes = with_sink(&format!(
            r#"{{"op":"groupShift","input":0,{},"column":{{"col":"price","of":0}},"n":{n}}}"#, key()
        ));
        let got = all_rows(&push_all(&mut plan(true, &nodes).unwrap(), &trades, &cuts));
        let mut queues: Vec<(Option<&str>, VecDeque<Option<f64>>)> = Vec::new();
        let expected: Vec<Vec<Cell>> = trades.iter().map(|trade| {
            let at = queues.iter().position(|queue| queue.0 == trade.symbol).unwrap_or_else(|| {
                queues.push((trade.symbol, VecDeque::new()));
                queues.len() - 1
            });
            let queue = &mut queues[at].1;
            queue.push_back(trade.price);
            let shifted = if queue.len() > n { queue.pop_front().flatten() } else { None };
            vec![floats(shifted)]
        }).collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn rows_before_are_those_of_a_list((trades, cuts) in stream(), n in 1..70_usize) {
        for dictionary in [true, false] {
            let run = |nodes: &str| {
                all_rows(&push_all(&mut plan(dictionary, &with_sink(nodes)).unwrap(), &trades, &cuts))
            };
            let row = |trade: Option<&Trade>| trade.map_or_else(|| vec![Cell::Null; 4], |trade| vec![
                trade.symbol.map_or(Cell::Null, text),
                floats(trade.price),
                integers(trade.size),
                Cell::Integer(trade.at),
            ]);
            let shifted: Vec<_> = (0..trades.len())
                .map(|at| row(at.checked_sub(n).map(|at| &trades[at])))
                .collect();
            prop_assert_eq!(run(&format!(r#"{{"op":"shift","input":0,"n":{n}}}"#)), shifted);
            let mut last = row(None);
            let filled: Vec<_> = trades.iter().map(|trade| {
                for (last, cell) in last.iter_mut().zip(row(Some(trade))) {
                    if cell != Cell::Null { *last = cell; }
                }
                last.clone()
            }).collect();
            prop_assert_eq!(run(r#"{"op":"forwardFill","input":0}"#), filled);
        }
    }

    #[test]
    fn functions_of_text_do_not_see_dictionaries((trades, cuts) in stream()) {
        let symbol = r#"{"col":"symbol","of":0}"#;
        let upper = format!(r#"{{"op":"upper","args":[{symbol}]}}"#);
        let functions: [(String, Twin); 6] = [
            (upper.clone(), |symbol| text(&symbol.to_uppercase())),
            (format!(r#"{{"op":"length","args":[{upper}]}}"#), |symbol| {
                Cell::Integer(symbol.chars().count().try_into().unwrap())
            }),
            (format!(r#"{{"op":"startsWith","args":[{upper},{{"lit":"Δ"}}]}}"#), |symbol| {
                Cell::Bool(symbol == "δ")
            }),
            (format!(r#"{{"op":"concat","args":[{upper},{symbol},{{"lit":"."}}]}}"#), |symbol| {
                text(&format!("{}{symbol}.", symbol.to_uppercase()))
            }),
            (format!(r#"{{"op":"cast","args":[{symbol}],"to":"i64","strict":false}}"#), |_| Cell::Null),
            (format!(r#"{{"op":"eq","args":[{upper},{symbol}]}}"#), |symbol| Cell::Bool(symbol != "δ")),
        ];
        for (expression, twin) in functions {
            let nodes = format!(
                r#"{{"op":"project","expr":{expression}}}, {{"op":"sink","input":1}}"#
            );
            let wanted: Vec<_> = trades.iter()
                .map(|trade| vec![trade.symbol.map_or(Cell::Null, twin)])
                .collect();
            for dictionary in [true, false] {
                let got = all_rows(&push_all(&mut plan(dictionary, &nodes).unwrap(), &trades, &cuts));
                prop_assert_eq!(&got, &wanted, "{}", nodes);
            }
        }
    }

    #[test]
    fn expressions_are_row_by_row((trades, cuts) in stream()) {
        // (price * size + 1 > size) or symbol = 'A', and the same by hand.
        let nodes = r#"
            {"op":"project","expr":{"op":"or","args":[
              {"op":"gt","args":[
                {"op":"add","args":[
                  {"op":"mul","args":[{"col":"price","of":0},{"col":"size","of":0}]},{"lit":1}]},
                {"col":"size","of":0}]},
              {"op":"eq","args":[{"col":"symbol","of":0},{"lit":"A"}]}]}},
            {"op":"sink","input":1}"#;
        let got = all_rows(&push_all(&mut plan(true, nodes).unwrap(), &trades, &cuts));
        let expected: Vec<Vec<Cell>> = trades.iter().map(|trade| {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let size = trade.size.map(|size| size as f64);
            let left = trade.price.zip(size).map(|(price, size)| price * size + 1.0 > size);
            let right = trade.symbol.map(|symbol| symbol == "A");
            vec![match (left, right) {
                (Some(true), _) | (_, Some(true)) => Cell::Bool(true),
                (Some(false), Some(false)) => Cell::Bool(false),
                _ => Cell::Null,
            }]
        }).collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn filters_keep_what_is_true((trades, cuts) in stream()) {
        let nodes = r#"
            {"op":"filter","input":0,"predicate":{"op":"ge","args":[{"col":"price","of":0},{"lit":0}]}},
            {"op":"frame","columns":[
              {"name":"symbol","expr":{"col":"symbol","of":1}},
              {"name":"price","expr":{"col":"price","of":1}},
              {"name":"size","expr":{"col":"size","of":1}}]},
            {"op":"sink","input":2}"#;
        for dictionary in [true, false] {
            let got = all_rows(&push_all(&mut plan(dictionary, nodes).unwrap(), &trades, &cuts));
            let expected: Vec<Vec<Cell>> = trades.iter()
                .filter(|trade| trade.price.is_some_and(|price| price >= 0.0))
                .map(|trade| vec![
                    trade.symbol.map_or(Cell::Null, text),
                    float(trade.price.unwrap()),
                    integers(trade.size),
                ])
                .collect();
            prop_assert_eq!(got, expected);
        }
    }
}
