use crate::testing::{adversarial, assert_near, both, column, finite, gpu, in_batches, round_trip};

fn check(q: f64, n: usize, batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let steps = format!(r#"[{{"op": "rolling", "fn": {{"quantile": {{"q": {q}}}}}, "n": {n}}}]"#);
    let all: Vec<f32> = batches.iter().flat_map(|batch| batch[0].clone()).collect();
    let mut first = 0;
    for (wanted, got) in both(&gpu, &steps, batches.iter().map(Vec::as_slice)) {
        let (wanted, got) = (column(&wanted, 0), column(&got, 0));
        assert_near(&wanted, &got, |row| {
            let window = &all[first + row..first + row + n];
            let magnitudes = window.iter().map(|value| f64::from(value.abs()));
            magnitudes
                .filter(|value| value.is_finite())
                .fold(0.0, f64::max)
                * 2.0_f64.powi(-22)
        });
        first += wanted.len();
    }
}

#[test]
fn agrees_with_the_cpu_for_every_share_and_window() {
    for q in [0.0, 0.1, 0.5, 0.99, 1.0] {
        for n in [1, 2, 3, 32, 255, 1000] {
            for rows in [0, n - 1, n, n + 1, 3000] {
                check(q, n, &[vec![finite(rows, 41)]]);
            }
            check(q, n, &[vec![adversarial(3000, 42)]]);
        }
    }
}

#[test]
fn neither_batches_nor_pieces_matter() {
    check(0.5, 101, &in_batches(&finite(5000, 43), 333));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(400);
    }
    check(0.25, 1001, &in_batches(&adversarial(5000, 44), 2222));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(1 << 22);
    }
}

#[test]
fn between_infinities_and_equal_values() {
    let (up, down) = (f32::INFINITY, f32::NEG_INFINITY);
    let values = vec![
        up, down, 1.0, up, up, down, down, 0.0, -0.0, -0.0, 5.0, 5.0, 5.0,
    ];
    for n in [2, 4] {
        check(0.5, n, &[vec![values.clone()]]);
        check(0.3, n, &[vec![values.clone()]]);
    }
}

#[test]
fn the_cpu_goes_on_from_a_snapshot_and_back() {
    let Some(gpu) = gpu() else { return };
    let median = r#"[{"op": "rolling", "fn": {"quantile": {"q": 0.5}}, "n": 31}]"#;
    round_trip(&gpu, median, &finite(200, 45));
}
