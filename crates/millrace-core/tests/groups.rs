//! The kernels per group against a map of rows and recomputation from scratch.

use std::collections::HashMap;

use arrow_buffer::NullBuffer;
use millrace_core::aggregate::AggregateFunction::{self, *};
use millrace_core::aggregate::Quantile as Share;
use millrace_core::group::{GroupRolling, GroupShift, GroupedAggregate, GroupedInteger};
use millrace_core::window::aggregate_rows;
use proptest::prelude::*;

const FUNCTIONS: [AggregateFunction; 10] = [
    Sum,
    Mean,
    Count,
    Min,
    Max,
    Var { ddof: 1 },
    Std { ddof: 0 },
    First,
    Last,
    Quantile(Share::MEDIAN),
];

type Row = (u32, Option<f64>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![
        12 => (-1e3..1e3).prop_map(Some),
        6 => (-50_i32..50).prop_map(|x| Some(f64::from(x))),
        3 => Just(None),
        1 => Just(Some(-0.0)),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(f64::INFINITY)),
    ];
    prop::collection::vec((0_u32..6, value), 0..200)
}

/// Ids, values and validity of rows; what a null slot holds must not matter.
fn columns(rows: &[Row]) -> (Vec<u32>, Vec<f64>, Option<NullBuffer>) {
    let valid: Vec<bool> = rows.iter().map(|row| row.1.is_some()).collect();
    (
        rows.iter().map(|row| row.0).collect(),
        rows.iter()
            .map(|row| row.1.unwrap_or(f64::INFINITY))
            .collect(),
        valid.contains(&false).then(|| NullBuffer::from(valid)),
    )
}

fn options(values: &[f64], validity: Option<&NullBuffer>) -> Vec<Option<f64>> {
    let valid = |index| validity.is_none_or(|validity: &NullBuffer| validity.is_valid(index));
    values
        .iter()
        .enumerate()
        .map(|(index, &value)| valid(index).then_some(value))
        .collect()
}

fn close(function: AggregateFunction, got: Option<f64>, want: Option<f64>) -> bool {
    match (got, want) {
        (Some(got), Some(want)) if want.is_nan() => got.is_nan(),
        (Some(got), Some(want)) => {
            let tolerance = match function {
                Sum | Mean => 1e-9,
                Var { .. } | Std { .. } => 1e-9 * want.abs() + 1e-12,
                _ => 0.0,
            };
            got.to_bits() == want.to_bits() || (got - want).abs() <= tolerance
        }
        (got, want) => got == want,
    }
}

fn bits(rows: &[Option<f64>]) -> Vec<Option<u64>> {
    let bits = |value: f64| {
        if value.is_nan() {
            u64::MAX
        } else {
            value.to_bits()
        }
    };
    rows.iter().map(|row| row.map(bits)).collect()
}

proptest! {
    #[test]
    fn grouped_aggregates_equal_recomputation(rows in rows(), cut in 1_usize..80, which in 0..9_usize) {
        let function = FUNCTIONS[which];
        let mut whole = GroupedAggregate::new(function);
        let (ids, values, nulls) = columns(&rows);
        whole.update(&ids, &values, nulls.as_ref());
        let mut split = GroupedAggregate::new(function);
        for part in rows.chunks(cut) {
            let (ids, values, nulls) = columns(part);
            split.update(&ids, &values, nulls.as_ref());
            let mut restored = GroupedAggregate::new(function);
            restored.restore(&split.snapshot()).unwrap();
            split = restored;
        }
        let mut groups: HashMap<u32, Vec<Option<f64>>> = HashMap::new();
        for &(id, value) in &rows {
            groups.entry(id).or_default().push(value);
        }
        for (&id, rows) in &groups {
            let (got, want) = (whole.value(id), aggregate_rows(function, rows));
            prop_assert!(close(function, got, want), "{function:?} {id}: {got:?}, want {want:?}");
            prop_assert_eq!(bits(&[got]), bits(&[split.value(id)]));
        }
        prop_assert_eq!(whole.finish(9).len(), 9);
    }

    #[test]
    fn grouped_integers_are_exact(
        rows in prop::collection::vec((0_u32..5, prop::option::weighted(0.9, -1_000_000_i64..1_000_000)), 0..200),
        cut in 1_usize..80,
        which in 0..6_usize,
    ) {
        let function = [Sum, Count, Min, Max, First, Last][which];
        let mut kernel = GroupedInteger::new(function).unwrap();
        for part in rows.chunks(cut) {
            let ids: Vec<u32> = part.iter().map(|row| row.0).collect();
            let values: Vec<i64> = part.iter().map(|row| row.1.unwrap_or(i64::MAX)).collect();
            let nulls = NullBuffer::from(part.iter().map(|row| row.1.is_some()).collect::<Vec<_>>());
            kernel.update(&ids, &values, Some(&nulls));
            let mut restored = GroupedInteger::new(function).unwrap();
            restored.restore(&kernel.snapshot()).unwrap();
            kernel = restored;
        }
        for id in rows.iter().map(|row| row.0) {
            let of_group: Vec<_> =
                rows.iter().filter(|row| row.0 == id).map(|row| row.1.map(|x| x as f64)).collect();
            let got = kernel.value(id).unwrap().map(|x| x as f64);
            prop_assert_eq!(got, aggregate_rows(function, &of_group));
        }
    }

    #[test]
    fn group_rolling_equals_recomputation_and_no_split_shows(
        rows in rows(), n in 1_usize..20, min in 0_usize..4, cut in 1_usize..80, which in 0..9_usize,
    ) {
        let function = FUNCTIONS[which];
        let min = min.min(n);
        let run = |cut: usize| {
            let mut kernel = GroupRolling::new(function, n, min).unwrap();
            let mut results = Vec::new();
            for part in rows.chunks(cut) {
                let (ids, values, nulls) = columns(part);
                let mut out = vec![0.0; part.len()];
                let validity = kernel.push(&ids, &values, nulls.as_ref(), &mut out);
                results.extend(options(&out, validity.as_ref()));
                let mut restored = GroupRolling::new(function, n, min).unwrap();
                restored.restore(&kernel.snapshot()).unwrap();
                kernel = restored;
            }
            results
        };
        let whole = run(1000);
        prop_assert_eq!(bits(&whole), bits(&run(cut)));
        let mut groups: HashMap<u32, Vec<Option<f64>>> = HashMap::new();
        for (&(id, value), got) in rows.iter().zip(whole) {
            let group = groups.entry(id).or_default();
            group.push(value);
            let window = &group[group.len().saturating_sub(n)..];
            let enough = window.iter().flatten().count() >= min;
            let want = enough.then(|| aggregate_rows(function, window)).flatten();
            prop_assert!(close(function, got, want), "{function:?} n={n}: {got:?}, want {want:?}");
        }
    }

    #[test]
    fn group_shift_gives_the_row_before(rows in rows(), n in 1_usize..5, cut in 1_usize..80) {
        let mut kernel = GroupShift::new(n).unwrap();
        let mut got = Vec::new();
        for part in rows.chunks(cut) {
            let (ids, values, nulls) = columns(part);
            let mut out = vec![0.0; part.len()];
            let validity = kernel.push(&ids, &values, nulls.as_ref(), &mut out);
            got.extend(options(&out, validity.as_ref()));
            let mut restored = GroupShift::new(n).unwrap();
            restored.restore(&kernel.snapshot()).unwrap();
            kernel = restored;
        }
        let mut groups: HashMap<u32, Vec<Option<f64>>> = HashMap::new();
        let want: Vec<Option<f64>> = rows
            .iter()
            .map(|&(id, value)| {
                let group = groups.entry(id).or_default();
                group.push(value);
                group.len().checked_sub(n + 1).and_then(|index| group[index])
            })
            .collect();
        prop_assert_eq!(bits(&got), bits(&want));
    }
}

#[test]
fn group_deviation_of_small_steps_on_a_billion_is_exact() {
    let mut kernel = GroupRolling::new(Var { ddof: 1 }, 3, 3).unwrap();
    let values: Vec<f64> = (0..300).map(|i| 1e9 + f64::from(i % 3)).collect();
    let mut out = vec![0.0; 300];
    kernel.push(&vec![0; 300], &values, None, &mut out);
    assert!(out[2..].iter().all(|value| (value - 1.0).abs() < 1e-14));

    let mut running = GroupedAggregate::new(Var { ddof: 0 });
    running.update(&vec![0; 300], &values, None);
    let variance = running.value(0).unwrap();
    assert!((variance - 2.0 / 3.0).abs() < 1e-12, "{variance}");
}
