use crate::testing::{assert_near, both, column, finite, gpu, in_batches, round_trip};

fn check(n: usize, batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let steps = format!(r#"[{{"op": "powerSpectrum", "n": {n}}}]"#);
    let all: Vec<f32> = batches.iter().flat_map(|batch| batch[0].clone()).collect();
    let shown = n / 2 + 1;
    let mut first = 0;
    for (wanted, got) in both(&gpu, &steps, batches.iter().map(Vec::as_slice)) {
        let (wanted, got) = (column(&wanted, 0), column(&got, 0));
        assert_near(&wanted, &got, |row| {
            let segment = (first + row) / shown * n;
            let squares = all[segment..segment + n]
                .iter()
                .map(|value| f64::from(*value).powi(2));
            squares.sum::<f64>() * n as f64 * 2.0_f64.powi(-16)
        });
        first += wanted.len();
    }
}

#[test]
fn agrees_with_the_cpu_for_every_segment() {
    for n in [2, 4, 64, 256, 1024, 8192] {
        for rows in [0, n - 1, n, n + 1, 20_000] {
            check(n, &[vec![finite(rows, 61)]]);
        }
    }
}

#[test]
fn neither_batches_nor_pieces_matter() {
    check(128, &in_batches(&finite(5000, 62), 77));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(300);
    }
    check(512, &in_batches(&finite(5000, 62), 1333));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(1 << 22);
    }
}

#[test]
fn the_cpu_goes_on_from_a_snapshot_and_back() {
    let Some(gpu) = gpu() else { return };
    // Of whole numbers and segments of four every power is exact.
    let values: Vec<f32> = (0..203_u16).map(|i| f32::from(i * 37 % 11)).collect();
    round_trip(&gpu, r#"[{"op": "powerSpectrum", "n": 4}]"#, &values);
}
