//! The rolling kernels against recomputation from scratch.

use arrow_buffer::NullBuffer;
use millrace_core::aggregate::AggregateFunction::{self, *};
use millrace_core::aggregate::{Interpolation, Quantile as Share};
use millrace_core::window::{Rolling, RollingInteger, aggregate_rows};
use proptest::prelude::*;

const FUNCTIONS: [AggregateFunction; 12] = [
    Sum,
    Mean,
    Count,
    Min,
    Max,
    Var { ddof: 1 },
    Var { ddof: 0 },
    Std { ddof: 1 },
    Std { ddof: 3 },
    First,
    Last,
    Quantile(Share::MEDIAN),
];

type Rows = Vec<Option<f64>>;

/// The NaN by which the variances mark a row that is missing: where it comes from outside it is a NaN
/// like any other.
const MARK: u64 = 0x7ff8_6e75_6c6c_0001;

fn column(rows: &[Option<f64>]) -> (Vec<f64>, Option<NullBuffer>) {
    // What a null slot holds must not matter.
    let values = rows
        .iter()
        .map(|row| row.unwrap_or(f64::INFINITY))
        .collect();
    let valid: Vec<bool> = rows.iter().map(Option::is_some).collect();
    (
        values,
        valid.contains(&false).then(|| NullBuffer::from(valid)),
    )
}

fn push(rolling: &mut Rolling, rows: &[Option<f64>]) -> Rows {
    let (values, nulls) = column(rows);
    let mut out = vec![0.0; rows.len()];
    let validity = rolling.push(&values, nulls.as_ref(), &mut out);
    let valid = |index| {
        validity
            .as_ref()
            .is_none_or(|validity| validity.is_valid(index))
    };
    out.into_iter()
        .enumerate()
        .map(|(index, value)| valid(index).then_some(value))
        .collect()
}

fn run(
    function: AggregateFunction,
    n: usize,
    min: usize,
    rows: &[Option<f64>],
    cuts: &[usize],
) -> Rows {
    let mut rolling = Rolling::new(function, n, min).unwrap();
    let mut rest = rows;
    let mut out = Vec::new();
    for &cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, after) = rest.split_at(cut.min(rest.len()));
        out.extend(push(&mut rolling, part));
        rest = after;
        if cuts.iter().all(|&cut| cut == 0) {
            break;
        }
    }
    out
}

fn naive(function: AggregateFunction, n: usize, min: usize, rows: &[Option<f64>]) -> Rows {
    (0..rows.len())
        .map(|end| {
            let window = &rows[(end + 1).saturating_sub(n)..=end];
            let enough = window.iter().flatten().count() >= min;
            enough.then(|| aggregate_rows(function, window)).flatten()
        })
        .collect()
}

fn bits(rows: &Rows) -> Vec<Option<u64>> {
    rows.iter()
        .map(|row| {
            row.map(|value| {
                if value.is_nan() {
                    u64::MAX
                } else {
                    value.to_bits()
                }
            })
        })
        .collect()
}

/// How far a result may be from the oracle's: a part of the largest magnitude in its window.
fn assert_close(
    function: AggregateFunction,
    n: usize,
    rows: &[Option<f64>],
    got: &Rows,
    want: &Rows,
) {
    assert_eq!(got.len(), want.len());
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        let window = &rows[(index + 1).saturating_sub(n)..=index];
        let size = window.iter().flatten().fold(0.0_f64, |a, b| a.max(b.abs()));
        let context = || format!("{function:?} n={n} row {index}: got {got:?}, want {want:?}");
        match (*got, *want) {
            (None, None) => {}
            (Some(got), Some(want)) if want.is_nan() => assert!(got.is_nan(), "{}", context()),
            (Some(got), Some(want)) => {
                let tolerance = match function {
                    Sum => 1e-13 * size * window.len() as f64,
                    Mean => 1e-13 * size,
                    Var { .. } | Std { .. } => 1e-10 * want.abs(),
                    _ => 0.0,
                };
                let same = got.to_bits() == want.to_bits();
                assert!(same || (got - want).abs() <= tolerance, "{}", context());
            }
            _ => panic!("{}", context()),
        }
    }
}

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        12 => (-1e3..1e3).prop_map(Some),
        6 => (-50_i32..50).prop_map(|x| Some(f64::from(x))),
        2 => Just(None),
        1 => Just(Some(0.0)),
        1 => Just(Some(-0.0)),
    ]
}

fn special() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        20 => value(),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(f64::from_bits(MARK))),
        1 => Just(Some(f64::INFINITY)),
        1 => Just(Some(f64::NEG_INFINITY)),
    ]
}

fn interpolations() -> impl Strategy<Value = Interpolation> {
    prop_oneof![
        Just(Interpolation::Linear),
        Just(Interpolation::Lower),
        Just(Interpolation::Higher),
        Just(Interpolation::Nearest),
        Just(Interpolation::Midpoint),
    ]
}

/// Few rows, or more than the kernels handle at once.
fn special_rows() -> impl Strategy<Value = Rows> {
    prop_oneof![
        3 => prop::collection::vec(special(), 0..700),
        1 => prop::collection::vec(special(), 2000..2600),
    ]
}

fn windows() -> impl Strategy<Value = usize> {
    prop_oneof![1_usize..40, Just(64), Just(100), Just(257), Just(1000)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn equals_recomputation_and_no_split_shows(
        rows in special_rows(),
        n in windows(),
        min in 0_usize..5,
        cuts in prop::collection::vec(prop_oneof![Just(1_usize), Just(0), 1_usize..40, 100_usize..600, Just(2050)], 1..6),
        which in 0..FUNCTIONS.len(),
    ) {
        let function = FUNCTIONS[which];
        let min = min.min(n);
        let whole = run(function, n, min, &rows, &[rows.len().max(1)]);
        assert_close(function, n, &rows, &whole, &naive(function, n, min, &rows));
        let cuts = if cuts.iter().all(|&cut| cut == 0) { vec![1] } else { cuts };
        prop_assert!(bits(&whole) == bits(&run(function, n, min, &rows, &cuts)), "{function:?}");
    }

    #[test]
    fn quantiles_are_those_of_sorted_rows(
        rows in prop::collection::vec(special(), 0..1500),
        n in windows(),
        min in 0_usize..5,
        cuts in prop::collection::vec(prop_oneof![1_usize..10, 1_usize..300, 300_usize..1200], 1..6),
        q in prop_oneof![Just(0.0), Just(0.25), Just(0.5), Just(1.0), 0.0..=1.0],
        interpolation in interpolations(),
    ) {
        let function = Quantile(Share::new(q, interpolation).unwrap());
        let min = min.min(n);
        let got = bits(&run(function, n, min, &rows, &cuts));
        prop_assert!(got == bits(&naive(function, n, min, &rows)), "{function:?}");
    }

    #[test]
    fn quantiles_of_rows_alike_in_their_leading_bits(
        rows in prop::collection::vec((0_u32..40).prop_map(|x| Some(1e9 + f64::from(x) * 1e-7)), 2000..5000),
        spike in prop_oneof![Just(1e9), Just(0.0), Just(f64::NEG_INFINITY), Just(-1e300)],
        n in prop_oneof![Just(7_usize), Just(1000), Just(1001)],
        cuts in prop::collection::vec(prop_oneof![1_usize..300, 300_usize..4000], 1..4),
    ) {
        let mut rows = rows;
        rows[1500] = Some(spike);
        let function = Quantile(Share::MEDIAN);
        let got = bits(&run(function, n, 1, &rows, &cuts));
        prop_assert!(got == bits(&naive(function, n, 1, &rows)));
    }

    #[test]
    fn no_split_shows_without_nulls(
        rows in prop::collection::vec((-1e3..1e3).prop_map(Some), 0..4000),
        n in prop_oneof![1_usize..100, 500_usize..1100],
        cuts in prop::collection::vec(1_usize..2400, 1..6),
        which in 0..FUNCTIONS.len(),
    ) {
        let function = FUNCTIONS[which];
        let whole = run(function, n, 1, &rows, &[rows.len().max(1)]);
        prop_assert!(bits(&whole) == bits(&run(function, n, 1, &rows, &cuts)), "{function:?}");
    }

    #[test]
    fn a_restored_window_continues_with_the_same_bits(
        rows in special_rows(),
        n in windows(),
        at in 0.0..1.0,
        which in 0..FUNCTIONS.len(),
    ) {
        let function = FUNCTIONS[which];
        let at = (rows.len() as f64 * at) as usize;
        let mut original = Rolling::new(function, n, 1).unwrap();
        push(&mut original, &rows[..at]);
        let bytes = original.snapshot();
        let mut restored = Rolling::new(function, n, 1).unwrap();
        restored.restore(&bytes).unwrap();
        prop_assert_eq!(&bytes, &restored.snapshot());
        let (a, b) = (push(&mut original, &rows[at..]), push(&mut restored, &rows[at..]));
        prop_assert_eq!(bits(&a), bits(&b));
        prop_assert!(restored.restore(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn integers_are_exact(
        rows in prop::collection::vec(prop::option::weighted(0.9, -1_000_000_i64..1_000_000), 0..300),
        n in 1_usize..50,
        cut in 1_usize..60,
        which in 0_usize..6,
    ) {
        let function = [Sum, Count, Min, Max, First, Last][which];
        let mut rolling = RollingInteger::new(function, n, 1).unwrap();
        let mut got = Vec::new();
        for part in rows.chunks(cut) {
            let values: Vec<i64> = part.iter().map(|row| row.unwrap_or(77)).collect();
            let nulls = NullBuffer::from(part.iter().map(Option::is_some).collect::<Vec<_>>());
            let mut out = vec![0; part.len()];
            let validity = rolling.push(&values, Some(&nulls), &mut out).unwrap();
            let valid = |index| validity.as_ref().is_none_or(|validity| validity.is_valid(index));
            got.extend(out.iter().enumerate().map(|(index, &x)| valid(index).then_some(x as f64)));
            let mut restored = RollingInteger::new(function, n, 1).unwrap();
            restored.restore(&rolling.snapshot()).unwrap();
            rolling = restored;
        }
        let floats: Rows = rows.iter().map(|row| row.map(|x| x as f64)).collect();
        prop_assert_eq!(bits(&got), bits(&naive(function, n, 1, &floats)));
    }
}

/// Rows that break sums of squares: far from zero, jumping between levels, constant, spiked.
fn hard_rows() -> Vec<(&'static str, Rows)> {
    let wave = |index: usize| f64::from((index * 7919 % 1000) as u32) / 1000.0;
    let rows = |f: &dyn Fn(usize) -> f64| (0..5000).map(|index| Some(f(index))).collect::<Rows>();
    vec![
        ("offset", rows(&|i| 1e9 + (i % 3) as f64)),
        ("offset noise", rows(&|i| 1e9 + wave(i))),
        (
            "levels",
            rows(&|i| {
                if i / 1300 % 2 == 0 {
                    wave(i)
                } else {
                    1e9 + wave(i)
                }
            }),
        ),
        (
            "single shift",
            rows(&|i| if i < 1111 { 0.0 } else { 1e9 + wave(i) }),
        ),
        ("constant", rows(&|_| 0.1)),
        ("steps", rows(&|i| 0.1 * (i / 700) as f64)),
        (
            "spikes",
            rows(&|i| if i % 997 == 0 { 1e12 } else { wave(i) }),
        ),
        (
            "huge and small",
            rows(&|i| if i == 100 { 1e16 } else { 1.0 }),
        ),
        ("ramp", rows(&|i| i as f64)),
    ]
}

#[test]
fn variance_survives_offsets_level_shifts_and_spikes() {
    for (name, rows) in hard_rows() {
        for n in [2, 5, 15, 16, 17, 50, 1000, 1001, 1003] {
            for function in [Std { ddof: 1 }, Var { ddof: 0 }, Sum, Mean] {
                let want = naive(function, n, 1, &rows);
                let got = run(function, n, 1, &rows, &[rows.len()]);
                assert_close(function, n, &rows, &got, &want);
                for cuts in [vec![1], vec![8192], vec![333, 1, 512]] {
                    let same = bits(&got) == bits(&run(function, n, 1, &rows, &cuts));
                    assert!(same, "{name} {n} {function:?} cut {cuts:?}");
                }
            }
        }
    }
}

#[test]
fn the_deviation_of_small_steps_on_a_billion_is_exact() {
    let rows: Rows = (0..3000).map(|i| Some(1e9 + f64::from(i % 3))).collect();
    let got = run(Var { ddof: 1 }, 3, 3, &rows, &[8192]);
    assert!(got[2..].iter().all(|&value| value == Some(1.0)));
}

#[test]
fn an_infinity_and_a_nan_leave_with_their_rows() {
    for function in [
        Sum,
        Mean,
        Min,
        Max,
        Var { ddof: 1 },
        Std { ddof: 1 },
        Quantile(Share::MEDIAN),
    ] {
        for n in [5, 16, 100, 1000] {
            for poison in [
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
                f64::from_bits(MARK),
            ] {
                let clean: Rows = (0..4000).map(|i| Some(f64::from(i * 31 % 17))).collect();
                let mut poisoned = clean.clone();
                poisoned[700] = Some(poison);
                let (want, got) = (
                    run(function, n, n, &clean, &[512]),
                    run(function, n, n, &poisoned, &[512]),
                );
                // Whole numbers: sums are exact, so a different shift shows in no bit of them.
                assert!(
                    bits(&want)[..700] == bits(&got)[..700],
                    "{function:?} {n} {poison}"
                );
                let (want, got) = (want[700 + n..].to_vec(), got[700 + n..].to_vec());
                assert_close(function, n, &clean[700 + n..], &got, &want);
            }
        }
    }
}

#[test]
fn a_window_longer_than_the_stream_expands() {
    let rows: Rows = (0..100).map(|i| Some(f64::from(i))).collect();
    for function in FUNCTIONS {
        let got = run(function, 1_000_000, 1, &rows, &[7]);
        assert_close(
            function,
            1_000_000,
            &rows,
            &got,
            &naive(function, 1_000_000, 1, &rows),
        );
    }
}

#[test]
fn windows_of_no_rows_are_refused() {
    let error = Rolling::new(Sum, 0, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot create rolling: n must be a positive integer, got 0"
    );
    let error = Rolling::new(Sum, 5, 6).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot create rolling: minPeriods must be at most n = 5, got 6"
    );
}
