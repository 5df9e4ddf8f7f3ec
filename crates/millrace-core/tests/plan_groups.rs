//! Groups of windows and groups with bounds, against rows that are aggregated from scratch.

mod support;

use std::collections::BTreeSet;

use millrace_core::aggregate::AggregateFunction::{self, *};
use millrace_core::batch::Emission;
use millrace_core::plan::Plan;
use millrace_core::window::aggregate_rows;
use proptest::prelude::*;
use support::{Cell, Trade, batch, float, floats, integers, plan, rows, text};

const FLOATS: [(&str, AggregateFunction); 9] = [
    ("sum", Sum),
    ("mean", Mean),
    ("count", Count),
    ("min", Min),
    ("max", Max),
    ("var", Var { ddof: 1 }),
    ("std", Std { ddof: 1 }),
    ("first", First),
    ("last", Last),
];
const CHOICES: [&str; 4] = ["first", "last", "min", "max"];

fn trade() -> impl Strategy<Value = Trade> {
    let price = prop_oneof![
        8 => (-100..100_i32).prop_map(|eighths| Some(f64::from(eighths) / 8.0)),
        2 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, -0.0, 0.0, 1e9]).prop_map(Some),
    ];
    let symbol = prop::option::weighted(0.9, prop::sample::select(&["A", "B", "C", "", "δ"][..]));
    let size = prop::option::weighted(0.8, -2..3_i64);
    (symbol, price, size, -2..10_i64).prop_map(|(symbol, price, size, at)| Trade {
        symbol,
        price,
        size,
        at,
    })
}

fn batches() -> impl Strategy<Value = Vec<Vec<Trade>>> {
    let batches = prop::collection::vec(prop::collection::vec(trade(), 0..12), 1..8);
    batches.prop_map(|mut batches| {
        // Time mostly ascends.
        let mut now = 0;
        for trade in batches.iter_mut().flatten() {
            now += trade.at.max(0);
            trade.at = now - if trade.at < 0 { 7 } else { 0 };
        }
        batches
    })
}

fn aggs() -> String {
    let agg = |column: &str, function: &str| {
        format!(
            r#"{{"fn":"{function}","column":{{"col":"{column}","of":0}},"as":"{column}_{function}"}}"#
        )
    };
    let mut aggs: Vec<String> = FLOATS.iter().map(|(name, _)| agg("price", name)).collect();
    aggs.extend(["sum"].iter().chain(&CHOICES).map(|name| agg("size", name)));
    aggs.extend(CHOICES.iter().map(|name| agg("symbol", name)));
    aggs.extend(["price", "size", "symbol"].map(|column| agg(column, "nunique")));
    aggs.push(r#"{"fn":"size","as":"rows"}"#.to_owned());
    aggs.join(",")
}

/// The value of a choice among values that are there.
fn choice<T: Ord + Copy>(values: &[T], name: &str) -> Option<T> {
    match name {
        "first" => values.first().copied(),
        "last" => values.last().copied(),
        "min" => values.iter().min().copied(),
        _ => values.iter().max().copied(),
    }
}

/// What [`aggs`] are of these rows.
fn naive(rows: &[Trade]) -> Vec<Cell> {
    let prices: Vec<Option<f64>> = rows.iter().map(|row| row.price).collect();
    let sizes: Vec<i64> = rows.iter().filter_map(|row| row.size).collect();
    let symbols: Vec<&str> = rows.iter().filter_map(|row| row.symbol).collect();
    let mut cells: Vec<Cell> = FLOATS
        .iter()
        .map(
            |&(_, function)| match (function, aggregate_rows(function, &prices)) {
                (Count, value) => integers(value.map(|count| count as i64)),
                (_, value) => floats(value),
            },
        )
        .collect();
    cells.push(Cell::Integer(sizes.iter().sum()));
    cells.extend(CHOICES.map(|name| integers(choice(&sizes, name))));
    cells.extend(CHOICES.map(|name| choice(&symbols, name).map_or(Cell::Null, text)));
    let distinct: BTreeSet<Cell> = prices
        .iter()
        .flatten()
        .map(|price| float(price + 0.0))
        .collect();
    cells.push(Cell::Integer(distinct.len() as i64));
    cells.push(Cell::Integer(
        sizes.iter().collect::<BTreeSet<_>>().len() as i64
    ));
    cells.push(Cell::Integer(
        symbols.iter().collect::<BTreeSet<_>>().len() as i64
    ));
    cells.push(Cell::Integer(rows.len() as i64));
    cells
}

/// Equal but for the order in which floats were added.
fn close(got: &Cell, want: &Cell) -> bool {
    let (Cell::Float(a), Cell::Float(b)) = (got, want) else {
        return got == want;
    };
    let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

fn assert_table(got: &[Vec<Cell>], want: &[Vec<Cell>]) {
    let same = got.len() == want.len()
        && got.iter().zip(want).all(|(got, want)| {
            got.len() == want.len() && got.iter().zip(want).all(|(got, want)| close(got, want))
        });
    assert!(same, "got  {got:#?}\nwant {want:#?}");
}

#[derive(Debug, Clone, Copy)]
enum Key {
    Symbol,
    Size,
    Both,
}

impl Key {
    fn spec(self) -> &'static str {
        match self {
            Self::Symbol => r#"{"name":"k","expr":{"col":"symbol","of":0}}"#,
            Self::Size => r#"{"name":"k","expr":{"op":"abs","args":[{"col":"size","of":0}]}}"#,
            Self::Both => {
                r#"{"name":"k","expr":{"col":"symbol","of":0}},
                   {"name":"l","expr":{"col":"size","of":0}}"#
            }
        }
    }

    fn of(self, row: &Trade) -> Vec<Cell> {
        let symbol = row.symbol.map_or(Cell::Null, text);
        match self {
            Self::Symbol => vec![symbol],
            Self::Size => vec![integers(row.size.map(i64::abs))],
            Self::Both => vec![symbol, integers(row.size)],
        }
    }
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(vec![Key::Symbol, Key::Size, Key::Both])
}

/// One batch, through a plan that is put away and taken up again before it.
fn push(plan: &mut Plan, fresh: impl Fn() -> Plan, trades: &[Trade]) -> Vec<Emission> {
    let mut next = fresh();
    let bytes = plan.snapshot();
    next.restore(&bytes).expect("a state of the same plan");
    assert_eq!(next.snapshot(), bytes);
    *plan = next;
    let mut out = Vec::new();
    plan.push(0, batch(trades), &mut out)
        .expect("a batch that fits");
    out
}

/// Groups in the order in which they came.
#[derive(Default)]
struct Groups {
    keys: Vec<Vec<Cell>>,
}

impl Groups {
    fn meet(&mut self, key: &[Cell]) {
        if !self.keys.iter().any(|known| known == key) {
            self.keys.push(key.to_vec());
        }
    }
}

/// A group that is alive: its key, its rows, and when its last row came, by time and by number.
type Alive = (Vec<Cell>, Vec<Trade>, i64, u64);

proptest! {
    #[test]
    fn windows_are_their_rows(
        batches in batches(), n in 1..12_usize, key in key(), dictionary: bool, changes: bool,
    ) {
        let emit = if changes { "changes" } else { "all" };
        let nodes = format!(
            r#"{{"op":"window","input":0,"n":{n},"keys":[{}],"aggs":[{}],"emit":"{emit}"}},
               {{"op":"sink","input":1}},
               {{"op":"window","input":0,"n":{n},"aggs":[{}]}}, {{"op":"sink","input":3}}"#,
            key.spec(), aggs(), aggs(),
        );
        let fresh = || plan(dictionary, &nodes).unwrap();
        let mut plan = fresh();
        let mut seen: Vec<Trade> = Vec::new();
        let mut groups = Groups::default();
        for trades in &batches {
            let out = push(&mut plan, fresh, trades);
            let before = seen.len();
            let mut touched: Vec<Vec<Cell>> = Vec::new();
            for trade in trades {
                seen.push(trade.clone());
                groups.meet(&key.of(trade));
                touched.push(key.of(trade));
                if seen.len() > n {
                    touched.push(key.of(&seen[seen.len() - 1 - n]));
                }
                // A group that is gone takes its place anew when it comes back.
                let window = &seen[seen.len().saturating_sub(n)..];
                if !changes {
                    groups.keys.retain(|known| window.iter().any(|row| key.of(row) == *known));
                }
            }
            prop_assert!(before <= seen.len());
            let window = &seen[seen.len().saturating_sub(n)..];
            let table = |keys: &[Vec<Cell>]| -> Vec<Vec<Cell>> {
                keys.iter().map(|known| {
                    let own: Vec<Trade> =
                        window.iter().filter(|row| key.of(row) == *known).cloned().collect();
                    known.iter().cloned().chain(naive(&own)).collect()
                }).collect()
            };
            let got = |sink: usize| -> Vec<Vec<Cell>> {
                out.iter().filter(|emission| emission.sink == sink).flat_map(rows).collect()
            };
            assert_table(&got(1), &[naive(window)]);
            if changes {
                touched.sort();
                touched.dedup();
                let mut rows = got(0);
                rows.sort();
                let mut want = table(&touched);
                want.sort();
                assert_table(&rows, &want);
            } else {
                assert_table(&got(0), &table(&groups.keys));
            }
        }
    }

    #[test]
    fn window_splits_do_not_show(batches in batches(), n in 1..12_usize, key in key()) {
        let nodes = format!(
            r#"{{"op":"window","input":0,"n":{n},"keys":[{}],"aggs":[{}]}},
               {{"op":"sink","input":1}}"#,
            key.spec(), aggs(),
        );
        let last = |batches: &[Vec<Trade>]| {
            let mut plan = plan(true, &nodes).unwrap();
            let mut out = Vec::new();
            for trades in batches {
                out.clear();
                plan.push(0, batch(trades), &mut out).unwrap();
            }
            out.iter().flat_map(rows).collect::<Vec<_>>()
        };
        let whole: Vec<Trade> = batches.concat();
        let single: Vec<Vec<Trade>> = whole.iter().map(|trade| vec![trade.clone()]).collect();
        prop_assert_eq!(last(&batches), last(std::slice::from_ref(&whole)));
        if !single.is_empty() {
            prop_assert_eq!(last(&single), last(&[whole]));
        }
    }

    #[test]
    fn bounded_groups_are_a_list(
        batches in batches(), key in key(), changes: bool, dictionary: bool,
        most in prop::option::of(1..5_usize), ttl in prop::option::of(1..30_i64), clock: bool,
    ) {
        prop_assume!(most.is_some() || ttl.is_some());
        let emit = if changes { "changes" } else { "all" };
        let bounds = [
            most.map(|most| format!(r#","maxGroups":{most}"#)),
            ttl.map(|ttl| format!(r#","ttl":"{ttl}""#)),
            (!clock).then(|| r#","on":"at""#.to_owned()),
        ];
        let bounds: String = bounds.into_iter().flatten().collect();
        let nodes = format!(
            r#"{{"op":"groupBy","input":0,"keys":[{}],"aggs":[{}],"emit":"{emit}"{bounds}}},
               {{"op":"sink","input":1}},
               {{"op":"evicted","input":1}}, {{"op":"sink","input":3}}"#,
            key.spec(), aggs(),
        );
        let fresh = || plan(dictionary, &nodes).unwrap();
        let mut plan = fresh();
        let mut alive: Vec<Alive> = Vec::new();
        let (mut now, mut step, mut evictions) = (i64::MIN, 0_u64, 0);
        for (index, trades) in batches.iter().enumerate() {
            plan.set_now(index as i64 * 9);
            let time = index as i64 * 9;
            let mut next = fresh();
            next.restore(&plan.snapshot()).unwrap();
            next.set_now(time);
            plan = next;
            let mut out = Vec::new();
            plan.push(0, batch(trades), &mut out).unwrap();
            let mut evicted: Vec<Vec<Cell>> = Vec::new();
            let mut touched: Vec<Vec<Cell>> = Vec::new();
            let expire = |alive: &mut Vec<Alive>, evicted: &mut Vec<Vec<Cell>>, now: i64| {
                let Some(ttl) = ttl else { return };
                let mut old: Vec<_> = alive.extract_if(.., |group| group.2 + ttl <= now).collect();
                old.sort_by_key(|group| group.3);
                evicted.extend(old.into_iter().map(|(key, rows, ..)| [key, naive(&rows)].concat()));
            };
            if clock {
                now = now.max(time);
                expire(&mut alive, &mut evicted, now);
            }
            for trade in trades {
                if !clock {
                    now = now.max(trade.at);
                    expire(&mut alive, &mut evicted, now);
                }
                step += 1;
                let own = key.of(trade);
                touched.push(own.clone());
                if let Some(group) = alive.iter_mut().find(|group| group.0 == own) {
                    group.1.push(trade.clone());
                    (group.2, group.3) = (now, step);
                    continue;
                }
                if most == Some(alive.len()) {
                    let longest = alive.iter().map(|group| group.3).min().unwrap();
                    let at = alive.iter().position(|group| group.3 == longest).unwrap();
                    let (key, rows, ..) = alive.remove(at);
                    evicted.push([key, naive(&rows)].concat());
                }
                alive.push((own, vec![trade.clone()], now, step));
            }
            evictions += evicted.len() as u64;
            let got = |sink: usize| -> Vec<Vec<Cell>> {
                out.iter().filter(|emission| emission.sink == sink).flat_map(rows).collect()
            };
            let want: Vec<Vec<Cell>> = alive
                .iter()
                .filter(|group| !changes || touched.contains(&group.0))
                .map(|(key, rows, ..)| [key.clone(), naive(rows)].concat())
                .collect();
            assert_table(&got(0), &want);
            assert_table(&got(1), &evicted);
        }
        prop_assert_eq!(plan.evicted_groups(), evictions);
    }
}

/// Many keys that come and go.
fn passing(count: i64) -> impl Iterator<Item = Vec<Trade>> {
    (0..count).map(|batch| {
        (0..500)
            .map(|row| Trade {
                symbol: Some("A"),
                price: Some(f64::from(row)),
                // Every second row is of a key that stays.
                size: Some(if row % 2 == 0 {
                    batch * 500 + i64::from(row)
                } else {
                    -1
                }),
                at: batch * 500 + i64::from(row),
            })
            .collect()
    })
}

#[test]
fn state_is_bounded_while_keys_pass() {
    for operator in [
        r#""op":"window","n":100"#,
        r#""op":"groupBy","maxGroups":50"#,
        r#""op":"groupBy","ttl":"100","on":"at""#,
    ] {
        let nodes = format!(
            r#"{{{operator},"input":0,"keys":[{{"name":"k","expr":{{"col":"size","of":0}}}}],
                "aggs":[{}]}}, {{"op":"sink","input":1}}"#,
            aggs()
        );
        let mut plan = plan(true, &nodes).unwrap();
        let mut most = 0;
        let mut last = Vec::new();
        for (index, trades) in passing(60).enumerate() {
            let mut out = Vec::new();
            plan.push(0, batch(&trades), &mut out).unwrap();
            last = out.iter().flat_map(rows).collect();
            if index == 10 {
                most = plan.snapshot().len() * 3;
            }
        }
        assert!(plan.snapshot().len() < most, "{operator}");
        assert!(last.len() <= 51, "{operator}: {} groups", last.len());
        // The key that stays has kept its place and, but in a window, all its rows.
        assert_eq!(last[0][0], Cell::Integer(-1), "{operator}");
        let rows = last[0].last().unwrap();
        let want = if operator.contains("window") {
            50
        } else {
            60 * 250
        };
        assert_eq!(*rows, Cell::Integer(want), "{operator}");
    }
}

#[test]
fn text_has_no_sums_and_no_means() {
    for operator in [r#""op":"rolling","n":2"#, r#""op":"partition","n":2"#] {
        for function in ["sum", "mean"] {
            let agg = format!(r#"{{"fn":"{function}","column":{{"col":"symbol","of":0}}}}"#);
            let error = plan(
                false,
                &format!(r#"{{{operator},"input":0,"aggs":[{agg}]}}, {{"op":"sink","input":1}}"#),
            )
            .unwrap_err();
            assert_eq!(error.code(), "ERR_TYPE_MISMATCH", "{error}");
        }
    }
}
