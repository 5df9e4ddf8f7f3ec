//! Running aggregates, cumulative totals, weighted means and partitions against plain loops.

use arrow_buffer::NullBuffer;
use millrace_core::aggregate::Quantile as Share;
use millrace_core::aggregate::{AggregateFunction::*, RunningAggregate, RunningInteger};
use millrace_core::cumulative::{Cumulative, CumulativeFunction};
use millrace_core::ewm::{Decay, Ewm, EwmFunction};
use millrace_core::window::{Partition, aggregate_rows};
use proptest::prelude::*;

const FUNCTIONS: [millrace_core::aggregate::AggregateFunction; 11] = [
    Sum,
    Mean,
    Count,
    Min,
    Max,
    Var { ddof: 1 },
    Var { ddof: 0 },
    Std { ddof: 1 },
    First,
    Last,
    Quantile(Share::MEDIAN),
];

type Rows = Vec<Option<f64>>;

fn column(rows: &[Option<f64>]) -> (Vec<f64>, Option<NullBuffer>) {
    let values = rows.iter().map(|row| row.unwrap_or(f64::NAN)).collect();
    let valid: Vec<bool> = rows.iter().map(Option::is_some).collect();
    (
        values,
        valid.contains(&false).then(|| NullBuffer::from(valid)),
    )
}

fn bits(value: Option<f64>) -> Option<u64> {
    value.map(|value| {
        if value.is_nan() {
            u64::MAX
        } else {
            value.to_bits()
        }
    })
}

fn assert_close(rows: &[Option<f64>], index: usize, got: Option<f64>) {
    let function = FUNCTIONS[index];
    let want = aggregate_rows(function, rows);
    let size = rows.iter().flatten().fold(0.0_f64, |a, b| a.max(b.abs()));
    let tolerance = match function {
        Sum => 1e-12 * size * rows.len() as f64,
        Mean => 1e-12 * size,
        Var { .. } | Std { .. } => 1e-9 * want.unwrap_or(0.0).abs(),
        _ => 0.0,
    };
    let same = match (got, want) {
        (Some(got), Some(want)) if want.is_nan() => got.is_nan(),
        (Some(got), Some(want)) => {
            got.to_bits() == want.to_bits() || (got - want).abs() <= tolerance
        }
        (got, want) => got == want,
    };
    assert!(same, "{function:?}: got {got:?}, want {want:?}");
}

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        20 => (-1e3..1e3).prop_map(Some),
        2 => Just(None),
        1 => Just(Some(-0.0)),
    ]
}

fn special() -> impl Strategy<Value = Rows> {
    let poison = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
    (
        prop::collection::vec(value(), 0..3000),
        prop::option::of((poison, any::<prop::sample::Index>())),
    )
        .prop_map(|(mut rows, poison)| {
            if let (Some((value, index)), false) = (poison, rows.is_empty()) {
                let index = index.index(rows.len());
                rows[index] = Some(value);
            }
            rows
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn running_equals_recomputation_and_no_split_shows(
        rows in special(), cuts in prop::collection::vec(1_usize..1500, 1..5),
    ) {
        let mut whole = RunningAggregate::new(&FUNCTIONS);
        let (values, nulls) = column(&rows);
        whole.update(&values, nulls.as_ref());
        let mut split = RunningAggregate::new(&FUNCTIONS);
        let mut rest = &rows[..];
        for &cut in cuts.iter().cycle().take_while(|_| true) {
            if rest.is_empty() {
                break;
            }
            let (part, after) = rest.split_at(cut.min(rest.len()));
            rest = after;
            let (values, nulls) = column(part);
            split.update(&values, nulls.as_ref());
            split.update(&[], None);
            let mut restored = RunningAggregate::new(&FUNCTIONS);
            restored.restore(&split.snapshot()).unwrap();
            split = restored;
        }
        for index in 0..FUNCTIONS.len() {
            assert_close(&rows, index, whole.value(index));
            prop_assert_eq!(bits(whole.value(index)), bits(split.value(index)));
        }
    }

    #[test]
    fn running_integers_are_exact(
        rows in prop::collection::vec(prop::option::weighted(0.9, any::<i32>().prop_map(i64::from)), 0..500),
        cut in 1_usize..200,
    ) {
        let mut kernel = RunningInteger::new();
        for part in rows.chunks(cut) {
            let values: Vec<i64> = part.iter().map(|row| row.unwrap_or(i64::MIN)).collect();
            let nulls = NullBuffer::from(part.iter().map(Option::is_some).collect::<Vec<_>>());
            kernel.update(&values, Some(&nulls));
            let mut restored = RunningInteger::new();
            restored.restore(&kernel.snapshot()).unwrap();
            prop_assert_eq!(&restored, &kernel);
        }
        let floats: Rows = rows.iter().map(|row| row.map(|x| x as f64)).collect();
        for function in [Sum, Count, Min, Max, First, Last] {
            let got = kernel.value(function).unwrap().map(|x| x as f64);
            prop_assert_eq!(got, aggregate_rows(function, &floats));
        }
    }

    #[test]
    fn partitions_equal_recomputation(
        rows in prop::collection::vec(value(), 0..300), n in 1_usize..60, cut in 1_usize..100,
        which in 0..FUNCTIONS.len(),
    ) {
        let mut kernel = Partition::new(FUNCTIONS[which], n).unwrap();
        let mut got = Vec::new();
        for part in rows.chunks(cut) {
            let (values, nulls) = column(part);
            let mut out = Vec::new();
            let validity = kernel.push(&values, nulls.as_ref(), &mut out);
            let valid = |index| validity.as_ref().is_none_or(|v| v.is_valid(index));
            got.extend(out.iter().enumerate().map(|(index, &x)| valid(index).then_some(x)));
            let mut restored = Partition::new(FUNCTIONS[which], n).unwrap();
            restored.restore(&kernel.snapshot()).unwrap();
            kernel = restored;
        }
        prop_assert_eq!(got.len(), rows.len() / n);
        for (part, got) in rows.chunks(n).zip(got) {
            assert_close(part, which, got);
        }
        let rest = rows.chunks_exact(n).remainder();
        match kernel.flush() {
            Some(got) => assert_close(rest, which, got),
            None => prop_assert!(rest.is_empty()),
        }
    }

    #[test]
    fn cumulative_totals_survive_nulls(
        rows in prop::collection::vec(value(), 0..300), cut in 1_usize..100, which in 0_usize..4,
    ) {
        let (function, combine): (_, fn(f64, f64) -> f64) = [
            (CumulativeFunction::Sum, (|a, b| a + b) as fn(f64, f64) -> f64),
            (CumulativeFunction::Prod, |a, b| a * b),
            (CumulativeFunction::Min, |a, b| a.min(b) + 0.0),
            (CumulativeFunction::Max, |a, b| a.max(b) + 0.0),
        ][which];
        let mut kernel = Cumulative::new(function);
        let mut total = [0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY][which];
        for part in rows.chunks(cut) {
            let (values, nulls) = column(part);
            let mut out = vec![0.0; part.len()];
            kernel.push(&values, nulls.as_ref(), &mut out);
            for (row, got) in part.iter().zip(out) {
                match row {
                    Some(value) => {
                        total = combine(total, *value);
                        // A product of nothing but zeros and infinities may be NaN.
                        prop_assert_eq!(bits(Some(got)), bits(Some(total)));
                    }
                    None => prop_assert!(got.is_nan()),
                }
            }
            let mut restored = Cumulative::new(function);
            restored.restore(&kernel.snapshot()).unwrap();
            kernel = restored;
        }
    }

    #[test]
    fn weighted_statistics_equal_their_definition(
        rows in prop::collection::vec(value(), 0..120), cut in 1_usize..50, alpha in 0.05..1.0,
        which in 0..WEIGHTED.len(), offset in prop::sample::select(vec![0.0, 1e9]),
    ) {
        let rows: Rows = rows.iter().map(|row| row.map(|value| value + offset)).collect();
        let function = WEIGHTED[which];
        let mut kernel = Ewm::new(Decay::Alpha(alpha), function).unwrap();
        let mut got = Vec::new();
        for part in rows.chunks(cut) {
            let (values, nulls) = column(part);
            let mut out = vec![0.0; part.len()];
            let validity = kernel.push(&values, nulls.as_ref(), &mut out);
            let valid = |index| validity.as_ref().is_none_or(|v| v.is_valid(index));
            got.extend(out.iter().enumerate().map(|(index, &x)| valid(index).then_some(x)));
            let mut restored = Ewm::new(Decay::Alpha(alpha), function).unwrap();
            restored.restore(&kernel.snapshot()).unwrap();
            kernel = restored;
        }
        for (end, &got) in got.iter().enumerate() {
            let Some(want) = weighted(&rows[..=end], alpha, function) else { continue };
            let close = match (got, want) {
                (Some(got), Some(want)) => {
                    (got - want).abs() < (1.0 + want.abs()) * if offset == 0.0 { 1e-9 } else { 1e-5 }
                }
                (got, want) => got == want,
            };
            prop_assert!(close, "{function:?} at {end}: {got:?} {want:?}");
        }
    }
}

#[test]
fn weighted_variance_far_from_zero_does_not_carry_the_rounding_of_the_mean() {
    let mut kernel = Ewm::new(
        Decay::Alpha(0.982_388_706_047_988_9),
        EwmFunction::Var { bias: false },
    )
    .unwrap();
    let rows = [
        Some(1e9),
        Some(1e9 + 280.605_430_441_475_56),
        None,
        None,
        Some(1e9),
    ];
    let (values, nulls) = column(&rows);
    let mut out = vec![0.0; rows.len()];
    kernel.push(&values, nulls.as_ref(), &mut out);
    // By exact fractions.
    assert!(
        (out[4] / 38_688.351_935_592_385 - 1.0).abs() < 1e-9,
        "{}",
        out[4]
    );
}

const WEIGHTED: [EwmFunction; 5] = [
    EwmFunction::Mean,
    EwmFunction::Var { bias: false },
    EwmFunction::Var { bias: true },
    EwmFunction::Std { bias: false },
    EwmFunction::Std { bias: true },
];

/// A weighted statistic in two passes over all rows; no answer where the weights are all but gone.
fn weighted(rows: &[Option<f64>], alpha: f64, function: EwmFunction) -> Option<Option<f64>> {
    let terms: Vec<(f64, f64)> = rows
        .iter()
        .rev()
        .enumerate()
        .filter_map(|(age, row)| row.map(|value| ((1.0 - alpha).powi(age as i32), value)))
        .collect();
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 { terms.iter().map(|&(w, x)| of(w, x)).sum() };
    let weights = sum(&|w, _| w);
    if terms.is_empty() {
        return Some(None);
    }
    // An alpha of nearly 1 leaves no weight to a row that nulls have aged.
    if weights < 1e-100 {
        return None;
    }
    let mean = sum(&|w, x| w * x) / weights;
    let (bias, root) = match function {
        EwmFunction::Mean => return Some(Some(mean)),
        EwmFunction::Var { bias } => (bias, false),
        EwmFunction::Std { bias } => (bias, true),
    };
    let mut variance = sum(&|w, x| w * (x - mean).powi(2)) / weights;
    if !bias {
        if terms.len() < 2 {
            return Some(None);
        }
        // The definition's own difference of squares has no digits left here.
        let pairs = weights * weights - sum(&|w, _| w * w);
        if pairs < 1e-5 * weights * weights {
            return None;
        }
        variance *= weights * weights / pairs;
    }
    Some(Some(if root { variance.sqrt() } else { variance }))
}

#[test]
fn weighted_variances_age_through_nulls_and_correct_for_the_sample() {
    // Weights 0.6^age, a null row ages too; worked out in fractions.
    let values = [1.0, 2.0, f64::NAN, 4.0, 8.0];
    let nulls = NullBuffer::from(vec![true, true, false, true, true]);
    let mut out = [0.0; 5];
    let mut kernel = Ewm::new(Decay::Alpha(0.4), EwmFunction::Var { bias: false }).unwrap();
    let validity = kernel.push(&values, Some(&nulls), &mut out).unwrap();
    assert_eq!(validity.null_count(), 1);
    for (got, want) in out[1..]
        .iter()
        .zip([0.5, 0.5, 2.647577092511013, 10.57307992456266])
    {
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }
    kernel.push(&[f64::INFINITY, 1.0], None, &mut out[..2]);
    assert!(out[..2].iter().all(|value| value.is_nan()));
}

#[test]
fn running_variance_survives_an_offset_and_sums_keep_small_terms() {
    let mut kernel = RunningAggregate::new(&[Var { ddof: 1 }, Sum]);
    let values: Vec<f64> = (0..30_000).map(|i| 1e9 + f64::from(i % 3)).collect();
    kernel.update(&values, None);
    let want = 2.0 / 3.0 * 30_000.0 / 29_999.0;
    assert!((kernel.value(0).unwrap() - want).abs() < 1e-9);

    let mut kernel = RunningAggregate::new(&[Sum]);
    kernel.update(&[1e16], None);
    for _ in 0..20_000 {
        kernel.update(&[1.0], None);
    }
    // The first block cannot help it; the compensated total keeps the rest.
    assert!((kernel.value(0).unwrap() - 1e16 - 20_000.0).abs() <= 1100.0);
}

#[test]
fn decay_parameters_outside_their_range_are_refused() {
    for decay in [
        Decay::Com(-1.0),
        Decay::Span(0.5),
        Decay::Halflife(0.0),
        Decay::Alpha(0.0),
        Decay::Alpha(1.5),
        Decay::Alpha(f64::NAN),
    ] {
        assert!(Ewm::new(decay, EwmFunction::Mean).is_err(), "{decay:?}");
    }
    let error = Ewm::new(Decay::Span(0.5), EwmFunction::Mean)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "Cannot create ewm: span must be a number of at least 1, got 0.5"
    );
}
