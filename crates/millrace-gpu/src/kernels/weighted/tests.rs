use crate::testing::{SIZES, assert_near, both, column, finite, gpu, in_batches, round_trip};

fn check(taps: &[f32], batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let steps = format!(r#"[{{"op": "weighted", "taps": {taps:?}}}]"#);
    let all: Vec<f32> = batches.iter().flat_map(|batch| batch[0].clone()).collect();
    let mut first = 0;
    for (wanted, got) in both(&gpu, &steps, batches.iter().map(Vec::as_slice)) {
        let (wanted, got) = (column(&wanted, 0), column(&got, 0));
        assert_near(&wanted, &got, |row| {
            let window = &all[first + row..first + row + taps.len()];
            let products = window
                .iter()
                .zip(taps)
                .map(|(a, b)| f64::from((a * b).abs()));
            products.filter(|product| product.is_finite()).sum::<f64>() * 2.0_f64.powi(-15)
        });
        first += wanted.len();
    }
}

#[test]
fn agrees_with_the_cpu_for_every_number_of_taps() {
    for taps in [1, 2, 3, 255, 256, 257, 600] {
        let taps = finite(taps, 51);
        for rows in SIZES.into_iter().filter(|&rows| rows < 10_000) {
            check(&taps, &[vec![finite(rows, 52)]]);
        }
    }
}

#[test]
fn an_infinity_is_gone_when_it_has_left() {
    let mut values = finite(3000, 53);
    values[1000] = f32::INFINITY;
    values[2000] = f32::NAN;
    check(&[0.5, -0.25, 2.0, 1.0, 3.0], &[vec![values]]);
}

#[test]
fn neither_batches_nor_pieces_matter() {
    let taps = finite(300, 54);
    check(&taps, &in_batches(&finite(5000, 55), 71));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(500);
    }
    check(&taps, &in_batches(&finite(5000, 55), 1700));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(1 << 22);
    }
}

#[test]
fn the_cpu_goes_on_from_a_snapshot_and_back() {
    let Some(gpu) = gpu() else { return };
    // Of whole numbers every sum is exact.
    let values: Vec<f32> = (0..200_u16).map(|i| f32::from(i * 37 % 101)).collect();
    round_trip(&gpu, r#"[{"op": "weighted", "taps": [1, -2, 3]}]"#, &values);
}
