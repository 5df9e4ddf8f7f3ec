//! The variance of windows that an outlier has left, against the rows that are still there.

mod support;

use millrace_core::aggregate::AggregateFunction::{Std, Var};
use millrace_core::plan::Plan;
use millrace_core::window::aggregate_rows;
use proptest::prelude::*;
use support::{Cell, Trade, all_rows, batch, cut, floats, plan, push_all, rows, text};

const KEYS: &str = r#""keys":[{"name":"k","expr":{"col":"symbol","of":0}}]"#;

/// What makes the squares of distances overflow: a window that holds it has no defined variance.
const HUGE: f64 = 1e150;

/// Every operator that forgets rows.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Rolling,
    RollingSpan,
    GroupRolling,
    GroupRollingSpan,
    SlidingWindow,
    Partition,
    PartitionGroupBy,
    Window,
    WindowSpan,
    GroupWindow,
    GroupWindowSpan,
}

const OPERATORS: [Operator; 11] = [
    Operator::Rolling,
    Operator::RollingSpan,
    Operator::GroupRolling,
    Operator::GroupRollingSpan,
    Operator::SlidingWindow,
    Operator::Partition,
    Operator::PartitionGroupBy,
    Operator::Window,
    Operator::WindowSpan,
    Operator::GroupWindow,
    Operator::GroupWindowSpan,
];

impl Operator {
    /// The node, of `n` rows or nanoseconds.
    fn spec(self, n: usize) -> String {
        let on = r#""on":{"col":"at","of":0}"#;
        let head = match self {
            Self::Rolling => format!(r#""op":"rolling","n":{n},"minPeriods":1"#),
            Self::RollingSpan => format!(r#""op":"rollingSpan","span":"{n}",{on}"#),
            Self::GroupRolling => format!(r#""op":"groupRolling","n":{n},"minPeriods":1,{KEYS}"#),
            Self::GroupRollingSpan => format!(r#""op":"rollingSpan","span":"{n}",{on},{KEYS}"#),
            Self::SlidingWindow => format!(r#""op":"slidingWindow","n":{n},"returnPartial":true"#),
            Self::Partition => format!(r#""op":"partition","n":{n}"#),
            Self::PartitionGroupBy => {
                format!(r#""op":"partitionGroupBy","on":"at","every":"{n}",{KEYS}"#)
            }
            Self::Window => format!(r#""op":"window","n":{n}"#),
            Self::WindowSpan => format!(r#""op":"window","span":"{n}",{on}"#),
            Self::GroupWindow => format!(r#""op":"window","n":{n},{KEYS}"#),
            Self::GroupWindowSpan => format!(r#""op":"window","span":"{n}",{on},{KEYS}"#),
        };
        let price = r#""column":{"col":"price","of":0}"#;
        format!(
            r#"{{{head},"input":0,"aggs":[
                 {{"fn":"var",{price},"as":"var"}},{{"fn":"std","ddof":0,{price},"as":"std"}}]}},
               {{"op":"sink","input":1}}"#
        )
    }

    /// The windows of which it tells, with what stands before their results; `ends` says where
    /// batches end.
    fn windows(self, n: usize, trades: &[Trade], ends: &[usize]) -> Vec<(Vec<Cell>, Vec<Trade>)> {
        let rows = |seen: &[Trade]| seen[seen.len().saturating_sub(n)..].to_vec();
        let span = |seen: &[Trade]| -> Vec<Trade> {
            let oldest = seen.last().map_or(0, |newest| newest.at) - n as i64;
            seen.iter().filter(|row| row.at > oldest).cloned().collect()
        };
        let after_each = |of: &dyn Fn(&[Trade]) -> Vec<Trade>| {
            let seen = (1..=trades.len()).map(|end| &trades[..end]);
            seen.map(|seen| (vec![], of(seen))).collect()
        };
        let own = |seen: &[Trade]| of_key(seen, seen[seen.len() - 1].symbol);
        let after_batches = |of: &dyn Fn(&[Trade]) -> Vec<Trade>| {
            let seen = ends.iter().map(|&end| of(&trades[..end]));
            seen.collect::<Vec<_>>()
        };
        match self {
            Self::Rolling | Self::SlidingWindow => after_each(&rows),
            Self::RollingSpan => after_each(&span),
            Self::GroupRolling => after_each(&|seen| rows(&own(seen))),
            Self::GroupRollingSpan => after_each(&|seen| span(&own(seen))),
            Self::Partition => {
                let windows = trades.chunks_exact(n);
                windows.map(|rows| (vec![], rows.to_vec())).collect()
            }
            Self::PartitionGroupBy => {
                let start = |row: &Trade| row.at.div_euclid(n as i64) * n as i64;
                let spans = trades.chunk_by(|a, b| start(a) == start(b));
                let windows = spans.flat_map(|rows| {
                    let begin = Cell::Integer(start(&rows[0]));
                    let groups = by_key(rows).into_iter();
                    groups.map(move |(key, rows)| ([vec![begin.clone()], key].concat(), rows))
                });
                windows.collect()
            }
            Self::Window | Self::WindowSpan => {
                let of: &dyn Fn(&[Trade]) -> Vec<Trade> = if matches!(self, Self::Window) {
                    &rows
                } else {
                    &span
                };
                let windows = after_batches(of).into_iter();
                windows.map(|rows| (vec![], rows)).collect()
            }
            Self::GroupWindow => after_batches(&rows)
                .iter()
                .flat_map(|r| by_key(r))
                .collect(),
            Self::GroupWindowSpan => after_batches(&span)
                .iter()
                .flat_map(|r| by_key(r))
                .collect(),
        }
    }

    /// Whether it tells of one window for each batch, and not of as many however rows are cut.
    fn per_batch(self) -> bool {
        matches!(
            self,
            Self::Window | Self::WindowSpan | Self::GroupWindow | Self::GroupWindowSpan
        )
    }
}

fn of_key(rows: &[Trade], symbol: Option<&str>) -> Vec<Trade> {
    let rows = rows.iter().filter(|row| row.symbol == symbol);
    rows.cloned().collect()
}

/// The rows of each key.
fn by_key(rows: &[Trade]) -> Vec<(Vec<Cell>, Vec<Trade>)> {
    let mut symbols: Vec<_> = rows.iter().map(|row| row.symbol).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let groups = symbols.into_iter();
    groups
        .map(|symbol| (vec![symbol.map_or(Cell::Null, text)], of_key(rows, symbol)))
        .collect()
}

/// Whether a result is that of the window's own rows, to 1e-12 of itself.
fn is_of(got: &[Cell], window: &[Trade]) -> bool {
    let prices: Vec<Option<f64>> = window.iter().map(|row| row.price).collect();
    let huge = |price: &f64| price.is_finite() && price.abs() > HUGE;
    let want = [Var { ddof: 1 }, Std { ddof: 0 }].map(|function| aggregate_rows(function, &prices));
    if prices.iter().flatten().any(huge) {
        return got.len() == want.len();
    }
    let close = |(got, want): (&Cell, &Option<f64>)| match (got, want) {
        (Cell::Float(got), Some(want)) => {
            let got = f64::from_bits(*got);
            (got.is_nan() && want.is_nan()) || (got - want).abs() <= 1e-12 * want
        }
        (got, want) => *got == floats(*want),
    };
    got.len() == want.len() && got.iter().zip(&want).all(close)
}

/// Rows of little difference on a common level, and few far from it, mostly at the beginning.
fn stream() -> impl Strategy<Value = (Vec<Trade>, Vec<usize>)> {
    let outlier = || {
        prop::sample::select(vec![
            -134_217_727.0,
            1e9,
            1e12,
            1e16,
            -1e18,
            1e300,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ])
        .prop_map(Some)
    };
    let level = prop::sample::select(vec![0.0, 0.0, -0.0, 1e9]);
    level.prop_flat_map(move |level| {
        let price = prop_oneof![
            20 => (-50..50_i32).prop_map(move |step| Some(level + f64::from(step) / 8.0)),
            10 => (-50.0..50.0).prop_map(move |distance| Some(level + distance)),
            2 => Just(Some(level)),
            2 => Just(None),
            1 => outlier(),
        ];
        let prices = (
            prop::collection::vec(outlier(), 0..4),
            prop::collection::vec(price, 0..150),
        );
        let prices = prices.prop_map(|(first, rest)| [first, rest].concat());
        let row = |price| {
            let symbol = prop::sample::select(vec![Some("A"), Some("B"), None]);
            (Just(price), symbol, 0..3_i64)
        };
        let trades =
            prices.prop_flat_map(move |prices| prices.into_iter().map(row).collect::<Vec<_>>());
        trades.prop_flat_map(|parts| {
            let mut at = 0;
            let trades: Vec<Trade> = parts
                .into_iter()
                .map(|(price, symbol, step)| {
                    at += step;
                    let size = None;
                    Trade {
                        symbol,
                        price,
                        size,
                        at,
                    }
                })
                .collect();
            cut(trades, 7)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn windows_know_nothing_of_an_outlier_that_has_left((trades, cuts) in stream(), n in 1..24_usize) {
        let ends: Vec<usize> = cuts.iter().copied().chain([trades.len()]).collect();
        for operator in OPERATORS {
            let nodes = operator.spec(n);
            let fresh = || plan(true, &nodes).unwrap();
            // Cut into batches, and put away and taken up again before each of them.
            let mut cut = fresh();
            let mut tables: Vec<Vec<Vec<Cell>>> = Vec::new();
            let mut start = 0;
            for &end in &ends {
                let mut next = fresh();
                let bytes = cut.snapshot();
                next.restore(&bytes).unwrap();
                prop_assert_eq!(&next.snapshot(), &bytes);
                cut = next;
                let mut out = Vec::new();
                cut.push(0, batch(&trades[start..end]), &mut out).unwrap();
                tables.push(out.iter().flat_map(rows).collect());
                start = end;
            }
            let mut out = Vec::new();
            cut.flush(&mut out).unwrap();
            tables.push(out.iter().flat_map(rows).collect());

            let whole = push_all(&mut fresh(), &trades, &[]);
            if operator.per_batch() {
                let last: Vec<Vec<Cell>> = whole[0].iter().flat_map(rows).collect();
                prop_assert_eq!(&tables[ends.len() - 1], &last, "{:?}", operator);
            } else {
                prop_assert_eq!(tables.concat(), all_rows(&whole), "{:?}", operator);
            }

            let mut got = tables;
            // The order of keys is not what is at stake.
            got.iter_mut().for_each(|table| if operator.per_batch() { table.sort() });
            let mut got = got.concat();
            let mut windows = operator.windows(n, &trades, &ends);
            if matches!(operator, Operator::PartitionGroupBy) {
                got.sort();
                windows.sort_by(|a, b| a.0.cmp(&b.0));
            }
            prop_assert_eq!(got.len(), windows.len(), "{:?}", operator);
            for (got, (head, window)) in got.iter().zip(&windows) {
                let (keys, results) = got.split_at(head.len());
                let fits = keys == head && is_of(results, window);
                prop_assert!(fits, "{:?} n={}: {:?} of {:?}", operator, n, got, window);
            }
        }
    }
}

#[test]
fn a_group_that_began_with_an_outlier_is_exact_once_it_has_left() {
    for outlier in [-134_217_727, 10_000_000_000_000_000] {
        let nodes = format!(
            r#"{{"op":"window","input":0,"n":8,{KEYS},
                 "aggs":[{{"fn":"var","column":{{"col":"size","of":0}},"as":"var"}}]}},
               {{"op":"sink","input":1}}"#
        );
        let mut plan: Plan = plan(true, &nodes).unwrap();
        let trade = |symbol: Option<&'static str>, size: i64| Trade {
            symbol,
            price: None,
            size: Some(size),
            at: 0,
        };
        let a = |size| trade(Some("a"), size);
        let batches = [
            vec![a(outlier), a(0), a(0), a(6)],
            vec![a(0), a(0)],
            vec![a(0), trade(None, 0), a(0)],
        ];
        let mut out = Vec::new();
        for trades in &batches {
            out.clear();
            plan.push(0, batch(trades), &mut out).unwrap();
        }
        let table: Vec<Vec<Cell>> = out.iter().flat_map(rows).collect();
        assert_eq!(table[0][0], text("a"));
        let Cell::Float(variance) = table[0][1] else {
            panic!("{:?} is no variance", table[0][1]);
        };
        let variance = f64::from_bits(variance);
        assert!((variance - 36.0 / 7.0).abs() < 1e-15 * 36.0, "{variance}");
    }
}
