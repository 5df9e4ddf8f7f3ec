use millrace_core::bulk::Column;

use crate::testing::{SIZES, adversarial, both, finite, gpu};

const ALL: &str =
    r#"[{"op": "reduce", "fns": ["count", "sum", "mean", "min", "max", "var", "std"]}]"#;

/// One number of each aggregate.
fn numbers(columns: &[Column<'_>]) -> Vec<f64> {
    let only = |column: &Column<'_>| match column {
        Column::F64(values) if values.len() == 1 => values[0],
        other => panic!("expected one f64, got {other:?}"),
    };
    columns.iter().map(only).collect()
}

fn check(wanted: &[f64], got: &[f64], values: &[f32]) {
    let finite = values.iter().filter(|value| value.is_finite());
    let magnitude: f64 = finite.clone().map(|value| f64::from(value.abs())).sum();
    let largest = finite
        .map(|value| f64::from(value.abs()))
        .fold(0.0, f64::max);
    let rows = (values.len() as f64).max(1.0);
    let sums = magnitude * 2.0_f64.powi(-19);
    let variance = wanted[5].abs() * 2.0_f64.powi(-18) + largest * largest * 2.0_f64.powi(-40);
    let tolerances = [0.0, sums, sums / rows, 0.0, 0.0, variance, variance.sqrt()];
    for ((a, b), tolerance) in wanted.iter().zip(got).zip(tolerances) {
        let same = a == b || (a.is_nan() && b.is_nan());
        assert!(
            same || (a - b).abs() <= tolerance,
            "wanted {wanted:?}, got {got:?}"
        );
    }
}

#[test]
fn agrees_with_the_cpu_at_every_size() {
    let Some(gpu) = gpu() else { return };
    for rows in SIZES {
        for values in [finite(rows, 1), adversarial(rows, 2)] {
            let results = both(&gpu, ALL, [&[values.clone()][..]]);
            check(&numbers(&results[0].0), &numbers(&results[0].1), &values);
        }
    }
}

#[test]
fn neither_batches_nor_pieces_matter() {
    let Some(gpu) = gpu() else { return };
    let values = finite(50_000, 3);
    let whole = both(&gpu, ALL, [&[values.clone()][..]]);
    let parts: Vec<Vec<Vec<f32>>> = values
        .chunks(7_001)
        .map(|part| vec![part.to_vec()])
        .collect();
    gpu.set_chunk(1000);
    let split = both(&gpu, ALL, parts.iter().map(Vec::as_slice));
    gpu.set_chunk(1 << 22);
    check(
        &numbers(&whole[0].0),
        &numbers(&split[split.len() - 1].1),
        &values,
    );
}

#[test]
fn large_values_do_not_overflow_and_a_large_mean_leaves_the_spread() {
    let Some(gpu) = gpu() else { return };
    let huge: Vec<f32> = (0..5000)
        .map(|i| if i % 2 == 0 { 3e38 } else { 2e38 })
        .collect();
    let far: Vec<f32> = (0..5000)
        .map(|i| 16_777_216.0 + 2.0 * (i % 3) as f32)
        .collect();
    for values in [huge, far] {
        let results = both(&gpu, ALL, [&[values.clone()][..]]);
        check(&numbers(&results[0].0), &numbers(&results[0].1), &values);
    }
}

#[test]
fn a_column_of_another_type_is_refused_and_the_chain_goes_on() {
    let Some(gpu) = gpu() else { return };
    let steps = millrace_core::bulk::steps_from_json(ALL).expect("steps");
    let mut chain = crate::DeviceChain::new(&gpu, &steps).expect("kernels");
    let error = chain.push(&[vec![1_u32].into()]).expect_err("not f32");
    assert_eq!(
        error.to_string(),
        "Cannot run reduce: its column must be f32, got u32"
    );
    let results = chain.push(&[vec![2.0_f32, 4.0].into()]).expect("goes on");
    assert_eq!(numbers(&results)[..3], [2.0, 6.0, 3.0]);
}
